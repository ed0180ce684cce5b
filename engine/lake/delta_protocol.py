"""What a Delta table asks of its readers and writers, and what of it we do not do."""

from __future__ import annotations

import json

import pyarrow as pa
from deltalake import DeltaTable

from engine.errors import FormatError, WriteError

_READER_VERSION = 3
_WRITER_VERSION = 7
# What we read right. Of the last two only their use is refused, below.
_READER_FEATURES = frozenset(
    {
        "timestampNtz",
        "v2Checkpoint",
        "vacuumProtocolCheck",
        "typeWidening",
        "deletionVectors",
        "columnMapping",
    }
)
# What adding and removing whole files does not touch; of these too only use may be refused.
_WRITER_FEATURES = _READER_FEATURES | {
    "appendOnly",
    "invariants",
    "checkConstraints",
    "changeDataFeed",
    "generatedColumns",
    "identityColumns",
    "domainMetadata",
}
# Promises about values that a writer has to keep, by their marks in a column's metadata or the table's
# configuration.
_COLUMN_PROMISES = {
    "delta.invariants": "invariants",
    "delta.generationExpression": "generated columns",
    "delta.identity.start": "identity columns",
}
_TABLE_PROMISES = {
    "delta.constraints.": "check constraints",
    "delta.enableChangeDataFeed": "a change data feed",
    "delta.enableRowTracking": "row tracking",
}


def check_readable(table: DeltaTable, name: str) -> None:
    """Refuse what would be read wrongly.

    Raises:
        FormatError: Names the reader feature.
    """
    protocol = table.protocol()
    unknown = sorted(set(protocol.reader_features or ()) - _READER_FEATURES)
    if unknown or protocol.min_reader_version > _READER_VERSION:
        needs = f"the reader feature {unknown[0]!r}" if unknown else f"reader {protocol.min_reader_version}"
        raise _unreadable(name, needs, "read it with another engine, or have it written again without")
    mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    if mapping != "none":
        raise _unreadable(
            name, f"column mapping by {mapping}", "have it written again without column mapping"
        )
    if len(pa.table(table.deletion_vectors())):
        raise _unreadable(
            name, "deletion vectors", "REORG TABLE ... APPLY (PURGE) rewrites its files without them"
        )


def check_writable(table: DeltaTable, name: str, *, adds_only: bool) -> None:
    """Refuse to write where we would break a promise of the table.

    Args:
        table: The table as it is.
        name: For messages.
        adds_only: Whether rows are only added.

    Raises:
        WriteError: Names the writer feature.
    """
    check_readable(table, name)
    protocol = table.protocol()
    unknown = sorted(set(protocol.writer_features or ()) - _WRITER_FEATURES)
    if unknown or protocol.min_writer_version > _WRITER_VERSION:
        raise _unwritable(name, unknown[0] if unknown else f"writer {protocol.min_writer_version}")
    settings = {key: value for key, value in table.metadata().configuration.items() if value != "false"}
    if not adds_only and settings.get("delta.appendOnly") == "true":
        raise WriteError(
            f"{name} only lets rows be added (delta.appendOnly)", "use mode='append'", table=name
        )
    columns = {key for field in json.loads(table.schema().to_json())["fields"] for key in field["metadata"]}
    broken = [promise for mark, promise in _COLUMN_PROMISES.items() if mark in columns]
    broken += [
        promise for mark, promise in _TABLE_PROMISES.items() if any(key.startswith(mark) for key in settings)
    ]
    if broken:
        raise _unwritable(name, broken[0])


def _unreadable(name: str, needs: str, hint: str) -> FormatError:
    return FormatError(f"{name} needs {needs}, which is not supported", hint, table=name, feature=needs)


def _unwritable(name: str, feature: str) -> WriteError:
    return WriteError(
        f"{name} asks {feature} of its writers, which is not supported",
        "write into another table, or use the engine that made this one",
        table=name,
        feature=feature,
    )
