"""How rounds are shared out among trials: the rungs at which a trial is judged, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import OptionError
from engine.ml.tuning.policies import Policy

# Rungs of a trial lie further up the slower it learns and the cheaper its rounds are: by these powers of its
# learning rate and of its depth (a tree costs about its levels). Judged at equal rounds, deep trees and fast
# learners look best whatever they come to. Halving was replayed over 13 to 21 recorded curves on each of
# eleven data sets, 60 draws of 12 each: with the powers 0.4 and 0 the best trial was lost by 0.0028 AUC on
# average, at 26 % of the time of all in full; with 0.6 and 1 by 0.0020 at 23 %.
_PACE = 0.6
_DEPTH_PACE = 1.0
# The learning rate and the depth at which rungs are where the ladder says.
_USUAL_RATE = 0.1
_USUAL_DEPTH = 6

Rule = Literal["race", "cohort", "policy"]


@dataclass(frozen=True, slots=True)
class Bracket:
    """Trials that are judged against each other.

    Attributes:
        ladder: Boosting rounds at which a trial is judged, ascending; the last is all it may have.
        share: Trials of it among those of one turn through all brackets.
        rule: `race` promotes the best of a rung as soon as there are enough to choose from, `cohort` waits
            for the whole rung, `policy` asks a policy whether the trial may go on.
        paced: Whether the rungs below the last follow the trial's learning rate and depth.
    """

    ladder: tuple[int, ...]
    share: int
    rule: Rule
    paced: bool = False

    def ladder_of(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        """The rungs of a trial with these parameters: further up for a slow learner and for shallow trees."""
        rate = float(params.get("eta", params.get("learning_rate", _USUAL_RATE)))
        depth = int(params.get("max_depth", _USUAL_DEPTH))
        if not self.paced or rate <= 0 or depth <= 0:
            return self.ladder
        top = self.ladder[-1]
        stretch = (_USUAL_RATE / rate) ** _PACE * (_USUAL_DEPTH / depth) ** _DEPTH_PACE
        rungs: list[int] = []
        for place, rounds in enumerate(self.ladder[:-1]):
            least = rungs[-1] + 1 if rungs else 1
            most = top - (len(self.ladder) - 1 - place)
            rungs.append(max(least, min(most, round(rounds * stretch))))
        return (*rungs, top)


@dataclass(frozen=True, slots=True)
class Asha:
    """Asynchronous successive halving: of each rung the best one in `reduction` goes on, without waiting.

    Attributes:
        reduction: One trial in so many is promoted, to so many times the rounds.
        min_rounds: Rounds of the first rung at least. By default max_rounds / 40, at least 5, and rungs
            below the last lie further up for a trial that learns slowly or grows shallow trees (see
            `Bracket.ladder_of`).
    """

    reduction: int = 3
    min_rounds: int | None = None

    def __post_init__(self) -> None:
        _check(self.reduction, self.min_rounds)

    def brackets(self, max_rounds: int, trials: int | None) -> tuple[Bracket, ...]:
        """One race for all trials."""
        rungs = ladder(max_rounds, self.reduction, self.min_rounds)
        return (Bracket(rungs, trials or 1, "race", self.min_rounds is None),)


@dataclass(frozen=True, slots=True)
class Halving:
    """Synchronous successive halving: a rung is promoted from when all of it is done.

    Which trials go on does not depend on how fast workers are, so the same seed gives the same study on any
    number of them.

    Attributes:
        reduction: One trial in so many is promoted, to so many times the rounds.
        min_rounds: As of `Asha`.
    """

    reduction: int = 3
    min_rounds: int | None = None

    def __post_init__(self) -> None:
        _check(self.reduction, self.min_rounds)

    def brackets(self, max_rounds: int, trials: int | None) -> tuple[Bracket, ...]:
        """One cohort of all trials; without a number of them, one after the other that fills the ladder."""
        rungs = ladder(max_rounds, self.reduction, self.min_rounds)
        share = trials or self.reduction ** (len(rungs) - 1)
        return (Bracket(rungs, share, "cohort", self.min_rounds is None),)


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Successive halving from several first rungs, so that slow starters have a chance too.

    Attributes:
        reduction: As of `Asha`.
        min_rounds: As of `Asha`, for the bracket that starts lowest.
        synchronous: Whether rungs wait for all of their trials.
    """

    reduction: int = 3
    min_rounds: int | None = None
    synchronous: bool = False

    def __post_init__(self) -> None:
        _check(self.reduction, self.min_rounds)

    def brackets(self, max_rounds: int, trials: int | None) -> tuple[Bracket, ...]:
        """One bracket for each rung to start from, with Hyperband's own shares of the trials."""
        rungs = ladder(max_rounds, self.reduction, self.min_rounds)
        levels = len(rungs)
        shares = [-(-levels * self.reduction**s // (s + 1)) for s in range(levels - 1, -1, -1)]
        if trials is not None:
            shares = _scaled(shares, trials)
        rule: Rule = "cohort" if self.synchronous else "race"
        paced = self.min_rounds is None
        made = [Bracket(rungs[first:], share, rule, paced) for first, share in enumerate(shares)]
        return tuple(bracket for bracket in made if bracket.share)


@dataclass(frozen=True, slots=True)
class Full:
    """Every trial has all of its rounds, unless a policy ends it.

    Attributes:
        policy: Who ends trials early; None for nobody.
    """

    policy: Policy | None = None

    def brackets(self, max_rounds: int, trials: int | None) -> tuple[Bracket, ...]:
        """One bracket, whose rungs are where a fit reports so that the policy can be asked."""
        return (Bracket((*self._stops(max_rounds), max_rounds), trials or 1, "policy"),)

    def _stops(self, max_rounds: int) -> tuple[int, ...]:
        """Some of the points at which the policy is asked: it answers for those in between at the next."""
        if self.policy is None:
            return ()
        least, stops = -(-max_rounds // _MOST_STOPS), [0]
        for rounds in self.policy.rungs(max_rounds):
            if rounds - stops[-1] >= least:
                stops.append(rounds)
        return tuple(stops[1:])


# A stop costs a task and an entry of the journal, some 20 ms; the rounds from the policy's point to the next
# stop are trained in vain where it ends the trial.
_MOST_STOPS = 25

Schedule = Asha | Halving | Hyperband | Full


def schedule_of(given: Schedule | Policy | str) -> Schedule:
    """The schedule of a name, of a policy, or itself.

    Raises:
        OptionError: It is none.
    """
    if isinstance(given, Asha | Halving | Hyperband | Full):
        return given
    if isinstance(given, Policy):
        return Full(given)
    if isinstance(given, str) and given in _NAMED:
        return _NAMED[given]
    raise OptionError(
        f"schedule={given!r} is no schedule.",
        f"Use {', '.join(map(repr, _NAMED))}, Asha(...), Halving(...), Hyperband(...), or an "
        "early-termination policy: Bandit(...), Median(...), Truncation(...).",
    )


def ladder(max_rounds: int, reduction: int, min_rounds: int | None) -> tuple[int, ...]:
    """Rungs from the top down by the reduction, none of fewer rounds than the least."""
    least = min(max_rounds, max(5, max_rounds // 40) if min_rounds is None else min_rounds)
    rungs = [max_rounds]
    while rungs[-1] // reduction >= max(1, least):
        rungs.append(rungs[-1] // reduction)
    return tuple(reversed(rungs))


def _scaled(shares: list[int], trials: int) -> list[int]:
    """Whole shares in the same proportions that sum to `trials`; largest remainders first."""
    total = sum(shares)
    whole = [share * trials // total for share in shares]
    order = sorted(range(len(shares)), key=lambda i: (-(shares[i] * trials % total), i))
    for index in order[: trials - sum(whole)]:
        whole[index] += 1
    return whole


def _check(reduction: int, min_rounds: int | None) -> None:
    if reduction < 2:
        raise OptionError(f"reduction={reduction} promotes all.", "reduction must be at least 2.")
    if min_rounds is not None and min_rounds < 1:
        raise OptionError(f"min_rounds={min_rounds} makes no sense.", "min_rounds must be at least 1.")


_NAMED: dict[str, Schedule] = {
    "asha": Asha(),
    "halving": Halving(),
    "hyperband": Hyperband(),
    "full": Full(),
}
