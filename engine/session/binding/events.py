"""`sys.events`: the workspace's event log as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from engine.events import open_log
from engine.runtime.bound import Held, bind_held
from engine.session.binding.relations import Relation, inferred_columns, reading_as

if TYPE_CHECKING:
    from engine.lake import Storage


def events_relation(storage: Storage) -> Relation:
    """Every entry written until now; `data` holds a record's fields for JSON_VALUE, `time` is UTC."""
    rows = open_log(storage.home.location, dict(storage.home.options)).to_arrow()
    rows = rows.set_column(0, "time", rows["time"].cast(pa.timestamp("us")))
    columns = inferred_columns(rows.schema, "sys.events")
    bound = bind_held("sys_events", Held((rows,), rows.schema, rows.num_rows))
    return Relation("sys_events", columns, reading_as(bound, columns))
