"""Puts away what nobody writes any more: lines become Parquet, small Parquet files become larger ones.

Whatever is killed in the middle, no record is lost, and one that is there twice has one `segment` and `seq`.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.events.store import new_writer, stem

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.events.store import Store

logger = logging.getLogger(__name__)

# Twelve kinds of a hundred records each compress to some 20 KB; reading a file costs a millisecond.
_SMALL_BYTES = 4 << 20
_SMALL_FILES = 16
# A busy workspace writes some 50 MB a day, a tenth of it once it is Parquet: this is about a year.
KEPT_BYTES = 2 << 30


def schema() -> pa.Schema:
    """The columns of the log as a table; `data` is the record's own fields as JSON."""
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("version", pa.int32(), nullable=False),
            pa.field("run", pa.string(), nullable=False),
            pa.field("pool", pa.string(), nullable=False),
            pa.field("data", pa.string(), nullable=False),
            pa.field("segment", pa.string(), nullable=False),
            pa.field("seq", pa.int64(), nullable=False),
        ]
    )


def table_of(lines: Iterable[bytes]) -> pa.Table:
    """Lines of the log as a table of `schema()`; one that was cut off, or is none, is left out.

    A record's own fields stay the text that they are: making records of 100,000 lines takes 4 s, this 0.7 s.
    """
    import pyarrow as pa

    rows = [row for line in lines if (row := _row(line)) is not None]
    columns = zip(*rows, strict=True) if rows else [()] * len(schema())
    arrays = [
        pa.array(column, _TEXT_FIRST.get(field.name, field.type))
        for column, field in zip(columns, schema(), strict=True)
    ]
    return pa.table(arrays, schema().names).cast(schema())


# Arrow reads times from text faster than Python does.
_TEXT_FIRST: Mapping[str, Any] = {"time": "string"}
_DATA = b',"data":'  # no value before it can hold this: JSON escapes its quotes


def _row(line: bytes) -> tuple[Any, ...] | None:
    head, _, data = line.rstrip().removesuffix(b"}").partition(_DATA)
    try:
        said = json.loads(head + b"}")
        json.loads(data)
        return (
            *(said[name] for name in _BEFORE),
            data.decode(errors="replace"),
            said["segment"],
            said["seq"],
        )
    except (ValueError, KeyError, TypeError):
        return None


_BEFORE = ("time", "kind", "version", "run", "pool")


def put_away(store: Store) -> None:
    """Turn the segments of writers that are done or dead into Parquet, and keep the folder bounded.

    Never raises: what cannot be put away now is put away another time, and can be read until then.
    """
    try:
        with store.keeping() as mine:
            if mine:
                _archive_dead(store)
                _merge_small(store)
                _drop_oldest(store)
    except Exception as error:  # noqa: BLE001 - a full disk or a folder without rights must not end the work
        logger.warning("The event log %s cannot be put in order: %s", store.location, error)


def _archive_dead(store: Store) -> None:
    there = {stem(name) for name, _ in store.archived()}
    for segment, names in store.dead():
        _archive(store, segment, names, there)


def _archive(store: Store, segment: str, names: Sequence[str], there: set[str]) -> None:
    if segment not in there:
        table = table_of(line for name in names for line in store.read_live(name, 0).split(b"\n"))
        if table.num_rows:
            store.put(f"{segment}.parquet", _as_parquet(table))
    for name in names:
        store.remove_live(name)


def _merge_small(store: Store) -> None:
    """Many files of little become one; a file whose rows are in a larger one goes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    small = [name for name, size in store.archived() if size < _SMALL_BYTES]
    if len(small) < _SMALL_FILES:
        return
    tables = []
    for name in small:
        with store.open_archived(name) as file:
            tables.append(pq.read_table(file))
    merged = distinct(
        pa.concat_tables(tables).cast(schema()).sort_by([("segment", "ascending"), ("seq", "ascending")])
    )
    # A name of its own: whoever has read a file of this name would look for nothing new in it.
    store.put(f"{stem(small[-1])}.{new_writer()}.parquet", _as_parquet(merged))
    for name in small:
        store.remove_archived(name)


def _drop_oldest(store: Store) -> None:
    files = store.archived()
    excess = sum(size for _, size in files) - KEPT_BYTES
    for name, size in files:
        if excess <= 0:
            return
        store.remove_archived(name)
        excess -= size


def distinct(table: pa.Table) -> pa.Table:
    """A table in order of `segment` and `seq` without what is there twice."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if table.num_rows < 2:
        return table
    same_segment = pc.equal(table["segment"][1:], table["segment"][:-1])
    same = pc.and_(same_segment, pc.equal(table["seq"][1:], table["seq"][:-1]))
    keep = pa.concat_arrays([pa.array([True]), pc.invert(same).combine_chunks()])
    return table.filter(keep)


def _as_parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", row_group_size=16_384)
    return out.getvalue()
