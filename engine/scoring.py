"""The verbs by which a workspace's pool scores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, overload

from engine.events import current_run
from engine.recorded import recorded
from pools import Pool
from pools.policy import Dedicated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dask.dataframe as dd

    from engine.inference import Runtime
    from engine.lake import Readable
    from engine.ml.model import Model
    from engine.ml.scoring import Origin, ScoringJob, Shadow
    from engine.session import Result
    from engine.workspace import Workspace

# Any script with one of these words: it may begin with others. In a path they stand beside a slash or a dot.
_QUERY = re.compile(r"(?<![\w/.-])(SELECT|EXECUTE|EXEC)(?![\w/.-])", re.IGNORECASE)


class ScoringVerbs(Pool):
    """What a pool of a workspace can do with a model that is registered.

    Attributes:
        workspace: Whose models, data and jobs it works on.
        progress: Show bars while long work runs.
    """

    workspace: Workspace
    progress: bool

    if TYPE_CHECKING:

        def sql(self, text: str) -> Result:
            """See `WorkspacePool.sql`."""

    @recorded("score", "score into {into}")
    def score(  # noqa: PLR0913 one verb, all of it said in one call
        self,
        model: Model | str,
        source: Readable | dd.DataFrame | str,
        *,
        into: str,
        keep: Sequence[str] = (),
        rename: Mapping[str, str] | None = None,
        mode: str = "overwrite",
        max_bad_fraction: float | None = None,
        shadow: Model | str | Shadow | None = None,
        runtime: Runtime = "auto",
        force: bool = False,
        wait: bool = True,
    ) -> ScoringJob:
        """Score every row where it lies, into a table, each partition exactly once.

        What the table has already of the same rows by the same model stays; what is new is scored, what is
        stale is replaced, in one commit at the end. A job that was stopped or killed goes on with `resume`.

        The table holds the kept columns, the model's outputs by their names in the graph, `model_version` and
        `source_file`. Rows that cannot be scored go to the table `<into>_bad_rows`, with file, number,
        column, value and reason; those on which a shadow disagrees to `<into>_disagreements`.

        Args:
            model: A registered model, or its name (its alias `champion`, else the newest version).
            source: A table (at a version), a dataset, a Dask DataFrame, the name of a table (`dbo.trips`,
                `dbo.trips@3`) or of files (`raw/trips`), or a query in T-SQL.
            into: Table name.
            keep: Columns of the source that stand beside the scores.
            rename: Other names of the columns that scoring makes.
            mode: `overwrite`: afterwards the table holds the scores of this source and nothing else.
                `append`: scores of other files stay. `create`: there must be no such table yet.
            max_bad_fraction: Stop before anything is published when more rows than this share are bad. None
                stops only where all are.
            shadow: A challenger that scores the same rows beside, without being published.
            runtime: `onnxruntime` has the reference run all of the graph.
            force: Score what is fresh too, and replace it at once.
            wait: Return when it is finished; False returns the running job.

        Raises:
            SignatureError: Columns that the model reads are missing or of another type; nothing was read.
            OptionError: A setting that makes no sense; nothing was read.
            WriteError: The mode does not fit the table; nothing was read.
            JobStoppedError: Too many bad rows; nothing is published.
        """
        from engine.ml.scoring import Request, ScoringJob, Shadow, loading_ahead, origin_of, plan_job

        beside = shadow if isinstance(shadow, Shadow) or shadow is None else Shadow(shadow)
        request = Request(
            model=self._model(model),
            into=into,
            keep=tuple(keep),
            rename=dict(rename or {}),
            mode=mode,
            limit=max_bad_fraction,
            shadow=None if beside is None else self._model(beside.model),
            tolerance=0.1 if beside is None else beside.tolerance,
            runtime=runtime,
            force=force,
        )
        models = [request.model, *([request.shadow] if request.shadow is not None else [])]
        with loading_ahead(self, models, runtime):
            origin = self._origin_of_text(source) if isinstance(source, str) else origin_of(source)
            store = plan_job(self.workspace.storage, request, origin, self._tasks_at_a_time())
        job = self._job(ScoringJob, store.job)
        job.start()
        if wait:
            job.wait()
        return job

    @overload
    def resume(self) -> None: ...

    @overload
    def resume(
        self, job: str, *, max_bad_fraction: float | str | None = ..., wait: bool = ...
    ) -> ScoringJob: ...

    def resume(
        self, job: str | None = None, *, max_bad_fraction: float | str | None = "as it is", wait: bool = True
    ) -> ScoringJob | None:
        """Go on: with a scoring that was stopped or killed, here or elsewhere; or, paused, as a pool.

        Args:
            job: The scoring's name: `ScoringJob.id`, or see `Workspace.jobs`. None for the pool itself.
            max_bad_fraction: Another limit of bad rows.
            wait: Return when the scoring is finished; False returns the running job.

        Raises:
            NotFoundError: There is no such job.
            JobStoppedError: It stopped again.
            PoolStartError, PoolStateError: See `Pool.resume`.
        """
        if job is None:
            super().resume()
            return None
        return self._go_on(job, max_bad_fraction, wait)

    @recorded("score", "resume {job}")
    def _go_on(self, job: str, max_bad_fraction: float | str | None, wait: bool) -> ScoringJob:
        from engine.ml.scoring import ScoringJob

        return self._job(ScoringJob, job).resume(max_bad_fraction=max_bad_fraction, wait=wait)

    def _job(self, kind: type[ScoringJob], job: str) -> ScoringJob:
        run = current_run()
        emit = self.workspace.events.bind(pool=self.name) if run is None else run.emit
        return kind(self.workspace.storage, job, self, emit=emit, progress=self.progress)

    def _model(self, model: Model | str) -> Model:
        return self.workspace.models.current(model) if isinstance(model, str) else model

    def _origin_of_text(self, text: str) -> Origin:
        """The table or files of that name; or the rows of a query, in files that a job can come back to."""
        from engine.lake import open_source
        from engine.ml.scoring import origin_of
        from engine.ml.scoring.queries import spooled

        if not _QUERY.search(text):
            return origin_of(open_source(self.workspace.storage, text))
        return spooled(self, self.workspace.storage, text, self.sql(text).last.answer)

    def _tasks_at_a_time(self) -> int:
        policy = self.spec.policy
        workers = self.worker_count if isinstance(policy, Dedicated) else policy.widest
        return max(1, workers) * self.spec.threads
