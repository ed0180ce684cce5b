"""A study on a pool: begun, or taken up again from its journal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.errors import DataError, OptionError
from engine.events import StudyFinished, StudyStarted, tracked
from engine.ml.constraints import placed
from engine.ml.dry_run import try_params
from engine.ml.sizes import check_search
from engine.ml.study import Study, Trial, best_of
from engine.ml.study_runs import StudyRuns, study_params, tags_of
from engine.ml.tuning.fit import FitTrial, unpacked
from engine.ml.tuning.fits import PoolFits
from engine.ml.tuning.journal import FileJournal, Journal, MemoryJournal
from engine.ml.tuning.limits import overrun
from engine.ml.tuning.runner import Runner, Watch, replay
from engine.ml.tuning.state import Action, Event, Limits, Reported, StudyState, TrialState
from engine.ml.tuning.watch import Recorder
from pools.worker import usable_cores

if TYPE_CHECKING:
    from engine.events import Emit
    from engine.ml.tracking import Tracking
    from engine.ml.trained import TrainedModel
    from engine.ml.tuning.archive import Archive, Asked
    from pools import Pool

_NO_DISK = "The workspace is no folder: a study is gone with its process and cannot be resumed."
# A trial in one of these has had all it will get, whatever comes; others are logged when the study ends.
_OVER = ("complete", "stopped")


@dataclass(frozen=True)
class Surroundings:
    """What a study meets.

    Attributes:
        pool: Where fits run.
        archive: Where its journal is kept; None where there is no disk for it.
        tracking: Where its runs are logged.
        emit: Takes the records.
        on_trial: Called with the score of every trial when it has its first.
        finish: Makes the best model: of what was asked, the winner, its boosters and the study's run.
        resume: Goes on with a study by name, with other limits.
    """

    pool: Pool
    archive: Archive | None
    tracking: Tracking
    emit: Emit
    on_trial: Callable[[float], None]
    finish: Callable[[Asked, Trial, Mapping[str, Any], Sequence[bytes], str], TrainedModel]
    resume: Callable[..., Study]


@dataclass(slots=True)
class Search:
    """One study, in this process.

    Attributes:
        study: Identifies it.
        asked: What it was asked to do.
        journal: Where it is remembered.
        around: What it meets.
        entries: Of the journal, when it was opened.
    """

    study: str
    asked: Asked
    journal: Journal
    around: Surroundings
    entries: Sequence[Mapping[str, Any]] = ()
    _runs: StudyRuns = field(init=False)

    def __post_init__(self) -> None:
        self._runs = StudyRuns(
            self.around.tracking,
            self.journal,
            self.asked.data.label.metric,
            next((entry["run_id"] for entry in self.entries if entry["kind"] == "study"), ""),
            {entry["number"] for entry in self.entries if entry["kind"] == "logged"},
        )

    @property
    def _maximise(self) -> bool:
        return self.asked.data.label.maximise

    def run(self, limits: Mapping[str, Any] | None = None) -> Study:
        """Work until it is done or comes to a limit.

        Args:
            limits: Those to change of what it had.

        Raises:
            OptionError: XGBoost refuses a trial's parameters, or a limit makes no sense.
            UnsupportedError: The pool's workers cannot hold the matrix.
        TaskLostError: Workers died too often under one fit; the study can be resumed.
        """
        began, plan, data = time.perf_counter(), self.asked.plan, self.asked.data
        with ExitStack() as stack:
            if isinstance(self.journal, FileJournal):
                stack.callback(self.journal.close)
            runner = self._runner()
            used = runner.state.limits if runner.state.trials else plan.bounded()
            used = replace(used, **(limits or {}))
            run_id = stack.enter_context(self._runs.open(self.asked.name, tags_of(data, "study")))
            self._announce(run_id, used)
            state = self._work(runner, used, resume=bool(limits))
            trials = tuple(self._trial(trial) for trial in state.trials)
            for trial in trials:
                self._runs.log_trial(trial)
            winner = best_of(trials, maximise=self._maximise)
            study = self._study(state, trials, winner.model(), time.perf_counter() - began)
            self._conclude(study, winner)
        return study

    def _work(self, runner: Runner, limits: Limits, *, resume: bool) -> StudyState:
        if runner.state.finished and not resume:
            # killed after its last report, it may have left a booster that the one of that report replaces
            self.journal.sweep({trial.checkpoint for trial in runner.state.trials})
            return runner.state
        pool = self.around.pool
        check_search(pool, self.asked.data, self.asked.plan)
        record = Recorder(self.study, self.around.emit, self._maximise)
        with pool.hold(), PoolFits(pool, self._fit(), record.failed) as fits:
            runner.fits = fits
            return runner.run(_slots(pool), limits)

    def _fit(self) -> FitTrial:
        data = self.asked.data
        return FitTrial(data.blocks, self._maximise, self.asked.plan.patience, data.label.custom)

    def _runner(self) -> Runner:
        plan = self.asked.plan
        rules = plan.rules(maximise=self._maximise)
        proposer = plan.proposer(maximise=self._maximise)
        state = replay(self.entries, rules, proposer)
        return Runner(self.study, rules, proposer, self._params, self.journal, self._watch(), state)

    def _watch(self) -> Watch:
        record = Recorder(self.study, self.around.emit, self._maximise)

        def watch(before: StudyState, event: Event, after: StudyState, actions: Sequence[Action]) -> None:
            record(before, event, after, actions)
            if isinstance(event, Reported):
                trial = after.trials[event.number]
                self._check_defined(after)
                if not before.trials[event.number].rung:
                    self.around.on_trial(trial.best(self._maximise)[0])
                if trial.status in _OVER:
                    self._runs.log_trial(self._trial(trial))

        return watch

    def _check_defined(self, state: StudyState) -> None:
        """Areas are undefined on rows of one class, for every trial alike: the first says so for all."""
        label, scores = self.asked.data.label, [value for trial in state.trials for value in trial.curve[:1]]
        undefined = bool(scores) and all(map(math.isnan, scores))  # a trial that was cut early has none
        if label.custom is None and label.metric.startswith("auc") and undefined:
            raise DataError(
                f"Metric '{label.metric}' is undefined on the validation rows: "
                f"'{label.column}' has one class only there.",
                "Use Split(stratify=True), more rows, a larger valid= share, or another metric=.",
                column=label.column,
            )

    def _params(self, number: int, phase: int, proposed: Mapping[str, Any]) -> dict[str, Any]:
        return all_params(self.asked, number, phase, proposed)

    def _trial(self, trial: TrialState) -> Trial:
        score, rounds = trial.best(self._maximise)
        outer = self.asked.plan.outer
        params = {**({"max_bin": outer[trial.phase]} if outer else {}), **trial.params}
        status = "cut" if trial.status in ("ready", "running") else trial.status
        made = Trial(trial.number, params, score, rounds, trial.core_seconds, trial.curve, status, trial.rung)
        return replace(made, _model=partial(self._model, trial, made))

    def _model(self, state: TrialState, trial: Trial) -> TrainedModel:
        """The model of a trial, from its boosters in the journal."""
        try:
            models = unpacked(self.journal.booster(state.checkpoint))
        except (LookupError, OSError):  # no rung was trained; or a later one's booster took its place
            raise OptionError(
                f"The booster of trial {trial.number} of study {self.study} is not there.",
                "Take a trial that has trained, of the study as it was resumed last.",
            ) from None
        params = self._params(trial.number, state.phase, trial.params)
        return self.around.finish(self.asked, trial, params, models, self._runs.run_id)

    def _announce(self, run_id: str, limits: Limits) -> None:
        """Say that it begins: once to MLflow and the journal, each time to the event log."""
        plan, data = self.asked.plan, self.asked.data
        if not self._runs.run_id:
            self._runs.run_id = run_id
            self.around.tracking.log(run_id, params=study_params(data, plan))
            self.journal.append("study", study=self.study, run_id=run_id, data=data.key)
        link = self.around.tracking.link(run_id)
        tracked(link)
        rungs = plan.rules(maximise=self._maximise).brackets(StudyState(limits), 0)[0].ladder
        self.around.emit(
            StudyStarted(
                study=self.study,
                name=self.asked.name,
                target=data.label.column,
                metric=data.label.metric,
                maximize=self._maximise,
                trials=limits.trials or 0,
                max_rounds=plan.max_rounds,
                space={name: str(found) for name, found in plan.space.items()},
                rungs=rungs,
                settings={"schedule": str(plan.schedule), "seed": plan.seed, **asdict(limits)},
                rows=int(data.rows.sum()),
                features=len(data.names),
                tracking=link,
                resumed=bool(self.entries),
            )
        )

    def _study(
        self, state: StudyState, trials: tuple[Trial, ...], best: TrainedModel, seconds: float
    ) -> Study:
        return Study(
            name=self.study,
            trials=trials,
            best=best,
            data=self.asked.data,
            metric=self.asked.data.label.metric,
            seconds=seconds,
            core_seconds=state.core_seconds,
            finished=state.finished,
            overrun=overrun(state),
            notes=self._notes(),
            run_id=self._runs.run_id,
            _resume=self._resume,
        )

    def _notes(self) -> tuple[str, ...]:
        no_disk = () if self.around.archive else (_NO_DISK,)
        return (*self.asked.plan.notes, *no_disk, *_idle(self.around.pool))

    def _conclude(self, study: Study, winner: Trial) -> None:
        self.around.tracking.log(
            study.run_id,
            metrics={
                f"best_{study.metric}": winner.score,
                **study.best.evaluation.metrics,
                "seconds": study.seconds,
                "core_seconds": study.core_seconds,
                **{f"over.{name}": amount for name, amount in study.overrun.items()},
            },
        )
        reason = "" if study.finished == "trials" else study.finished
        self.around.emit(
            StudyFinished(self.study, len(study.trials), winner.number, winner.score, study.seconds, reason)
        )

    def _resume(self, **limits: Any) -> Study:
        return self.around.resume(self.study, **limits)


def _slots(pool: Pool) -> int:
    """Trials at a time."""
    return max(1, pool.width * pool.spec.threads)


def _idle(pool: Pool) -> tuple[str, ...]:
    """A note on cores of this machine that a pool of workers on it leaves idle: a trial takes one thread."""
    slots, cores = _slots(pool), usable_cores()
    if pool.spec.address is not None or slots >= cores:
        return ()
    return (f"{slots} of {cores} cores searched: a trial takes one; nodes= or threads= of the pool use more",)


def begin(asked: Asked, around: Surroundings) -> Search:
    """A new study; nothing is written before its parameters are known to be possible.

    Raises:
        OptionError: XGBoost refuses the fixed parameters or the metric, or the study cannot be kept.
        UnsupportedError: The pool's workers cannot hold the matrix.
    """
    check_search(around.pool, asked.data, asked.plan)
    sample = asked.plan.proposer(maximise=asked.data.label.maximise).propose(StudyState()).params
    try_params(all_params(asked, 0, 0, sample), asked.data)
    if around.archive is None:
        return Search(asked.name, asked, MemoryJournal(), around)
    study, journal = around.archive.create(asked)
    return Search(study, asked, journal, around)


def take_up(name: str, around: Surroundings) -> Search:
    """A study that was begun before, by what identifies it or the newest of its name.

    Raises:
        NotFoundError: There is none.
        OptionError: Another process is at it, or the workspace keeps no studies.
    """
    if around.archive is None:
        raise OptionError(_NO_DISK, "Use a folder as the workspace's home.")
    study, asked, journal, entries = around.archive.open(name)
    return Search(study, asked, journal, around, entries)


def all_params(asked: Asked, number: int, phase: int, proposed: Mapping[str, Any]) -> dict[str, Any]:
    """All XGBoost parameters of a trial but for threads."""
    data = asked.data
    params = {**data.label.params, **asked.plan.params_of(number, phase, proposed)}
    return placed(params, data.names, data.blocks.categorical)
