"""What a job writes down of a source, so that another process reads the very same partitions: plain JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.lake.datasets import options_from_json, options_to_json
from engine.lake.partition import Partition
from engine.lake.source import Reader
from engine.lake.storage import FileStamp

if TYPE_CHECKING:
    from engine.lake.storage import Storage


def schema_to_json(schema: pa.Schema) -> str:
    """Arrow's own bytes, in base64."""
    return base64.b64encode(schema.serialize()).decode()


def schema_from_json(text: str) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def reader_to_json(reader: Reader) -> dict[str, Any]:
    """The reader without its storage, which holds credentials."""
    return {"schema": schema_to_json(reader.schema), "options": options_to_json(reader.options)}


def reader_from_json(storage: Storage, stored: Mapping[str, Any]) -> Reader:
    return Reader(storage, schema_from_json(stored["schema"]), options_from_json(stored["options"]))


def partition_to_json(partition: Partition, schema: pa.Schema) -> dict[str, Any]:
    """The partition without what is known of its columns; `schema` is the source's."""
    return {
        "location": partition.location,
        "format": partition.format,
        "stamp": [partition.stamp.size, partition.stamp.mark],
        "stored": partition.stored,
        "rows": partition.rows,
        "row_groups": partition.row_groups,
        "byte_range": partition.byte_range,
        "header": partition.header,
        "first_row": partition.first_row,
        "span": partition.span,
        "hive": {
            name: _text(pa.scalar(value, schema.field(name).type))
            for name, value in partition.hive
            if name in schema.names
        },
    }


def partition_from_json(stored: Mapping[str, Any], schema: pa.Schema) -> Partition:
    """What `partition_to_json` told, of the same schema."""
    return Partition(
        stored["location"],
        stored["format"],
        FileStamp(*stored["stamp"]),
        stored["stored"],
        stored["rows"],
        _tuple(stored["row_groups"]),
        _tuple(stored["byte_range"]),
        tuple(stored["header"]),
        stored["first_row"],
        hive=tuple((name, _value(text, schema.field(name).type)) for name, text in stored["hive"].items()),
        span=_tuple(stored.get("span")),
    )


def _text(value: pa.Scalar) -> str | None:
    return value.cast(pa.string()).as_py() if value.is_valid else None


def _value(text: str | None, kind: pa.DataType) -> Any:
    return None if text is None else pa.scalar(text).cast(kind).as_py()


def _tuple(values: Any) -> Any:
    return None if values is None else tuple(values)
