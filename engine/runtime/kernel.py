"""The DuckDB of a process: one warm connection, locked down, with a cursor for each task."""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from engine.runtime.faults import telling_faults
from engine.sql.meaning import MACROS
from pools.worker import Resources, native_threads, resources

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Storage

# Of a worker's memory: distributed begins to spill what tasks hold at 60 %, and DuckDB does not see that.
# A client keeps its memory for the user.
_WORKERS_SHARE = 0.4
_CLIENTS_SHARE = 0.2
# measured: opening one and loading the macros costs 0.1 to 0.3 s. Two, for a process between two workspaces.
_KEPT = 2
# See `rows_from`; for the whole process, since `catch_warnings` is not for threads.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a kernel is opened with; small, so that it travels with every task.

    Attributes:
        roots: The folders that its queries may read.
    """

    roots: tuple[str, ...] = ()

    @classmethod
    def of(cls, *storages: Storage) -> Settings:
        """Settings for queries over the files of these storages."""
        found = {root.location for storage in storages for root in storage.roots if root.protocol == "file"}
        return cls(tuple(sorted(found)))


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the process gives a kernel; a pool that changes its size changes the threads."""

    memory: int
    threads: int
    spill: str

    @classmethod
    def now(cls) -> _Limits:
        own = resources()
        share = _CLIENTS_SHARE if own.folder is None else _WORKERS_SHARE
        # Each task's own thread works too, so that the background has to add only what is missing.
        threads = native_threads() * own.tasks - (own.tasks - 1)
        return cls(int(own.memory * share), max(1, threads), _spill_folder(own))


_kernels: OrderedDict[tuple[Settings, _Limits], duckdb.DuckDBPyConnection] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def cursor(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of one's own to the process's kernel; what is registered on it is gone after the block.

    Raises:
        SqlRuntimeError: What DuckDB raises within the block.
    """
    with telling_faults():
        own = _kernel(settings).cursor()
        try:
            yield own
        finally:
            own.close()


def rows_from(own: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The rows of a query, exact in every type.

    `own.sql(sql).to_arrow_table()` would bind it twice, first for a relation that nobody asks (measured: of a
    query over nine tables, 4 of 16 ms). DuckDB warns that this way copies the rows, and takes no longer: 6 M
    rows of 3 columns come in 0.11 s instead of 0.15.
    """
    found: pa.Table = own.execute(sql).to_arrow_table()
    return found


def _kernel(settings: Settings) -> duckdb.DuckDBPyConnection:
    key = (settings, _Limits.now())
    with _lock:
        found = _kernels.get(key)
        if found is None:
            found = _kernels[key] = _opened(*key)
        _kernels.move_to_end(key)
        while len(_kernels) > _KEPT:
            _kernels.popitem(last=False)  # its cursors keep the database until their tasks are done
        return found


def _opened(settings: Settings, limits: _Limits) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={
            "threads": limits.threads,
            "memory_limit": f"{limits.memory}B",
            "temp_directory": limits.spill,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "arrow_lossless_conversion": True,
            # Rows have an order where ORDER BY gives one; to keep any other costs memory.
            "preserve_insertion_order": False,
        }
    )
    for statement in ("SET TimeZone = 'UTC'", *MACROS, *_lockdown(settings)):
        connection.execute(statement).fetchall()
    return connection


def _lockdown(settings: Settings) -> tuple[str, ...]:
    """Statements after which the kernel reads the roots, and nothing can be changed back."""
    roots = exp.Array(expressions=[exp.Literal.string(f"{root.rstrip('/')}/") for root in settings.roots])
    allowed = exp.Set(
        expressions=[exp.SetItem(this=exp.EQ(this=exp.column("allowed_directories"), expression=roots))]
    )
    return (
        allowed.sql(dialect="duckdb"),
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    )


def _spill_folder(own: Resources) -> str:
    """DuckDB makes it when it first spills, and removes what it put there."""
    return os.path.join(own.folder or tempfile.gettempdir(), f"duckdb-{os.getpid()}")  # noqa: PTH118
