"""The study as a pure machine: `(state, event) -> (state, actions)`.

The same events give the same decisions, whatever the clock says and wherever they are replayed; that is why a
journal of events is all that a crash leaves to restore.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from engine.ml.tuning.limits import Allowance, allowance, cost_of
from engine.ml.tuning.outlook import outlook
from engine.ml.tuning.policies import Policy, Seen
from engine.ml.tuning.schedules import Bracket, Full, Schedule
from engine.ml.tuning.state import (
    Action,
    Ask,
    Event,
    Finish,
    Opened,
    Proposed,
    Reported,
    Run,
    StudyState,
    TrialState,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions follow from, beside the state.

    Attributes:
        schedule: How rounds are shared out.
        max_rounds: Rounds of a trial at most.
        maximise: Whether more of the metric is better.
        phases: Values of the outer loop; each has its share of the trials, one after the other.
        starts: How many trials of a phase are known good starts, see `_is_spared`.
    """

    schedule: Schedule
    max_rounds: int
    maximise: bool
    phases: int = 1
    starts: int = 0

    @property
    def policy(self) -> Policy | None:
        return self.schedule.policy if isinstance(self.schedule, Full) else None

    def trials_of(self, state: StudyState, phase: int) -> int | None:
        """How many trials a phase has; None for no limit."""
        total = state.limits.trials
        return None if total is None else total // self.phases + (phase < total % self.phases)

    def brackets(self, state: StudyState, phase: int) -> tuple[Bracket, ...]:
        return _brackets(self.schedule, self.max_rounds, self.trials_of(state, phase))

    def bracket(self, state: StudyState, place: int) -> tuple[int, Bracket]:
        """Number and bracket of the trial that is the `place`-th of the present phase."""
        brackets = self.brackets(state, state.phase)
        if len(brackets) == 1 and brackets[0].rule != "cohort":
            return 0, brackets[0]
        turn, rest = divmod(place, sum(bracket.share for bracket in brackets))
        ends = tuple(accumulate(bracket.share for bracket in brackets))
        index = bisect_right(ends, rest)
        bracket = brackets[index]
        # Cohorts of a later turn are judged among themselves; a race goes on through all turns.
        return index + (turn * len(brackets) if bracket.rule == "cohort" else 0), bracket

    def bracket_of(self, state: StudyState, trial: TrialState) -> Bracket:
        """The bracket that a trial is in."""
        brackets = self.brackets(state, trial.phase)
        return brackets[trial.bracket % len(brackets)]


@lru_cache(maxsize=64)
def _brackets(schedule: Schedule, max_rounds: int, trials: int | None) -> tuple[Bracket, ...]:
    return schedule.brackets(max_rounds, trials)


def step(rules: Rules, state: StudyState, event: Event) -> tuple[StudyState, list[Action]]:
    """Take an event in, and say what is to be done now."""
    actions: list[Action] = []
    if isinstance(event, Opened):
        state = replace(
            state,
            slots=event.slots,
            limits=event.limits,
            elapsed=max(state.elapsed, event.elapsed),
            asked=False,
            finished="",
        )
        state = _uncut(state)
        actions = [_run(state, trial) for trial in state.running]
    elif isinstance(event, Proposed):
        state = _proposed(rules, replace(state, asked=False), event)
        actions = [_run(state, state.trials[-1])]
    else:
        state = _reported(rules, state, event)
    return _fill(rules, state, actions)


def _uncut(state: StudyState) -> StudyState:
    """Trials that a limit had cut may go on, if the limits now allow it: they wait like paused ones."""
    for trial in state.trials:
        if trial.status == "cut":
            state = state.put(replace(trial, status="ready"))
    return state


def _proposed(rules: Rules, state: StudyState, event: Proposed) -> StudyState:
    place = sum(trial.phase == state.phase for trial in state.trials)
    index, bracket = rules.bracket(state, place)
    rungs = bracket.ladder_of(event.params)
    return state.put(
        TrialState(
            number=len(state.trials),
            params=event.params,
            phase=state.phase,
            bracket=index,
            ladder=rungs,
            target=rungs[0],
        )
    )


def _reported(rules: Rules, state: StudyState, event: Reported) -> StudyState:
    trial = state.trials[event.number]
    trial = replace(
        trial,
        curve=trial.curve + event.curve,
        core_seconds=trial.core_seconds + event.core_seconds,
        converged=event.converged,
        checkpoint=event.checkpoint,
    )
    state = replace(
        state,
        elapsed=max(state.elapsed, event.elapsed),
        core_seconds=state.core_seconds + event.core_seconds + event.setup,
    )
    if event.cut:
        return state.put(replace(trial, status="cut"))
    return state.put(_at_rung(rules, state, trial))


def _at_rung(rules: Rules, state: StudyState, trial: TrialState) -> TrialState:
    """A trial that has reached its next rung, by training or because more training would not help."""
    expected = outlook(trial.curve, trial.ladder[-1], converged=trial.converged, maximise=rules.maximise)
    trial = replace(
        trial,
        scores=(*trial.scores, trial.best(rules.maximise)[0]),
        outlooks=(*trial.outlooks, expected),
    )
    if trial.at_top:
        return replace(trial, status="complete")
    if rules.bracket_of(state, trial).rule != "policy":
        return replace(trial, status="paused")
    if trial.converged:
        return replace(trial, status="complete")
    return replace(trial, status="stopped" if _policy_ends(rules, state, trial) else "ready")


def _policy_ends(rules: Rules, state: StudyState, trial: TrialState) -> bool:
    """Whether the policy ends a trial at one of the points since it was last asked."""
    policy = rules.policy
    if policy is None:
        return False
    others = [other for other in state.trials if other.number != trial.number]
    last = trial.ladder[trial.rung - 2] if trial.rung > 1 else 0
    for reports in policy.rungs(rules.max_rounds):
        if last < reports <= trial.rounds:
            peers = [
                Seen(other.curve, other.status == "complete")
                for other in others
                if other.rounds >= reports or other.status == "complete"
            ]
            if policy.ends(trial.curve, peers, reports, maximise=rules.maximise):
                return True
    return False


def _fill(rules: Rules, state: StudyState, actions: list[Action]) -> tuple[StudyState, list[Action]]:
    """Give every free slot something to do."""
    while not state.asked and not state.finished:
        left = allowance(state)
        if len(state.running) >= state.slots:
            break
        state, chosen = _choose(rules, state, left)
        if isinstance(chosen, Ask):
            return replace(state, asked=True), [*actions, chosen]
        if chosen is None:
            if state.running:
                break
            if state.phase + 1 < rules.phases and left.covers(None):
                state = replace(state, phase=state.phase + 1)
                continue
            reason = _reason(rules, state)
            return replace(state, finished=reason), [*actions, Finish(reason)]
        actions = [*actions, chosen]
    return state, actions


def _choose(rules: Rules, state: StudyState, left: Allowance) -> tuple[StudyState, Run | Ask | None]:
    """The next thing to do: go on, promote the highest, or try something new."""
    for trial in (trial for trial in state.trials if trial.status == "ready"):
        target = trial.ladder[trial.rung]
        if left.covers(cost_of(state, trial, target)):
            return _started(state, trial, target)
    state = _promote_converged(rules, state)
    for trial in _promotable(rules, state, _groups(state)):
        target = trial.ladder[trial.rung]
        if left.covers(cost_of(state, trial, target)):
            return _started(state, trial, target)
    if _may_propose(rules, state, left):
        return state, Ask()
    return state, None


def _started(state: StudyState, trial: TrialState, target: int) -> tuple[StudyState, Run]:
    run = _run(state, replace(trial, target=target))
    return state.put(replace(trial, status="running", target=target)), run


def _run(state: StudyState, trial: TrialState) -> Run:
    left = allowance(state)
    cores = left.core_seconds
    if cores is not None and trial in state.running:  # its own share is among what is reserved
        cores += cost_of(state, trial, trial.target) or 0.0
    return Run(trial.number, trial.target, left.seconds, cores)


def _may_propose(rules: Rules, state: StudyState, left: Allowance) -> bool:
    mine = [trial for trial in state.trials if trial.phase == state.phase]
    most = rules.trials_of(state, state.phase)
    if most is not None and len(mine) >= most:
        return False
    index, bracket = rules.bracket(state, len(mine))
    if bracket.rule == "cohort" and any(
        t.bracket < index and (t.status in ("running", "ready") or _waits(rules, state, t)) for t in mine
    ):
        return False  # a cohort is asked for when the one before it is done
    return left.covers(cost_of(state, None, bracket.ladder[0]))


def _waits(rules: Rules, state: StudyState, trial: TrialState) -> bool:
    group = [t for t in state.trials if (t.phase, t.bracket) == (trial.phase, trial.bracket)]
    return any(True for _ in _promotable(rules, state, [group]))


def _groups(state: StudyState) -> list[list[TrialState]]:
    """The trials of the present phase by bracket."""
    groups: dict[int, list[TrialState]] = {}
    for trial in state.trials:
        if trial.phase == state.phase:
            groups.setdefault(trial.bracket, []).append(trial)
    return [groups[index] for index in sorted(groups)]


def _promotable(
    rules: Rules, state: StudyState, groups: Sequence[Sequence[TrialState]]
) -> Iterator[TrialState]:
    """Trials that may go on to their next rung, those on the highest rung first, the best of them first."""
    found = [trial for group in groups if group for trial in _promotable_of(rules, state, group)]
    yield from sorted(found, key=lambda trial: (len(trial.ladder) - trial.rung, trial.number))


def _promotable_of(rules: Rules, state: StudyState, group: Sequence[TrialState]) -> list[TrialState]:
    bracket = rules.bracket_of(state, group[0])
    if bracket.rule == "policy":
        return []
    found: list[TrialState] = []
    complete = _is_whole(group, bracket)
    for rung in range(len(bracket.ladder) - 1):
        reached = ranked([t for t in group if t.rung > rung], rung, maximise=rules.maximise)
        if bracket.rule == "cohort":
            complete = complete and all(t.rung > rung for t in _entitled(rules, group, rung))
            if not complete:
                break
        quota = len(reached) // _reduction(rules)
        if bracket.rule == "race" and rung:
            # Rounded up: the best of the first few goes straight on to the top, so that a study has a whole
            # model early, not only after reduction ** rungs trials.
            quota = -(-len(reached) // _reduction(rules))
        if bracket.rule == "cohort" or _is_drained(rules, state, group, found):
            quota = max(quota, min(1, len(reached)))
        chosen = reached[:quota]
        if bracket.rule == "race":
            chosen += [t for t in reached[quota:] if _is_spared(rules, state, t)]
        found += [t for t in chosen if t.rung == rung + 1 and t.status == "paused"]
    return found


# Three of unlike depth, and not one for each worker, so that a study does not depend on how many there are.
# With two, rows that want trees of depth 7 (160,000 x 28, labels of a small neural network) were learned as
# well as a plain loop learns them after 66 core-seconds, with three after 26, with all four after 22.
_WHOLE = 3


def _is_spared(rules: Rules, state: StudyState, trial: TrialState) -> bool:
    """Whether a trial of a race goes on whatever the others have come to.

    The first starts go to the top, so that a study has whole models early; all starts go on from the first
    rung, where good configurations of unlike depth and rate cannot be told apart.
    """
    place = trial.number - next(other.number for other in state.trials if other.phase == trial.phase)
    return place < rules.starts and (place < _WHOLE or trial.rung == 1)


def _is_whole(group: Sequence[TrialState], bracket: Bracket) -> bool:
    """Whether all trials of a cohort have been proposed."""
    return bracket.rule != "cohort" or len(group) >= bracket.share


def _entitled(rules: Rules, group: Sequence[TrialState], rung: int) -> Sequence[TrialState]:
    """The trials that a cohort waits for at a rung: all at the first, then those promoted from the last."""
    if rung == 0:
        return group
    below = ranked([t for t in group if t.rung >= rung], rung - 1, maximise=rules.maximise)
    return below[: max(1, len(below) // _reduction(rules))]


def _is_drained(
    rules: Rules, state: StudyState, group: Sequence[TrialState], found: Sequence[TrialState]
) -> bool:
    """Whether a race has nothing else to do: then the best of each rung goes on, be there ever so few."""
    most = rules.trials_of(state, state.phase)
    mine = sum(trial.phase == state.phase for trial in state.trials)
    over = most is not None and mine >= most
    return over and not found and not any(trial.status == "running" for trial in group)


def ranked(trials: Sequence[TrialState], rung: int, *, maximise: bool) -> list[TrialState]:
    """Trials by their outlook at a rung, best first; the earlier first where it is equal, NaN last."""

    def key(trial: TrialState) -> tuple[bool, float, int]:
        score = trial.outlooks[rung]
        unknown = math.isnan(score)
        return unknown, 0.0 if unknown else (-score if maximise else score), trial.number

    return sorted(trials, key=key)


def _promote_converged(rules: Rules, state: StudyState) -> StudyState:
    """What has stopped getting better takes its promotions without training."""
    while True:
        idle = [t for t in _promotable(rules, state, _groups(state)) if t.converged]
        if not idle:
            return state
        state = state.put(_at_rung(rules, state, idle[0]))


def _reduction(rules: Rules) -> int:
    return int(getattr(rules.schedule, "reduction", 1))


def _reason(rules: Rules, state: StudyState) -> str:
    """Why a study is over."""
    left = allowance(state)
    most = state.limits.trials
    waiting = any(t.status in ("ready", "cut") for t in state.trials)
    if (
        (most is not None and len(state.trials) >= most)
        and not waiting
        and not any(_promotable(rules, state, _groups(state)))
    ):
        return "trials"
    if left.core_seconds is not None and (left.seconds is None or left.core_seconds < left.seconds):
        return "core_seconds"
    return "seconds"
