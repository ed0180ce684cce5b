"""The parity gate: no model leaves unless its graph answers as XGBoost does, where it is hardest to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
import xgboost as xgb
from numpy.typing import NDArray

from engine.errors import DataError, ModelError
from engine.ml.export.classes import ClassValue, label_values
from engine.ml.export.compare import Comparison
from engine.ml.export.graph import read_facts
from engine.ml.export.heads import output_names
from engine.ml.export.objectives import Link
from engine.ml.export.probes import matrix_probes
from engine.ml.export.raw_probes import raw_probes
from engine.ml.export.reference import native_answers, native_margins
from engine.ml.export.report import ITSELF, ParityReport, ProbeResult
from engine.ml.export.sessions import Rows, Session, cut_at_matrix
from engine.ml.export.trees import AnyBooster, TreeEnsemble, parse_booster, unwrap_booster

_BATCHES = (1, 7, 4096)
_CALLS = 256  # per batch size
_WHOLE = 4096 + 7  # rows of the whole batch: more than the largest size, and no multiple of any


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """The model under examination beside what it is measured by."""

    model: bytes
    whole: Session
    prep: Session
    booster: xgb.Booster
    ensemble: TreeEnsemble
    comparison: Comparison

    def matrix(self, fed: Rows) -> NDArray[np.float32]:
        return next(iter(self.prep.run(fed).values()))


def check_parity(
    model: bytes,
    prep: bytes,
    booster: AnyBooster,
    rows: Mapping[str, NDArray[Any]],
    *,
    classes: Sequence[ClassValue] | None = None,
    tolerance: float = 1e-5,
) -> ParityReport:
    """Compare a model with XGBoost on real rows and on rows made to tell them apart.

    - `sample`: the rows given, through the whole graph; XGBoost predicts on what `prep` makes of them.
    - `raw missing`, `raw unseen`: raw rows with columns missing, with strings never seen, with extreme
      numbers; rows that `prep` itself refuses are left out, and the probe says so.
    - `thresholds`, `missing`, `extremes`, `categories`: rows of the matrix, through the trees of the graph
      alone, that reach every split on its threshold and on both neighbouring floats, see
      `engine.ml.export.probes`.
    - `batches of 1`, `7`, `4096`, and `2 threads`: the whole graph against itself on the whole batch and one
      thread. With one thread onnxruntime adds trees up in one order, so that batches give the same bits
      (measured); with two it adds partial sums, which may cost what `_rounding` says.

    Probabilities may differ by `tolerance`, other numbers by `tolerance * max(1, |number|)`, labels not at
    all but on ties: where the two best classes are within the tolerance, either is right.

    Args:
        model: What `build_graph` made, serialised.
        prep: The preparation it was made from, serialised.
        booster: The booster it was made from.
        rows: Raw columns [N] or [N, 1], N > 0; columns the graph does not read are left out.
        classes: What the labels must be, see `build_graph`.
        tolerance: Largest difference allowed.

    Raises:
        ModelError: onnxruntime does not load the model or fails on rows that `prep` accepts, or the outputs
            are those of another task.
        FormatError: `build_graph` did not make the model.
        SignatureError: The rows lack a column or hold another type, or `prep` makes another width than the
            booster splits on.
        DataError: No rows.
    """
    native = unwrap_booster(booster)
    ensemble = parse_booster(native)
    labels = label_values(ensemble, classes)
    candidate = _Candidate(
        model,
        Session(model),
        Session(prep),
        native,
        ensemble,
        Comparison(ensemble.objective, labels, tolerance),
    )
    _check_outputs(candidate)
    fed = candidate.whole.feeds(rows)
    if not fed or not len(next(iter(fed.values()))):
        raise DataError("The parity gate got no rows.", "Give some rows of the training data.")
    return ParityReport(tolerance, tuple(_run_probes(candidate, fed)))


def _check_outputs(candidate: _Candidate) -> None:
    task, found = candidate.ensemble.objective.task, candidate.whole.outputs
    if found != list(output_names(task)):
        raise ModelError(
            f"The model answers with {found}, a {task} model with {list(output_names(task))}.",
            "Compare it with the booster that it was built from.",
        )


def _run_probes(candidate: _Candidate, fed: Rows) -> Iterator[ProbeResult]:
    yield _probe_raw(candidate, "sample", fed)
    for name, varied in raw_probes(fed):
        accepted, note = _accepted_rows(candidate.prep, varied)
        yield replace(_probe_raw(candidate, name, accepted), note=note)
    yield from _probe_trees(candidate, candidate.matrix(fed))
    yield from _probe_batches(candidate, fed)


def _probe_raw(candidate: _Candidate, name: str, fed: Rows) -> ProbeResult:
    expected = native_answers(candidate.booster, candidate.ensemble, candidate.matrix(fed))
    return candidate.comparison.probe(name, candidate.whole.run(fed), expected, rows=fed)


def _accepted_rows(prep: Session, rows: Rows) -> tuple[Rows, str]:
    """The rows that the preparation does not refuse, and what it says of the others."""
    try:
        prep.run(rows)
    except ModelError:
        refusals = {}
        count = len(next(iter(rows.values())))
        for row in range(count):
            try:
                prep.run(_slice(rows, row, row + 1))
            except ModelError as refusal:
                refusals[row] = refusal.message
        kept = [row for row in range(count) if row not in refusals]
        note = f"The preparation refuses {len(refusals)} of {count} rows: {next(iter(refusals.values()), '')}"
        return {name: column[kept] for name, column in rows.items()}, note
    return rows, ""


def _probe_trees(candidate: _Candidate, background: NDArray[np.float32]) -> Iterator[ProbeResult]:
    matrix = read_facts(onnx.load_from_string(candidate.model))["matrix"]
    trees = Session(cut_at_matrix(candidate.model, matrix))
    for probe in matrix_probes(candidate.ensemble, background):
        expected = native_answers(candidate.booster, candidate.ensemble, probe.rows)
        columns = {f"f{index}": column for index, column in enumerate(probe.rows.T)}
        outputs = trees.run({matrix: probe.rows})
        yield candidate.comparison.probe(probe.name, outputs, expected, rows=columns)


def _probe_batches(candidate: _Candidate, fed: Rows) -> Iterator[ProbeResult]:
    batch = {name: np.resize(column, (_WHOLE, 1)) for name, column in fed.items()}
    whole = candidate.whole.run(batch)
    comparison = replace(candidate.comparison, against=ITSELF)
    for size in _BATCHES:
        rows = min(_WHOLE, size * _CALLS)
        parts = [candidate.whole.run(_slice(batch, at, min(at + size, rows))) for at in range(0, rows, size)]
        outputs = {name: np.concatenate([part[name] for part in parts]) for name in whole}
        expected = candidate.comparison.answers(_slice(whole, 0, rows))
        yield comparison.probe(f"batches of {size}", outputs, expected, rows=batch)
    threaded = Session(candidate.model, threads=2).run(batch)
    unit, rounding = _rounding(candidate, candidate.matrix(batch))
    comparison = replace(comparison, allowed=comparison.allowed + rounding, unit=unit)
    yield comparison.probe("2 threads", threaded, comparison.answers(whole), rows=batch)


def _rounding(candidate: _Candidate, matrix: NDArray[np.float32]) -> tuple[float, float]:
    """What adding the same leaves in another order may cost: the unit it is measured in, and how much of it.

    Every addition of two float32 numbers is half a unit in the last place off at most, which is 2^-24 of the
    largest margin. A number is its margin; a number behind an exponential moves, relative to itself, by as
    much as its margin does, and a probability by less. Measured with two threads, reg:gamma at margins of 10:
    7e-6 with 300 trees, 4e-5 with 2,000, where this allows 2e-4 and 1e-3.
    """
    ensemble = candidate.ensemble
    margins = native_margins(candidate.booster, ensemble, matrix)
    sums = np.abs(np.concatenate([margins.ravel(), ensemble.base_margin]))
    largest = float(sums[np.isfinite(sums)].max(initial=1))
    additions = ensemble.trees / ensemble.targets * 2.0**-24
    is_number = ensemble.objective.link is Link.IDENTITY
    return (largest, additions) if is_number else (1.0, additions * largest)


def _slice(columns: Rows, start: int, stop: int) -> dict[str, NDArray[Any]]:
    return {name: column[start:stop] for name, column in columns.items()}
