"""What a script gives back: result sets that stay on the workers until asked for, messages, rows changed."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import UnsupportedSqlError
from engine.session.show import html_table, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa
    from dask.dataframe import DataFrame

    from engine.runtime import Answer
    from engine.sql.meaning import SqlType

_SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class ResultSet:
    """The rows of one query.

    Attributes:
        types: Name and T-SQL type of every column; the name is as the query gives it, or empty.
        answer: The rows, on the workers.
        shown: How many rows are printed.
    """

    types: tuple[tuple[str, SqlType], ...]
    answer: Answer
    shown: int = _SHOWN_ROWS

    @property
    def columns(self) -> list[str]:
        """Names of the columns; one that the query gave no name is called `_col_` and its place."""
        return [str(name) for name in self.answer.schema.names]

    def __len__(self) -> int:
        return int(self.answer.num_rows)

    def to_arrow(self) -> pa.Table:
        """All rows as one Arrow table, exact in every type."""
        return self.answer.to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a pandas frame."""
        return self.answer.to_pandas()

    def to_dask(self) -> DataFrame:
        """The rows as a Dask DataFrame; they stay where they are."""
        return self.answer.to_dask()

    def fetch_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows batch by batch; a few at a time are in this process."""
        return iter(self.answer.fetch_batches())


@dataclass(frozen=True, slots=True)
class Result:
    """What a script gave.

    Attributes:
        results: Its result sets, in order.
        messages: What it printed, and warnings.
        rowcount: Rows that the last statement returned or changed; -1 where it counts none.
    """

    results: tuple[ResultSet, ...] = ()
    messages: tuple[str, ...] = ()
    rowcount: int = -1

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the last result set; none where there is none."""
        return self.results[-1].columns if self.results else []

    @property
    def last(self) -> ResultSet:
        """The last result set.

        Raises:
            UnsupportedSqlError: The script returned no rows.
        """
        if not self.results:
            raise UnsupportedSqlError("The script returned no rows.", "End it with a SELECT.")
        return self.results[-1]

    def to_arrow(self) -> pa.Table:
        """The last result set as an Arrow table; without columns where the script returned none."""
        import pyarrow as pa

        return self.last.to_arrow() if self.results else pa.table({})

    def to_pandas(self) -> pd.DataFrame:
        """The last result set as a pandas frame; an empty one where the script returned none."""
        import pandas as pd

        return self.last.to_pandas() if self.results else pd.DataFrame()

    def to_dask(self) -> DataFrame:
        """The last result set as a Dask DataFrame; an empty one where the script returned none."""
        if self.results:
            return self.last.to_dask()
        from engine.runtime.answer import frame_of_nothing

        return frame_of_nothing()

    def fetch_batches(self) -> Iterator[pa.RecordBatch]:
        """The last result set batch by batch; no batch where the script returned none."""
        return self.last.fetch_batches() if self.results else iter(())

    def scalar(self) -> Any:
        """The first value of the last result set; None if it has no row, or there is none."""
        if not self.results:
            return None
        rows = self._head(1)
        return rows.column(0)[0].as_py() if rows.num_rows else None

    def __len__(self) -> int:
        return len(self.results[-1]) if self.results else 0

    def __str__(self) -> str:
        lines = list(self.messages)
        if self.results:
            shown = self.last.shown
            lines += [text_table(self._head(shown)), _counted(len(self), shown)]
        elif self.rowcount >= 0:
            lines.append(f"({self.rowcount:,} rows affected)")
        return "\n".join(lines) or "Commands completed successfully."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        printed = "".join(f"<pre>{html.escape(message)}</pre>" for message in self.messages)
        if not self.results:
            return printed or f"<pre>{html.escape(str(self))}</pre>"
        shown = self.last.shown
        return f"{printed}{html_table(self._head(shown))}<p>{_counted(len(self), shown)}</p>"

    def _head(self, rows: int) -> pa.Table:
        import pyarrow as pa

        taken, left = [], rows
        for batch in self.last.answer.fetch_batches(rows):
            taken.append(batch.slice(0, left))
            left -= taken[-1].num_rows
            if left <= 0:
                break
        return pa.Table.from_batches(taken, self.last.answer.schema)


def _counted(rows: int, shown: int) -> str:
    return f"({rows:,} rows, the first {shown} shown)" if rows > shown else f"({rows:,} rows)"
