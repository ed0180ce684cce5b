"""A pool of a workspace: the verbs that turn files into tables, tables into models, models into scores."""

from __future__ import annotations

import math
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from engine.errors import OptionError
from engine.progress import show
from engine.recorded import recorded
from pools import Pool, PoolSpec
from pools.policy import Dedicated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import dask.dataframe as dd
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

    from engine.events import EventLog
    from engine.events.of_pools import PoolRecorder
    from engine.lake import Readable, Table
    from engine.ml.model import Model
    from engine.ml.scoring import Scored
    from engine.ml.split import Split
    from engine.ml.study import Study
    from engine.ml.trained import TrainedModel
    from engine.ml.training_set import TrainingSet
    from engine.ml.verify import Comparison
    from engine.session import Result, Session
    from engine.session.parameters import Parameters
    from engine.workspace import Workspace

# Below this a second node costs more in moves than it saves.
_BYTES_PER_NODE = 256 << 20


class WorkspacePool(Pool):
    """A `pools.Pool` that knows its workspace.

    Args:
        workspace: Whose data and models the verbs work on.
        spec: Size, kind and place of the pool.
        progress: Show bars while long work runs.
    """

    def __init__(self, workspace: Workspace, spec: PoolSpec, *, progress: bool = True) -> None:
        super().__init__(spec, observer=_recorder(workspace, spec))
        self.workspace = workspace
        self.progress = progress
        self._current = ExitStack()
        self._session: Session | None = None
        self._session_lock = threading.Lock()

    def __enter__(self) -> Self:
        super().__enter__()
        # Within `with`, Dask's own verbs (`frame.compute()`) run on this pool.
        self._current.enter_context(self.client.as_current())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._current.close()
        super().__exit__(kind, error, trace)

    def close(self) -> None:
        """As `pools.Pool.close`; a transaction that `sql` left open is rolled back."""
        with self._session_lock:
            if self._session is not None:
                self._session.close()
                self._session = None
        super().close()

    @property
    def events(self) -> EventLog:
        """The log of the workspace."""
        return self.workspace.events

    def sql(self, text: str, parameters: Parameters = ()) -> Result:
        """Run T-SQL: one statement, or a script whose batches are parted by GO.

        Temporary tables live as long as the pool object, variables as long as their batch. Calls from several
        threads run one after the other.

        Args:
            text: T-SQL over the workspace's tables, views and files.
            parameters: Values of the `?` in it, in order, or of `@name` variables by name.

        Returns:
            Result sets, which stay on the workers until asked for, messages, and the last row count.

        Raises:
            SqlSyntaxError: The text is not T-SQL; nothing of it was run.
            BindError, UnsupportedSqlError, SqlRuntimeError: A statement failed; those before it are done.
        """
        return self._own_session().run(text, parameters)

    def session(self) -> Session:
        """A session of its own: temporary tables and settings apart from those of `sql`."""
        from engine.session import Session

        return Session(
            self, self.workspace.storage, nodes=self._nodes_for, models=lambda: self.workspace.models
        )

    def _own_session(self) -> Session:
        with self._session_lock:
            if self._session is None:
                self._session = self.session()
            return self._session

    def _nodes_for(self, size: float) -> int:
        """Nodes of a query: all of a dedicated pool; of a serverless one as many as its bytes need."""
        policy = self.spec.policy
        if isinstance(policy, Dedicated):
            return max(1, self.worker_count)
        return max(1, min(policy.widest, math.ceil(size / _BYTES_PER_NODE)))

    @recorded("write", "write {into}")
    def write(self, frame: dd.DataFrame, *, into: str, mode: str = "overwrite") -> Table:
        """Write a Dask DataFrame into a table, partition by partition on the workers, in one commit.

        Args:
            frame: Rows to write; nothing of it is computed before.
            into: Table name, `schema.table` or a name in `dbo`.
            mode: `overwrite`, `append`, or `create` (refused where the table exists).

        Raises:
            WriteError: The commit was refused, or a partition could not be written; nothing of it is visible.
        """
        from engine.lake import write_frame

        with show(f"write {into}", frame.npartitions, visible=self.progress) as bar:
            return write_frame(
                self.workspace.storage, frame, into=into, runner=self, mode=mode, on_part=bar.advance
            )

    def training_set(
        self,
        source: Readable,
        *,
        target: str,
        features: Any = None,
        objective: str | None = None,
        metric: str | None = None,
        valid: float = 0.16,
        test: float = 0.2,
        seed: int = 0,
        split: Split | None = None,
    ) -> TrainingSet:
        """Fit the features and keep the matrix that trees train on, block by block, on the workers.

        Args:
            source: A table or a dataset.
            target: The label column.
            features: A scikit-learn transformer, fitted here; None chooses by column types.
            objective: XGBoost's objective; None decides by the label's values.
            metric: XGBoost's metric that searches follow; None takes the objective's own.
            valid: Share of the rows that early stopping and searches look at.
            test: Share of the rows that only the final figures look at.
            seed: Another seed, another split.
            split: Another way to split than at random (stratified, by group, time or column, into parts);
                it takes the place of `valid`, `test` and `seed`.

        Raises:
            NotFoundError, DataError, UnsupportedError: See `engine.ml.training_set.build`.
        """
        from engine.ml.split import Split
        from engine.ml.training_set import build

        split = split or Split(valid=valid, test=test, seed=seed)
        return build(
            self, source, target=target, features=features, objective=objective, metric=metric, split=split
        )

    @recorded("tune", "tune {name}")
    def tune(
        self,
        source: Readable | TrainingSet,
        *,
        space: Mapping[str, BaseDistribution],
        trials: int = 20,
        max_rounds: int = 200,
        patience: int = 20,
        params: Mapping[str, Any] | None = None,
        sampler: BaseSampler | None = None,
        seed: int = 0,
        name: str = "study",
        **data: Any,
    ) -> Study:
        """Search the space with fits side by side on every worker; each trial is a child run in MLflow.

        Args:
            source: A table, a dataset, or a training set that was made before.
            space: XGBoost parameter to Optuna distribution.
            trials: How many.
            max_rounds: Boosting rounds of one trial at most.
            patience: Rounds without improvement on the validation rows before a trial stops.
            params: Fixed XGBoost parameters.
            sampler: An Optuna sampler, TPE by default.
            seed: Seeds split, sampler and boosters.
            name: The run's name in MLflow.
            **data: `target=`, `features=`, ... of `training_set`, where `source` is none yet.

        Raises:
            OptionError: A parameter or option that makes no sense.
            NotFoundError, DataError, UnsupportedError: As `training_set`.
        """
        from engine.ml.search import SearchPlan
        from engine.ml.training import run_search

        plan = SearchPlan(
            space=space,
            trials=trials,
            max_rounds=max_rounds,
            patience=patience,
            params=params or {},
            seed=seed,
            sampler=sampler,
        )
        made = self._training_set(source, {"seed": seed, **data})
        with show(f"tune {made.label.column}", trials, visible=self.progress) as bar:
            return run_search(
                self,
                made,
                plan,
                tracking=self.workspace.models.tracking,
                name=name,
                on_trial=lambda trial: bar.advance(note=f"{made.label.metric} {trial.score:.5f}"),
            )

    @recorded("train", "train {name}")
    def train(
        self,
        source: Readable | TrainingSet,
        *,
        params: Mapping[str, Any] | None = None,
        rounds: int = 100,
        seed: int = 0,
        name: str = "train",
        **data: Any,
    ) -> TrainedModel:
        """Train one model on all workers together, on every row outside the test fold.

        Args:
            source: A table, a dataset, or a training set that was made before.
            params: XGBoost parameters.
            rounds: Boosting rounds; all of them are kept.
            seed: Seeds split and booster.
            name: The run's name in MLflow.
            **data: `target=`, `features=`, ... of `training_set`, where `source` is none yet.

        Raises:
            OptionError: A parameter or option that makes no sense.
            TaskLostError: Workers died in every attempt.
            NotFoundError, DataError, UnsupportedError: As `training_set`.
        """
        from engine.ml.training import TrainPlan, run_training

        plan = TrainPlan(params=params or {}, rounds=rounds, seed=seed)
        made = self._training_set(source, {"seed": seed, **data})
        with show(f"train {made.label.column}", 1, visible=self.progress) as bar:
            model = run_training(self, made, plan, tracking=self.workspace.models.tracking, name=name)
            bar.advance()
        return model

    def _training_set(self, source: Readable | TrainingSet, data: Mapping[str, Any]) -> TrainingSet:
        from engine.ml.training_set import TrainingSet

        if not isinstance(source, TrainingSet):
            if "target" not in data:
                raise OptionError("No label was named.", "Give target='COLUMN'.")
            return self.training_set(source, **data)
        given = sorted(set(data) - {"seed"})
        if given:
            raise OptionError(
                f"{', '.join(given)} cannot change in a training set that is made.",
                "Make another training set.",
            )
        return source

    @recorded("verify", "verify {model}")
    def verify(self, model: Model, trained: TrainedModel, source: Readable) -> Comparison:
        """Compare the registered graph with XGBoost itself on every row of a source.

        Raises:
            SignatureError: The source lacks columns that the model reads.
        """
        from engine.ml.verify import compare

        scan = source.source()
        with show(f"verify {model.name}", len(scan.partitions), visible=self.progress) as bar:
            return compare(self, model, trained, scan, on_part=bar.advance)

    @recorded("score", "score into {into}")
    def score(
        self,
        model: Model | str,
        source: Readable | dd.DataFrame,
        *,
        into: str,
        keep: Sequence[str] = (),
        mode: str = "overwrite",
    ) -> Scored:
        """Score every row where it lies and commit the answers to a table, all at once.

        Args:
            model: A registered model, or its name (its alias `champion`, else the newest version).
            source: A table, a dataset, or a Dask DataFrame.
            into: Table name.
            keep: Columns of the source that stand beside the scores.
            mode: `overwrite`, `append` or `create`.

        Raises:
            SignatureError: Columns that the model reads are missing or of another type; nothing was read.
            WriteError: See `write`.
        """
        from engine.ml.scoring import Scoring, score

        found = self.workspace.models.current(model) if isinstance(model, str) else model
        scoring = Scoring.of(found, source, keep)
        with show(f"score into {into}", scoring.parts, visible=self.progress) as bar:
            return score(self, self.workspace.storage, scoring, into=into, mode=mode, on_part=bar.advance)


def _recorder(workspace: Workspace, spec: PoolSpec) -> PoolRecorder:
    """Writes the pool's life into the workspace's log, and puts the log's pages into its dashboard."""
    from engine.events.of_pools import PoolRecorder

    log = workspace.events
    return PoolRecorder(spec, log.bind(pool=spec.name))
