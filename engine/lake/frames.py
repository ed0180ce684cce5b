"""From Arrow to pandas and Dask and back, by rules that depend on the source and never on a partition.

=====================  ==============================================================================
Arrow                  pandas
=====================  ==============================================================================
integer                the same integer if the source is proven free of nulls there, else float64
boolean                bool if proven free of nulls, else `boolean` with <NA>
float, string, binary  float, str, bytes objects
decimal                float64 (Arrow and SQL keep decimals exact)
date, timestamp        datetime64[us] for dates, datetime64 of its unit (and zone) for timestamps
time, nested           objects
=====================  ==============================================================================

Proof is a declaration (`schema=` with `nullable=False`), the statistics of Parquet and Delta files, or a text
file that was looked through. So a frame of one partition, of all, and of none have the same dtypes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.types as pt

from engine.errors import DataError, OptionError, WriteError
from engine.lake.promotion import plain_schema
from engine.lake.source import Reader, Source, pick

if TYPE_CHECKING:
    from dask.dataframe import DataFrame

    from engine.lake.partition import Partition


def to_frame(table: pa.Table, null_free: frozenset[str]) -> pd.DataFrame:
    """A table as a frame.

    Args:
        table: Of the source's types.
        null_free: Columns in which the whole source is proven to hold no null.

    Raises:
        DataError: An integer that float64 cannot hold, in a column that may have nulls.
    """
    columns = [
        _castable(column, name, null_free)
        for name, column in zip(table.schema.names, table.columns, strict=True)
    ]
    if not columns:
        return pd.DataFrame(index=pd.RangeIndex(len(table)))
    # Names may be anything, and so by number: to_pandas would take a column named like an index for one.
    plain = pa.Table.from_arrays(columns, names=[str(at) for at in range(len(columns))])
    frame: pd.DataFrame = plain.to_pandas(date_as_object=False)
    for at, (name, column) in enumerate(zip(table.schema.names, columns, strict=True)):
        if pt.is_boolean(column.type) and name not in null_free:
            frame[str(at)] = column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    frame.columns = pd.Index(table.schema.names, dtype="str")
    return frame


def null_free_columns(source: Source, columns: Sequence[str]) -> frozenset[str]:
    """Which of the columns whose dtype depends on it are proven to hold no null."""
    kinds = {name: source.schema.field(name).type for name in columns}
    return source.null_free(
        [name for name, kind in kinds.items() if pt.is_integer(kind) or pt.is_boolean(kind)]
    )


def to_dask(source: Source, columns: Sequence[str] | None = None) -> DataFrame:
    """A Dask DataFrame with one partition per partition of the source, read when computed.

    Only the columns that a computation needs are read; the number of partitions never changes.

    Raises:
        NotFoundError: A column that the source does not have.
    """
    import dask
    import dask.dataframe as dd

    wanted = pick(source.schema, columns)
    null_free = null_free_columns(source, wanted.names)
    meta = to_frame(wanted.empty_table(), null_free)
    # Dask would turn pandas 3's str (missing: NaN) into string[pyarrow] (missing: <NA>), which scikit-learn
    # and XGBoost do not take for missing.
    with dask.config.set({"dataframe.convert-string": False}):
        if not source.partitions:
            return dd.from_pandas(meta, npartitions=1)
        return dd.from_map(
            read_frame,
            list(source.partitions),
            columns=wanted.names,
            reader=source.reader,
            null_free=null_free,
            meta=meta,
            label="lake",
        )


def as_dask(frame: object, *, parts: int) -> DataFrame:
    """A pandas DataFrame cut into as many parts; a Dask DataFrame as it is.

    Raises:
        OptionError: It is neither.
    """
    import dask
    import dask.dataframe as dd

    if isinstance(frame, pd.DataFrame):
        with dask.config.set({"dataframe.convert-string": False}):
            return dd.from_pandas(frame, npartitions=parts, sort=False)
    if isinstance(frame, dd.DataFrame):
        return frame
    raise OptionError(
        f"A {type(frame).__name__} cannot be written into a table.", "Give a Dask or pandas DataFrame."
    )


def read_frame(
    partition: Partition, *, reader: Reader, null_free: frozenset[str], columns: Sequence[str]
) -> pd.DataFrame:
    """One partition as a frame; what a Dask task runs.

    `columns` has no default: only then does Dask 2026.8 pass on that no column is wanted.
    """
    return to_frame(reader.read(partition, columns), null_free)


def _castable(column: pa.ChunkedArray, name: str, null_free: frozenset[str]) -> pa.ChunkedArray:
    """The column in the Arrow type that pandas turns into the dtype of the table above."""
    kind = column.type
    if pt.is_decimal(kind):
        return column.cast(pa.float64(), safe=False)
    if pt.is_date(kind):
        return column.cast(pa.timestamp("us"))
    if not pt.is_integer(kind) or name in null_free:
        return column
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        raise _too_large(name) from None


def _too_large(name: str) -> DataError:
    return DataError(
        f"column {name!r} may hold nulls and has integers beyond 2**53, which float64 cannot tell apart",
        "read it with to_arrow(), or declare it in schema= as not nullable if it holds no null",
        column=name,
    )


def from_frame(frame: pd.DataFrame) -> pa.Table:
    """A frame as a table, missing values as nulls, its index left out.

    Raises:
        WriteError: A column of objects that are of no one type.
    """
    try:
        return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise WriteError(
            f"the frame cannot become a table: {error}", "give each column values of one type"
        ) from None


def schema_of_frame(frame: DataFrame) -> pa.Schema | None:
    """The columns of a Dask DataFrame by their dtypes alone; None where dtypes do not tell (objects).

    Raises:
        WriteError: The frame has an index with a name, which a table would lose, or two columns of one name.
    """
    if frame.index.name is not None:
        raise WriteError(f"the frame's index {frame.index.name!r} would be lost", "call reset_index() first")
    dtypes = frame.dtypes
    if not dtypes.index.is_unique:
        raise WriteError("two columns of the frame have one name", "rename them", columns=list(dtypes.index))
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()})
    schema = plain_schema(from_frame(empty).schema)
    return None if any(pt.is_null(kind) for kind in schema.types) else schema


def each_partition(frame: DataFrame, task: Callable[[pd.DataFrame, int], Any]) -> list[Any]:
    """One Dask `Delayed` per partition, of `task` called with the partition and its number."""
    from dask import delayed

    run = delayed(task, pure=False)
    return [run(part, number) for number, part in enumerate(frame.to_delayed())]
