"""A pool of a workspace: the verbs that turn files into tables, tables into models, models into scores."""

from __future__ import annotations

import math
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from engine.addresses import KnownPool, remember
from engine.dashboard import Live
from engine.errors import WriteError
from engine.preparing import PreparingVerbs
from engine.progress import show
from engine.recorded import recorded
from engine.scoring import ScoringVerbs
from engine.training import TrainingVerbs
from pools.policy import Dedicated, Serverless

if TYPE_CHECKING:
    from types import TracebackType

    import dask.dataframe as dd
    import pandas as pd

    from engine.events.of_pools import PoolRecorder
    from engine.lake import Readable, Table
    from engine.ml.model import Model
    from engine.ml.trained import TrainedModel
    from engine.ml.verify import Comparison
    from engine.session import Result, Session
    from engine.session.parameters import Parameters
    from engine.session.workload.gate import Workload
    from engine.workspace import Workspace
    from pools import PoolSpec

# Below this a second node costs more in moves than it saves.
_BYTES_PER_NODE = 256 << 20


class WorkspacePool(PreparingVerbs, TrainingVerbs, ScoringVerbs):
    """A `pools.Pool` that knows its workspace.

    Args:
        workspace: Whose data and models the verbs work on.
        spec: Size, kind and place of the pool.
        progress: Show bars while long work runs.
        strict: Refuse T-SQL that Synapse refuses on this kind of pool, with its own words.
        dwu: Units of a dedicated pool, which decide how many requests its sessions compute at a time; by
            default those of a dedicated SQL pool with as many nodes. Each process that works on a pool has a
            queue of its own.
    """

    def __init__(
        self,
        workspace: Workspace,
        spec: PoolSpec,
        *,
        progress: bool = True,
        strict: bool = False,
        dwu: int | None = None,
    ) -> None:
        self._live = Live(workspace.events, spec.name)
        super().__init__(spec, observer=_recorder(workspace, spec, self._live))
        self.workspace = workspace
        self.progress = progress
        self.strict = strict
        self.dwu = dwu
        self._workload = None if isinstance(spec.policy, Serverless) else self._new_workload()
        self._named = False
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

    def start(self) -> None:
        """As `pools.Pool.start`; from then on other processes find the pool by its name."""
        super().start()
        if self.spec.address is None:
            self._remember(str(self.client.scheduler.address))

    def _remember(self, address: str) -> None:
        known = KnownPool.of(self.spec, strict=self.strict, dwu=self.dwu, address=address)
        with suppress(WriteError):  # a lake that can only be read has pools that nobody finds by name
            remember(self.workspace.storage, known)
        self._named = bool(address)

    def _repr_html_(self) -> str:
        from html import escape

        used = self.usage()
        lines = [("state", self.state), ("workers", f"{self.worker_count} of {self.width}")]
        lines += [("worker seconds", f"{used.worker_seconds:,.1f}")]
        lines += [(name.replace("_", " "), f"{amount:,.0f}") for name, amount in sorted(used.counts.items())]
        cells = "".join(
            f"<tr><th style='text-align:left'>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in lines
        )
        link = self.dashboard_link if self.state == "running" else None
        seen = f"<p><a href='{escape(link)}' target='_blank'>dashboard</a></p>" if link else ""
        head = f"<p>{self.spec.kind.capitalize()} pool <b>{escape(self.name)}</b></p>"
        return f"{head}<table>{cells}</table>{seen}"

    def close(self) -> None:
        """As `pools.Pool.close`; a transaction that `sql` left open is rolled back."""
        self._end_waiting("closed")
        with self._session_lock:
            if self._session is not None:
                self._session.close()
                self._session = None
        if self._named:
            self._remember("")
        super().close()
        self._live.end()

    def pause(self) -> None:
        """As `pools.Pool.pause`; requests that wait for their turn are cancelled too."""
        super().pause()
        self._end_waiting("paused")

    def scale(self, nodes: int, *, timeout: float | None = None) -> None:
        """As `pools.Pool.scale`; with its nodes a pool without `dwu=` admits more requests, or fewer."""
        super().scale(nodes, timeout=timeout)
        if self._workload is not None:
            self._workload.queue.resized()

    def _end_waiting(self, what: str) -> None:
        if self._workload is not None:
            self._workload.queue.cancel(f"Pool {self.name!r} was {what}.")

    def _new_workload(self) -> Workload:
        from engine.session.catalog.definitions import Definitions
        from engine.session.workload.gate import Workload
        from engine.session.workload.levels import Level, level_for
        from engine.session.workload.queue import SlotQueue
        from engine.session.workload.rules import KnownRules

        fixed = None if self.dwu is None else Level(self.dwu)
        queue = SlotQueue(lambda: fixed or level_for(self.width))
        return Workload(queue, KnownRules(Definitions(self.workspace.storage)))

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

    def session(self, *, user: str = "dbo") -> Session:
        """A session of its own: temporary tables and settings apart from those of `sql`.

        Args:
            user: Who asks: decides resource class and classifier on a dedicated pool. Nothing is checked, and
                what may be read and written is decided by the storage alone.
        """
        from engine.session import Session
        from engine.session.profile import Profile

        workspace = self.workspace
        profile = Profile(
            self.spec.kind,
            self.name,
            strict=self.strict,
            collation=workspace.collation,
            user=user,
            emit=workspace.events.bind(pool=self.name),
        )
        return Session(
            self,
            workspace.storage,
            nodes=self._nodes_for,
            models=lambda: workspace.models,
            profile=profile,
            workload=self._workload,
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
    def write(self, frame: dd.DataFrame | pd.DataFrame, *, into: str, mode: str = "overwrite") -> Table:
        """Write a Dask or pandas DataFrame into a table, by partitions on the workers, in one commit.

        Args:
            frame: Rows to write; nothing of it is computed before. Its index has no name and is not written.
            into: Table name, `schema.table` or a name in `dbo`.
            mode: `overwrite`, `append`, or `create` (refused where the table exists).

        Raises:
            OptionError: It is no DataFrame.
            WriteError: The commit was refused, or a partition could not be written; nothing of it is visible.
        """
        from engine.lake import write_frame
        from engine.lake.frames import as_dask

        rows = as_dask(frame, parts=max(1, self.worker_count))
        with show(f"write {into}", rows.npartitions, visible=self.progress) as bar:
            return write_frame(
                self.workspace.storage, rows, into=into, runner=self, mode=mode, on_part=bar.advance
            )

    @recorded("verify", "verify {model}")
    def verify(self, model: Model, trained: TrainedModel, source: Readable | str) -> Comparison:
        """Compare the registered graph with XGBoost itself on every row of a source.

        Raises:
            SignatureError: The source lacks columns that the model reads.
        """
        from engine.lake import open_source
        from engine.ml.verify import compare

        scan = open_source(self.workspace.storage, source).source()
        with show(f"verify {model.name}", len(scan.partitions), visible=self.progress) as bar:
            return compare(self, model, trained, scan, on_part=bar.advance)


def _recorder(workspace: Workspace, spec: PoolSpec, live: Live) -> PoolRecorder:
    """Writes the pool's life into the workspace's log, and puts the log's pages into its dashboard."""
    from engine.events.of_pools import PoolRecorder

    emit = workspace.events.bind(pool=spec.name)
    return PoolRecorder(
        spec,
        emit,
        pages=live.pages,
        metrics=live.metrics,
        elsewhere=live.pages,
        metrics_elsewhere=live.metrics,
    )
