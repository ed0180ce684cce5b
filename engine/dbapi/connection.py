"""A connection: a session on a pool, its own or somebody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from engine.dbapi import errors
from engine.dbapi.cursor import Cursor
from engine.dbapi.errors import InterfaceError, telling

if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType

    from engine.pool import WorkspacePool
    from engine.session import Session
    from engine.session.parameters import Parameters
    from engine.workspace import Workspace


def connect(
    home: str | PathLike[str] | Workspace, pool: WorkspacePool | str | None = None, **settings: Any
) -> Connection:
    """Open a connection to a workspace.

    Args:
        home: The workspace, or its folder or URL.
        pool: A started pool of the workspace, which stays open behind the connection, or the name of one
            (see `Workspace.pool`). By default the connection has a pool of its own: one worker with all
            cores, started here, ended with `close`.
        **settings: Settings of the connection's own pool, as `Workspace.serverless` takes them.

    Raises:
        DatabaseError: The pool did not start.
        InterfaceError: Settings for a pool that is given, or a pool of another workspace.
    """
    from engine.workspace import Workspace

    with telling():
        workspace = home if isinstance(home, Workspace) else Workspace(home)
        if pool is None:
            own = workspace.serverless("embedded", **{"max_workers": 1, "progress": False, **settings})
            own.start()
            return Connection(own, owned=True)
        if isinstance(pool, str):
            _refuse(settings)
            named = workspace.pool(pool, progress=False)
            named.start()
            return Connection(named, owned=True)
    _refuse(settings)
    if pool.workspace.home != workspace.home:
        raise InterfaceError(
            f"Pool {pool.name!r} is of workspace {pool.workspace.home}, not of {workspace.home}.",
            "Give a pool of the same workspace.",
        )
    return Connection(pool, owned=False)


def _refuse(settings: dict[str, Any]) -> None:
    if settings:
        raise InterfaceError("Settings are for a pool of the connection's own.", "Leave out pool=, or them.")


class Connection:
    """PEP 249's connection. Threads may share it; their statements run one after the other.

    Every statement commits for itself, unless the script says BEGIN TRANSACTION.

    Attributes:
        pool: Where statements run.
        session: What holds temporary tables and settings.
    """

    # PEP 249, "Optional DB API Extensions": the errors, for code that has only the connection.
    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, pool: WorkspacePool, *, owned: bool) -> None:
        self.pool = pool
        self.session: Session = pool.session()
        self._owned = owned
        self._closed = False

    @property
    def autocommit(self) -> bool:
        """Always True: a statement outside of BEGIN TRANSACTION commits for itself."""
        return True

    def cursor(self) -> Cursor:
        """A new cursor."""
        self.check_open()
        return Cursor(self)

    def execute(self, operation: str, parameters: Parameters = ()) -> Cursor:
        """A new cursor that has run the script."""
        return self.cursor().execute(operation, parameters)

    def commit(self) -> None:
        """Commit the open transaction; does nothing without one."""
        self.check_open()
        with telling():
            self.session.end_transaction(commit=True)

    def rollback(self) -> None:
        """Undo the open transaction; does nothing without one."""
        self.check_open()
        with telling():
            self.session.end_transaction(commit=False)

    def close(self) -> None:
        """End the session (an open transaction is rolled back), and the connection's own pool."""
        if self._closed:
            return
        self._closed = True
        self.session.close()
        if self._owned:
            with telling():
                self.pool.close()

    def check_open(self) -> None:
        """Refuse a closed connection.

        Raises:
            InterfaceError: It is closed.
        """
        if self._closed:
            raise InterfaceError("The connection is closed.", "Open another one with connect().")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.commit()
            elif not self._closed:
                self.rollback()
        finally:
            self.close()
