"""From the scores of the trees to what the operator puts out, number for number as onnxruntime does it.

Row by row with the scalar functions of the C library: vectorised ones treat the end of an array differently
on some processors, and the answer for a row must not depend on how many rows come with it.
"""

from __future__ import annotations

import math
from typing import Any

from engine.inference.compiled import compiled

# Of `ensemble.Transform`.
_SOFTMAX, _LOGISTIC, _SOFTMAX_ZERO, _PROBIT = 1, 2, 3, 4
_TINY = 1e-7  # what SOFTMAX_ZERO takes for zero


@compiled
def _logistic(value: float) -> float:
    below = 1.0 / (1.0 + math.exp(-abs(value)))
    return 1.0 - below if value < 0 else below


@compiled
def _probit(value: float) -> float:
    """The inverse of the normal distribution by Winitzki's approximation, as onnxruntime has it."""
    x = 2.0 * value - 1.0
    sign = -1.0 if x < 0 else 1.0
    logarithm = math.log((1.0 - x) * (1.0 + x))
    v = 2.0 / (3.14159 * 0.147) + 0.5 * logarithm
    return 1.41421356 * sign * math.sqrt(-v + math.sqrt(v * v - logarithm / 0.147))


@compiled
def _softmax(row: Any, keep_zeros: bool) -> None:
    greatest = row[0]
    for value in row:
        greatest = max(greatest, value)
    total = 0.0
    for at in range(len(row)):
        value = row[at]
        if keep_zeros and abs(value) <= _TINY:
            row[at] = value * math.exp(-greatest)
        else:
            row[at] = math.exp(value - greatest)
        total += row[at]
    for at in range(len(row)):
        row[at] /= total


@compiled
def _transform(row: Any, transform: int) -> None:
    if transform == _SOFTMAX:
        _softmax(row, False)
    elif transform == _SOFTMAX_ZERO:
        _softmax(row, True)
    elif transform == _LOGISTIC:
        for at in range(len(row)):
            row[at] = _logistic(row[at])
    elif transform == _PROBIT:
        for at in range(len(row)):
            row[at] = _probit(row[at])


@compiled
def finish_amounts(scores: Any, answers: Any, base: Any, transform: int, parts: float) -> None:
    """Scores `[K, N]` over `parts`, plus base values, transformed, into `[N, K]`.

    With one target onnxruntime honours PROBIT alone.
    """
    targets = scores.shape[0]
    for row in range(scores.shape[1]):
        for target in range(targets):
            amount = scores[target, row] / parts
            answers[row, target] = amount + base[target] if len(base) else amount
        if targets > 1 or transform == _PROBIT:
            _transform(answers[row], transform)


@compiled
def finish_classes(scores: Any, answers: Any, winners: Any, base: Any, scored: Any, transform: int) -> None:
    """Scores `[K, N]` of three classes or more into probabilities `[N, K]` and the place of the greatest.

    `scored` says which classes a tree has weights for: others win only by a base value.
    """
    for row in range(scores.shape[1]):
        winner, greatest = -1, scores[0, row]
        for target in range(scores.shape[0]):
            score = scores[target, row]
            if len(base):
                score = score + base[target] if scored[target] else base[target]
            if (scored[target] or len(base)) and (winner < 0 or score > greatest):
                winner, greatest = target, score
            answers[row, target] = score
        winners[row] = winner
        _transform(answers[row], transform)


@compiled
def finish_two_classes(scores: Any, answers: Any, winners: Any, base: Any, rule: Any, transform: int) -> None:
    """Scores `[2, N]` into probabilities `[N, 2]`.

    `rule` says whether the first class has weights, and the second; whether all weights are for one of them,
    the other being its opposite; and whether no weight is below 0, the scores being probabilities. What has
    no weights is 0, whatever its base value.
    """
    first_scored, second_scored, single, positive = rule
    bases = len(base)
    alone = bases < 2 and not second_scored
    for row in range(scores.shape[1]):
        first, second = scores[0, row], scores[1, row]
        if bases == 2 and second_scored:
            second = base[1] + first
            first = -second
        elif bases > 0:
            first = first + base[0]
        weight = second if second_scored else first
        winners[row] = 1 if weight > (0.5 if single and positive else 0.0) else 0
        answers[row, 0] = first if first_scored else 0.0
        answers[row, 1] = second if second_scored else 0.0
        if not alone:
            _transform(answers[row], transform)
        elif transform == _PROBIT:
            answers[row, 0], answers[row, 1] = _probit(first), 0.0
        elif transform == _LOGISTIC:
            answers[row, 0], answers[row, 1] = _logistic(-first), _logistic(first)
        elif single and positive:
            answers[row, 0], answers[row, 1] = 1.0 - first, first
        else:
            answers[row, 0], answers[row, 1] = -first, first
