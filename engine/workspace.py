"""The workspace: a folder or URL with its datasets, tables and models. Opening one starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

from engine.pool import WorkspacePool
from pools import PoolSpec, PoolSpecError
from pools.options import spelt
from pools.spec import POOL_OPTIONS

if TYPE_CHECKING:
    from engine.events import EventLog
    from engine.lake import Dataset, Table
    from engine.ml.registry import Models
    from engine.ml.scoring import ScoringJob
    from engine.sql.meaning import Collation


class Workspace:
    """Where a team's data and models are, and where pools over them come from.

    Args:
        home: A folder, made when it is not there, or an fsspec URL.
        roots: Further folders or URLs that datasets may point into; they are only read.
        storage_options: Options of the home's filesystem (credentials, endpoint).
        tracking_uri: MLflow's store; by default `mlflow.db` in a home that is a folder.
        collation: How text compares in T-SQL where no column says otherwise, such as
            `SQL_Latin1_General_CP1_CI_AS`, which ignores case. Kept by the workspace from its first query on;
            by default `Latin1_General_100_BIN2_UTF8`.

    Example:
        >>> ws = Workspace("lake")                                          # doctest: +SKIP
        >>> with ws.dedicated("dw", nodes=2) as pool:                       # doctest: +SKIP
        ...     study = pool.tune(ws.table("dbo.trips"), target="tipped")
    """

    def __init__(
        self,
        home: str | PathLike[str],
        *,
        roots: Sequence[str | PathLike[str]] = (),
        storage_options: Mapping[str, Any] | None = None,
        tracking_uri: str | None = None,
        collation: str | None = None,
    ) -> None:
        from engine.lake import open_storage

        self.storage = open_storage(home, roots=roots, options=storage_options or {})
        self._tracking_uri = tracking_uri
        self._collation = collation

    @property
    def home(self) -> str:
        """The folder or URL of the workspace."""
        return self.storage.home.location

    @cached_property
    def collation(self) -> Collation:
        """How text compares in T-SQL where no column says otherwise.

        Raises:
            OptionError: The workspace was made with another one than it was opened with.
        """
        from engine.session.collations import workspace_collation

        return workspace_collation(self.storage, self._collation)

    @spelt(PoolSpecError, also=POOL_OPTIONS)
    def dedicated(
        self,
        name: str,
        *,
        nodes: int,
        dwu: int | None = None,
        progress: bool = True,
        strict: bool = False,
        **settings: Any,
    ) -> WorkspacePool:
        """A pool of a fixed number of workers; it starts with `start()` or `with`.

        Args:
            name: What operators see.
            nodes: Workers.
            dwu: How many T-SQL requests are computed at a time, as a size of dedicated SQL pools: 100 (4
                slots) to 30000 (1200 slots); by default 500 for one node, 1000 for two, ...
            progress: Show bars while long work runs.
            strict: Refuse T-SQL that Synapse refuses on a pool of this kind, for rehearsing a migration.
            **settings: Any other field of `pools.PoolSpec`: threads, memory, spill, host, address, tls, ...
        """
        return WorkspacePool(
            self,
            PoolSpec.dedicated(name, nodes=nodes, **settings),
            progress=progress,
            strict=strict,
            dwu=dwu,
        )

    @spelt(PoolSpecError, also=(*POOL_OPTIONS, "idle_seconds"))
    def serverless(
        self, name: str, *, max_workers: int, progress: bool = True, strict: bool = False, **settings: Any
    ) -> WorkspacePool:
        """A pool that starts workers when there is work, and lets them go after `idle_seconds` without."""
        spec = PoolSpec.serverless(name, max_workers=max_workers, **settings)
        return WorkspacePool(self, spec, progress=progress, strict=strict)

    def pool(self, name: str, *, progress: bool = True) -> WorkspacePool:
        """A pool by its name: the one that runs, in whatever process, or another of its kind and size.

        Raises:
            NotFoundError: No pool of that name was ever started in the workspace; names those that were.
        """
        from engine.addresses import known_pool

        known = known_pool(self.storage, name)
        return WorkspacePool(self, known.spec(), progress=progress, strict=known.strict, dwu=known.dwu)

    def dataset(
        self, path: str, *, name: str | None = None, version: int | None = None, **options: Any
    ) -> Dataset:
        """A named, versioned pointer to files of the lake; nothing is copied.

        Args:
            path: A registered name, or a file, folder or glob below the home or a root, which is then
                registered under `name` (by default its path). The same definition again is the same
                version, another one is the next.
            name: The name to register under.
            version: An earlier version of a registered name.
            **options: How to read it: `format=`, `schema=`, `delimiter=`, ... (see `engine.lake`).
        """
        from engine.lake import open_dataset

        return open_dataset(self.storage, path, name=name, version=version, **options)

    def table(self, name: str, *, version: int | None = None) -> Table:
        """A table by name, newest version by default.

        Raises:
            NotFoundError: Names the table and what tables there are.
        """
        from engine.lake import open_table

        return open_table(self.storage, name, version=version)

    def tables(self) -> list[str]:
        """Names of all tables."""
        from engine.lake import list_tables

        return list_tables(self.storage)

    def datasets(self) -> list[str]:
        """Names of all registered datasets."""
        from engine.lake import list_datasets

        return list_datasets(self.storage)

    @cached_property
    def events(self) -> EventLog:
        """What happened here: the log that all pools and processes of the workspace write."""
        from engine.events import open_log

        return open_log(self.storage.home.location, dict(self.storage.home.options))

    @cached_property
    def models(self) -> Models:
        """The model registry."""
        from engine.ml.registry import Models
        from engine.ml.tracking import store_for

        return Models(store_for(self.home, self._tracking_uri), self.events)

    @property
    def jobs(self) -> tuple[ScoringJob, ...]:
        """Every scoring that was begun here, newest first, finished or not; a pool goes on with one."""
        from engine.ml.scoring import all_jobs

        return all_jobs(self.storage)

    def __repr__(self) -> str:
        return f"Workspace({self.home!r})"
