"""A cursor: runs scripts, and hands out their rows as tuples while they come from the workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from engine.dbapi.errors import InterfaceError, ProgrammingError, telling
from engine.dbapi.types import Described, described

if TYPE_CHECKING:
    from types import TracebackType

    import pandas as pd
    import pyarrow as pa

    from engine.dbapi.connection import Connection
    from engine.session import Result, ResultSet
    from engine.session.parameters import Parameters

Row = tuple[Any, ...]


class Cursor:
    """PEP 249's cursor. One thread at a time may use it.

    Attributes:
        connection: Whose it is.
        arraysize: Rows of a `fetchmany` that names no number.
        rowcount: Rows that the last statement returned or changed; -1 before one, and where it counts none.
        messages: What the last script printed, and its warnings.
        lastrowid: Always None.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.rowcount = -1
        self.messages: list[str] = []
        self.lastrowid: None = None
        self._result: Result | None = None
        self._at = 0
        self._rows: Iterator[Row] | None = None
        self._fetched = 0
        self._closed = False

    @property
    def description(self) -> list[Described] | None:
        """Seven facts of every column; None where the last statement returned no rows."""
        if self._result is None or not self._result.results:
            return None
        found = self._result.results[self._at]
        return [described(name, kind) for name, (_, kind) in zip(found.columns, found.types, strict=True)]

    @property
    def rownumber(self) -> int | None:
        """Rows of the result set that were fetched; None without one."""
        return None if self._rows is None else self._fetched

    def execute(self, operation: str, parameters: Parameters = ()) -> Self:
        """Run a script; its first result set can be fetched.

        Args:
            operation: T-SQL.
            parameters: Values of its `?`, in order, or of `@name` variables by name.

        Raises:
            DatabaseError: See `engine.dbapi.errors`.
        """
        self._check_open()
        self._forget()
        with telling():
            self._take(self.connection.session.run(operation, parameters))
        return self

    def executemany(self, operation: str, seq_of_parameters: Sequence[Parameters]) -> Self:
        """Run a script for every row of parameters; an INSERT of VALUES inserts them all in one commit."""
        self._check_open()
        self._forget()
        with telling():
            result = self.connection.session.run_many(operation, list(seq_of_parameters))
        if result.results:
            raise ProgrammingError("executemany() is for statements that return no rows.", "Use execute().")
        self._take(result)
        return self

    def callproc(self, procname: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Run a stored procedure; its result sets can be fetched. Parameters are in only."""
        self.execute(f"EXEC {procname} {', '.join('?' * len(parameters))}", parameters)
        return parameters

    def fetchone(self) -> Row | None:
        """The next row; None behind the last."""
        with telling():
            found = next(self._open_rows(), None)
        self._fetched += found is not None
        return found

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, `arraysize` of them by default; fewer at the end."""
        wanted = self.arraysize if size is None else size
        rows = self._open_rows()
        with telling():
            found = [row for _, row in zip(range(wanted), rows, strict=False)]
        self._fetched += len(found)
        return found

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        with telling():
            found = list(self._open_rows())
        self._fetched += len(found)
        return found

    def fetch_arrow_table(self) -> pa.Table:
        """The whole result set as an Arrow table, exact in every type."""
        self._open_rows()
        with telling():
            return self._current().to_arrow()

    def fetch_df(self) -> pd.DataFrame:
        """The whole result set as a pandas frame."""
        self._open_rows()
        with telling():
            return self._current().to_pandas()

    def fetch_record_batches(self) -> Iterator[pa.RecordBatch]:
        """The whole result set, batch by batch."""
        self._open_rows()
        yield from self._current().fetch_batches()

    def nextset(self) -> bool | None:
        """Go to the script's next result set; None if there is none."""
        self._check_open()
        if self._result is None or self._at + 1 >= len(self._result.results):
            return None
        self._open(self._at + 1)
        return True

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """PEP 249 wants it; types of parameters come from their values."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """PEP 249 wants it; nothing is cut off."""

    def close(self) -> None:
        """Let the rows go."""
        self._forget()
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def _take(self, result: Result) -> None:
        self._result = result
        self.messages = list(result.messages)
        self.rowcount = result.rowcount
        if result.results:
            self._open(0)

    def _open(self, at: int) -> None:
        self._at, self._fetched = at, 0
        self._rows = _tuples(self._current().fetch_batches())
        self.rowcount = len(self._current())

    def _current(self) -> ResultSet:
        if self._result is None:  # `_open_rows` has been asked before
            raise InterfaceError("There is no result set.", "Execute a query first.")
        return self._result.results[self._at]

    def _open_rows(self) -> Iterator[Row]:
        self._check_open()
        if self._rows is None:
            raise ProgrammingError("There are no rows to fetch.", "Execute a query that returns rows first.")
        return self._rows

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("The cursor is closed.", "Make another one with connection.cursor().")
        self.connection.check_open()

    def _forget(self) -> None:
        self._result, self._rows, self._at, self._fetched = None, None, 0, 0
        self.rowcount, self.messages = -1, []


def _tuples(batches: Iterator[pa.RecordBatch]) -> Iterator[Row]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
