"""What datasets and tables have in common: everything that reads."""

from __future__ import annotations

import html
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import OptionError
from engine.lake.rows import stack
from engine.lake.source import Source, pick

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame

    from engine.lake.runner import Runner


_SHOWN_COLUMNS = 20


class Readable(ABC):
    """Named, versioned rows that can be read in many ways. Opening one reads no row.

    Its files are listed once, when first needed; open it again to see later ones.

    Attributes:
        name: What it is called; shown in lineage and messages.
        version: Which version; None for what has none.
    """

    name: str
    version: int | None
    _source: Source | None = None

    @abstractmethod
    def _open(self) -> Source:
        """List the files and agree on a schema."""

    def source(self) -> Source:
        """The schema and partitions: what a pool's work is planned on."""
        if self._source is None:
            self._source = self._open()
        return self._source

    @property
    def schema(self) -> pa.Schema:
        return self.source().schema

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.schema.names)

    def count(self, runner: Runner | None = None) -> int:
        """Number of rows: from what is known of each partition, else by reading no column of it.

        Args:
            runner: Who reads, if reading is needed; None for this process.
        """
        source = self.source()
        if source.rows is not None:
            return source.rows
        unknown = [partition for partition in source.partitions if partition.rows is None]
        counter = _CountRows(source)
        counts = (
            runner.map(counter, unknown, label=f"count {self.name}")
            if runner is not None
            else [counter(partition) for partition in unknown]
        )
        return sum(counts) + sum(partition.rows or 0 for partition in source.partitions)

    def partitions(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows, one Arrow table per partition, a few in memory at a time.

        Raises:
            NotFoundError: A column that there is not.
        """
        source = self.source()
        pick(source.schema, columns)
        yield from _read_ahead(source, columns)

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows as one Arrow table, exact in every type."""
        wanted = pick(self.schema, columns)
        return stack([wanted.empty_table(), *self.partitions(columns)])

    def to_pandas(self, columns: Sequence[str] | None = None, limit: int | None = None) -> pd.DataFrame:
        """Rows as a pandas frame, of the dtypes that `engine.lake.frames` tells.

        Args:
            columns: The columns to read; None for all.
            limit: At most so many rows, from the front; later partitions are not read. None for all.

        Raises:
            NotFoundError: A column that there is not.
            DataError: Integers beyond 2**53 in a column that may hold nulls.
        """
        from engine.lake.frames import null_free_columns, to_frame

        wanted = pick(self.schema, columns)
        table = self.to_arrow(columns) if limit is None else self._first(limit, columns)
        return to_frame(table, null_free_columns(self.source(), wanted.names))

    def head(self, n: int = 5) -> pd.DataFrame:
        """The first rows as a pandas frame."""
        return self.to_pandas(limit=n)

    def to_dask(self, columns: Sequence[str] | None = None) -> DataFrame:
        """A Dask DataFrame with one partition per partition of the source; see `engine.lake.frames`."""
        from engine.lake.frames import to_dask

        return to_dask(self.source(), columns)

    def _first(self, limit: int, columns: Sequence[str] | None) -> pa.Table:
        if limit < 0:
            raise OptionError(f"limit={limit} is negative", "give 0 or more")
        source = self.source()
        tables = [pick(source.schema, columns).empty_table()]
        missing = limit
        for partition in source.partitions:
            if missing <= 0:
                break
            tables.append(source.read(partition, columns).slice(0, missing))
            missing -= len(tables[-1])
        return stack(tables)

    def __repr__(self) -> str:
        version = "" if self.version is None else f", version={self.version}"
        return f"{type(self).__name__}({self.name!r}{version})"

    def _repr_html_(self) -> str:
        fields = list(self.schema)
        rows = "".join(
            f"<tr><td>{html.escape(field.name)}</td><td>{html.escape(str(field.type))}</td></tr>"
            for field in fields[:_SHOWN_COLUMNS]
        )
        more = len(fields) - _SHOWN_COLUMNS
        rest = f"<tr><td colspan=2>and {more} more</td></tr>" if more > 0 else ""
        return f"<b>{html.escape(repr(self))}</b><table>{rows}{rest}</table>"


class _CountRows:
    """Counts the rows of a partition; a class, so that it pickles with its source's reader only."""

    def __init__(self, source: Source) -> None:
        self._reader = source.reader

    def __call__(self, partition: object) -> int:
        return len(self._reader.read(partition, []))  # type: ignore[arg-type]


def _read_ahead(source: Source, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    """Read partitions side by side, give them out in order, and never hold more than there are readers."""
    readers = min(8, os.cpu_count() or 1)
    waiting = list(source.partitions)
    with ThreadPoolExecutor(readers) as threads:
        running = [threads.submit(source.read, partition, columns) for partition in waiting[:readers]]
        for position in range(len(waiting)):
            table = running[position].result()
            if position + readers < len(waiting):
                running.append(threads.submit(source.read, waiting[position + readers], columns))
            yield table
