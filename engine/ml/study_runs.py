"""A study in MLflow: a run, and a child run for every trial, each written once even if the study resumes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.ml.split import FOLD_NAMES

if TYPE_CHECKING:
    from engine.ml.study import Trial
    from engine.ml.tracking import Tracking
    from engine.ml.training_set import TrainingSet
    from engine.ml.tuning.journal import Journal
    from engine.ml.tuning.plan import SearchPlan


@dataclass(slots=True)
class StudyRuns:
    """Writes one study's runs.

    Attributes:
        tracking: The store.
        journal: Remembers which trials have a run.
        metric: Name of the study's metric.
        run_id: The study's own run.
        logged: Trials that have a run.
    """

    tracking: Tracking
    journal: Journal
    metric: str
    run_id: str = ""
    logged: set[int] = field(default_factory=set)

    def open(self, name: str, tags: Mapping[str, str]) -> AbstractContextManager[str]:
        """The study's run: a new one, or the one it had."""
        if self.run_id:
            return self.tracking.resumed(self.run_id)
        return self.tracking.run(name, tags=tags)

    def log_trial(self, trial: Trial) -> None:
        """A child run for a trial that will not go on, once."""
        if trial.number in self.logged:
            return
        tags = {"tarn.kind": "trial", "tarn.status": trial.status}
        with self.tracking.run(f"trial {trial.number}", tags=tags, parent=self.run_id) as child:
            self.tracking.log(
                child,
                params=trial.params,
                metrics={"rounds": trial.rounds, "seconds": trial.seconds},
                curve=(self.metric, trial.curve),
            )
        self.logged.add(trial.number)
        self.journal.append("logged", number=trial.number, run_id=child)


def study_params(data: TrainingSet, plan: SearchPlan) -> dict[str, Any]:
    """What a study's run says of itself."""
    return {
        "objective": data.label.objective,
        "metric": data.label.metric,
        "trials": plan.limits.trials,
        "max_rounds": plan.max_rounds,
        "patience": plan.patience,
        "schedule": plan.schedule,
        "sampler": plan.sampler if isinstance(plan.sampler, str) else type(plan.sampler).__name__,
        "search_seed": plan.seed,
        **{f"space.{name}": str(distribution) for name, distribution in plan.space.items()},
        **{f"fixed.{name}": value for name, value in plan.params.items()},
        **data_params(data),
    }


def data_params(data: TrainingSet) -> dict[str, Any]:
    """What a run says of its training set."""
    return {
        "target": data.label.column,
        "features": len(data.names),
        **{f"rows.{name}": data.count(fold) for fold, name in enumerate(FOLD_NAMES)},
    }


def tags_of(data: TrainingSet, kind: str) -> dict[str, str]:
    """What a run is found by."""
    return {
        "tarn.kind": kind,
        "tarn.source": data.lineage.source,
        "tarn.source_version": str(data.lineage.version),
    }
