"""The verbs of a workspace's pool that train: training sets, studies, and single fits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.progress import show
from engine.recorded import recorded
from pools import Pool
from pools.options import options_of, spelt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

    from engine.events import EventLog
    from engine.lake import Readable
    from engine.ml.metric import CustomMetric
    from engine.ml.model import Model
    from engine.ml.retrain import Retrained
    from engine.ml.search import Surroundings
    from engine.ml.split import Split
    from engine.ml.study import Study
    from engine.ml.trained import TrainedModel
    from engine.ml.training_set import TrainingSet
    from engine.ml.tuning.policies import Policy
    from engine.ml.tuning.schedules import Schedule
    from engine.progress import Bar
    from engine.workspace import Workspace


class TrainingVerbs(Pool):
    """What a workspace's pool can train.

    Attributes:
        workspace: Whose data and models the verbs work on.
        progress: Show bars while long work runs.
    """

    workspace: Workspace
    progress: bool

    @property
    def events(self) -> EventLog:
        """The log of the workspace."""
        return self.workspace.events

    @spelt(OptionError)
    def training_set(  # noqa: PLR0913 - keywords of the user's
        self,
        source: Readable | str,
        *,
        target: str,
        features: Any = None,
        objective: str | None = None,
        metric: str | CustomMetric | None = None,
        valid: float = 0.16,
        test: float = 0.2,
        seed: int = 0,
        split: Split | None = None,
        weight: str | None = None,
        group: str | None = None,
        categorical: Sequence[str] = (),
    ) -> TrainingSet:
        """Fit the features and prepare the matrix that trees train on, block by block, on the workers' disks.

        Args:
            source: A table or a dataset, or the name of one (`dbo.trips`, `dbo.trips@3`, `raw/trips`).
            target: The label column.
            features: A scikit-learn transformer, fitted here; None chooses by column types.
            objective: XGBoost's objective; None decides by the label's values.
            metric: XGBoost's metric that searches follow, or an `engine.ml.metric.CustomMetric`; None takes
                the objective's own.
            valid: Share of the rows that early stopping and searches look at.
            test: Share of the rows that only the final figures look at.
            seed: Another seed, another split.
            split: Another way to split than at random (stratified, by group, time or column, into parts);
                it takes the place of `valid`, `test` and `seed`.
            weight: Column of the rows' weights.
            group: Column of what rows are ranked within, for `rank:ndcg`, `rank:map` and `rank:pairwise`.
            categorical: Columns that XGBoost shall split by sets of categories: columns of the source where
                features are chosen here, else features that hold codes (of an OrdinalEncoder). Missing
                values stay missing.

        Raises:
            NotFoundError, DataError, UnsupportedError: See `engine.ml.training_set.build`.
        """
        from engine.lake import open_source
        from engine.ml.split import Split
        from engine.ml.training_set import Columns, build

        return build(
            self,
            open_source(self.workspace.storage, source),
            Columns(target, weight, group, tuple(categorical)),
            features=features,
            objective=objective,
            metric=metric,
            split=split or Split(valid=valid, test=test, seed=seed),
        )

    @recorded("tune", "tune {name}", also=options_of(training_set))
    def tune(  # noqa: PLR0913 - keywords of the user's
        self,
        source: Readable | TrainingSet | str,
        *,
        space: Mapping[str, BaseDistribution],
        trials: int | None = 20,
        seconds: float | None = None,
        core_seconds: float | None = None,
        max_rounds: int = 200,
        patience: int | None = 30,
        schedule: Schedule | Policy | str = "asha",
        params: Mapping[str, Any] | None = None,
        sampler: BaseSampler | str = "tpe",
        first: Sequence[Mapping[str, Any]] | None = None,
        seed: int = 0,
        name: str = "study",
        **data: Any,
    ) -> Study:
        """Search the space with one-thread fits side by side on every core of the workers.

        Each trial is a child run in MLflow. The study is journaled in the workspace: `resume_study` goes on
        after a crash of anything.

        Args:
            source: A table, a dataset, the name of one, or a training set that was made before.
            space: XGBoost parameter to Optuna distribution; `max_bin` is searched in an outer loop.
            trials: How many; None for as many as time allows.
            seconds: Wall time that the search may take. What cannot finish in it is not started.
            core_seconds: CPU time that all fits may take together.
            max_rounds: Boosting rounds of one trial at most.
            patience: Rounds without improvement on the validation rows before a trial has converged.
            schedule: Who gets how many rounds: `asha`, `halving`, `hyperband` or `full`, a schedule of
                `engine.ml.tuning.schedules`, or a policy (`Bandit`, `Median`, `Truncation`) of `...policies`.
            params: Fixed XGBoost parameters; `monotone_constraints` by feature name.
            sampler: `tpe`, `random`, `grid`, or an Optuna sampler.
            first: Parameters to try before the sampler is asked; None for known good starts, () for none.
            seed: Seeds split, sampler and boosters.
            name: The study's name.
            **data: `target=`, `features=`, ... of `training_set`, where `source` is none yet.

        Raises:
            OptionError: A parameter or option that makes no sense.
            UnsupportedError: A worker cannot hold the matrix, which all trials on it share; said before a row
                is read where the files' footers tell the size.
            NotFoundError, DataError, UnsupportedError: As `training_set`.
        """
        from engine.ml.search import begin
        from engine.ml.tuning.archive import Asked
        from engine.ml.tuning.plan import SearchPlan
        from engine.ml.tuning.state import Limits

        plan = SearchPlan(
            space=space,
            limits=Limits(trials, seconds, core_seconds),
            max_rounds=max_rounds,
            patience=patience,
            params=params or {},
            seed=seed,
            sampler=sampler,
            schedule=schedule,
            first=first,
        )
        self._check_size(source, data)
        made = self._training_set(source, {"seed": seed, **data})
        with show(f"tune {made.label.column}", trials or math.nan, visible=self.progress) as bar:
            return begin(Asked(name, plan, made), self._surroundings(bar, made.label.metric)).run()

    @recorded("tune", "resume {name}", also=("trials", "seconds", "core_seconds"))
    def resume_study(self, name: str, **limits: Any) -> Study:
        """Go on with a study that a crash or a limit has ended, from its journal in the workspace.

        No rung that is done is trained again, and no promotion is lost.

        Args:
            name: What identifies it (`study.name`), or the name that it was given: the newest of these.
            **limits: `trials=`, `seconds=` and `core_seconds=` to change.

        Raises:
            NotFoundError: There is no such study.
            OptionError: Another process is at it.
        """
        from engine.ml.search import take_up

        with show(f"resume {name}", math.nan, visible=self.progress) as bar:
            return take_up(name, self._surroundings(bar, "score")).run(limits)

    @recorded("train", "retrain {model}")
    def retrain(self, model: Model | str) -> Retrained:
        """Make a registered model again, from the very data, split, features and settings of its lineage.

        Args:
            model: A registered version, or a name (its alias `champion`, else the newest).

        Returns:
            The model, whether it is the registered one bit for bit, and what has changed since.

        Raises:
            ModelError: The version does not tell how it was made.
            UnsupportedError: It went on from another model, or has a metric of the user's own.
            NotFoundError: Its data are gone.
        """
        from engine.ml.retrain import recipe_of, retrain
        from engine.ml.split import Split

        models = self.workspace.models
        found = models.current(model) if isinstance(model, str) else model
        lineage = models.lineage(found)
        made, pinned = recipe_of(found, lineage), lineage["source"]
        open_source = self.workspace.table if pinned["kind"] == "table" else self.workspace.dataset
        data = self.training_set(
            open_source(pinned["name"], version=pinned["version"]),
            features=models.features(found),
            objective=lineage["label"]["objective"],
            metric=lineage["label"]["metric"],
            split=Split(**lineage["split"]),
            **lineage["columns"],
        )
        with show(f"retrain {found.name}", 1, visible=self.progress) as bar:
            again = retrain(self, data, lineage, made)
            bar.advance()
        return again

    def _surroundings(self, bar: Bar, metric: str) -> Surroundings:
        from functools import partial

        from engine.ml.search import Surroundings
        from engine.ml.training import best_model
        from engine.ml.tuning.archive import Archive

        home = self.workspace.home
        return Surroundings(
            pool=self,
            archive=None if "://" in home else Archive(Path(home) / "studies"),
            tracking=self.workspace.models.tracking,
            emit=self.events.bind(pool=self.name),
            on_trial=lambda score: bar.advance(note=f"{metric} {score:.5f}"),
            finish=partial(best_model, self),
            resume=self.resume_study,
        )

    @recorded("train", "train {name}", also=options_of(training_set))
    def train(
        self,
        source: Readable | TrainingSet | str,
        *,
        params: Mapping[str, Any] | None = None,
        rounds: int = 100,
        patience: int | None = None,
        model: TrainedModel | None = None,
        workers: str | None = None,
        seed: int = 0,
        name: str = "train",
        **data: Any,
    ) -> TrainedModel:
        """Train one model: on every row outside the test fold, or with `patience` until it gets no better.

        Where one worker can hold the matrix it trains, on all cores of the pool on its machine; else all
        workers train together. `model.where` says which, and why. A worker that dies costs the rounds since
        the last checkpoint.

        Args:
            source: A table, a dataset, the name of one, or a training set that was made before.
            params: XGBoost parameters; `monotone_constraints` by feature name.
            rounds: Boosting rounds, those of `model` among them.
            patience: Rounds without improvement on the validation rows before it stops; the best round is
                kept, and the validation rows do not train.
            model: A model to go on from, with its parameters where `params` does not say otherwise.
            workers: `one` or `all`, in place of the choice by size.
            seed: Seeds split and booster.
            name: The run's name in MLflow.
            **data: `target=`, `features=`, ... of `training_set`, where `source` is none yet.

        Raises:
            OptionError: A parameter or option that makes no sense.
            TaskLostError: Workers died in every attempt.
            NotFoundError, DataError, UnsupportedError: As `training_set`.
        """
        from engine.ml.training import TrainPlan, run_training

        plan = TrainPlan(params or {}, rounds, patience, seed, workers, model)
        if model is not None:
            data = {"features": model.features, "objective": model.label.objective, **data}
        made = self._training_set(source, {"seed": seed, **data})
        with show(f"train {made.label.column}", 1, visible=self.progress) as bar:
            trained = run_training(
                self,
                made,
                plan,
                tracking=self.workspace.models.tracking,
                emit=self.events.bind(pool=self.name),
                name=name,
            )
            bar.advance()
        return trained

    def _check_size(self, source: Readable | TrainingSet | str, data: Mapping[str, Any]) -> None:
        """Refuse a search on what no worker can hold, by the footers of its files."""
        from engine.lake import open_source
        from engine.ml.sizes import check_source
        from engine.ml.training_set import Columns, TrainingSet

        if not isinstance(source, TrainingSet) and "target" in data:
            columns = Columns(data["target"], data.get("weight"), data.get("group"))
            found = open_source(self.workspace.storage, source)
            check_source(self, found, data.get("features"), columns)

    def _training_set(self, source: Readable | TrainingSet | str, data: Mapping[str, Any]) -> TrainingSet:
        from engine.ml.training_set import TrainingSet

        if not isinstance(source, TrainingSet):
            if "target" not in data:
                raise OptionError("No label was named.", "Give target='COLUMN'.")
            return self.training_set(source, **data)
        given = sorted(set(data) - {"seed", "features", "objective"})
        if given:
            raise OptionError(
                f"{', '.join(given)} cannot change in a training set that is made.",
                "Make another training set.",
            )
        return source
