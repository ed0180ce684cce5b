"""What can be scored: files of a dataset or table, and Dask DataFrames, as units with one schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.errors import OptionError
from engine.lake import Readable
from engine.lake.promotion import plain_schema
from engine.lake.salvage import BadRow, RowBatch, conform_rows, numbered, shown
from engine.ml.scoring.units import Unit, units_of_frame, units_of_source

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd

    from engine.lake import Reader, Source, Storage


@dataclass(frozen=True)
class Origin:
    """A source, looked at and not yet read.

    Attributes:
        name: What it is called.
        schema: Its columns.
        files: Its files; None for a frame.
        frame: The frame; None for files.
        label: What the table of scores calls all files of it; None for each by its path.
        spool: Folder of files that are the job's own, gone when it is finished; empty for none.
        contents: Of such files what they hold, by their places: the same rows are scored once.
    """

    name: str
    schema: pa.Schema
    files: Source | None = None
    frame: Any = None
    label: str | None = None
    spool: str = ""
    contents: Mapping[str, str] = field(default_factory=dict)

    @property
    def reader(self) -> Reader | None:
        return None if self.files is None else self.files.reader

    def units(self, storage: Storage, reads: Sequence[str]) -> list[Unit]:
        """What there is to score, if these columns are read."""
        if self.files is not None:
            return units_of_source(storage, self.files, reads, self.label, self.contents)
        frame = chosen(self.frame, reads)
        return units_of_frame(self.name, str(frame._name), int(frame.npartitions))  # noqa: SLF001 Dask's token


def origin_of(source: Readable | dd.DataFrame) -> Origin:
    """Look at a table, a dataset or a Dask DataFrame.

    Raises:
        OptionError: It is none of these, or has columns that have no name of their own.
    """
    if isinstance(source, Readable):
        version = "" if source.version is None else f" version {source.version}"
        return Origin(f"{source.name}{version}", source.schema, files=source.source())
    if not hasattr(source, "to_delayed") or not hasattr(source, "npartitions"):
        raise OptionError(
            f"A {type(source).__name__} cannot be scored.",
            "Give a dataset, a table, a query or a Dask DataFrame.",
        )
    return Origin("frame", frame_schema(source), frame=source)


def frame_schema(frame: dd.DataFrame) -> pa.Schema:
    """The columns of a Dask DataFrame by its meta alone; objects count as text."""
    names = list(frame.columns)
    if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        raise OptionError(
            f"The frame's columns are {names}: scoring goes by their names.",
            "Give every column a text of its own.",
        )
    found = pa.Schema.from_pandas(frame._meta, preserve_index=False)  # noqa: SLF001 - Dask offers no other way
    plain = plain_schema(found.remove_metadata())
    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in plain]
    )


def chosen(frame: dd.DataFrame, reads: Sequence[str]) -> dd.DataFrame:
    """The columns that are read; of none, one that tells how many rows there are."""
    return frame[list(reads) or list(frame.columns[:1])]


def frame_batches(
    frame: pd.DataFrame, schema: pa.Schema, rows: int
) -> Iterator[tuple[RowBatch | None, list[BadRow]]]:
    """A partition of a frame, batch by batch, with the rows that are not of the schema."""
    for start in range(0, len(frame), rows):
        piece = frame.iloc[start : start + rows]
        bad: dict[int, BadRow] = {}
        columns = [_column(piece[field.name], field, start + 1, bad) for field in schema]
        whole = numbered(pa.table(columns, names=schema.names), start + 1)
        good = whole.without(np.array(sorted(bad), dtype=np.int64))
        batch, unfit = conform_rows(good, schema)
        yield batch, [*(bad[at] for at in sorted(bad)), *unfit]


def _column(values: pd.Series, field: pa.Field, first: int, bad: dict[int, BadRow]) -> pa.Array:
    """A column as Arrow has it; objects of another type than the column's are bad rows."""
    try:
        made = pa.Array.from_pandas(values)
        return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    kept: list[Any] = []
    for at, value in enumerate(values):
        try:
            kept.append(pa.scalar(value, field.type, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            kept.append(pa.scalar(None, field.type))
            reason = f"is {type(value).__name__}, not {field.type}"
            bad.setdefault(at, BadRow(first + at, field.name, shown(value), reason))
    return pa.array([one.as_py() for one in kept], field.type)
