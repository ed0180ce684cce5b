"""Materialized views as queries read them: the rows that were kept, as long as nothing has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.runtime.bound import Stored
from engine.session.binding.rowset_options import Rowset, RowsetColumn
from engine.session.binding.rowsets import bind_rowset
from engine.session.catalog.definitions import Key
from engine.sql.meaning import parse_type

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.session.binding.relations import Relation
    from engine.session.binding.world import World
    from engine.session.catalog.definitions import Definition


def kept_relation(world: World, view: Definition) -> Relation | None:
    """The kept rows of a view; None for a plain view, a disabled one, or one whose tables have changed."""
    told: dict[str, Any] | None = view.body.get("materialized")
    if told is None or not told["enabled"]:
        return None
    keys = [Key(schema, name) for schema, name in told["tables"]]
    if state_of(world, keys) != told["state"]:
        return None
    columns = tuple(RowsetColumn(one["name"], parse_type(one["type"])) for one in told["columns"])
    rowset = Rowset((str(told["folder"]),), "parquet", columns=columns, recursive=True)
    return bind_rowset(world.storage, f"{view.key.schema}_{view.key.name}", rowset, (), _every)


def state_of(world: World, keys: Sequence[Key]) -> str | None:
    """What rows the tables hold, the open transaction's too, as one name; None if a table is gone."""
    told = []
    for key in keys:
        found = world.table(key)
        if found is None or not isinstance(found.rows.rows, Stored):
            return None
        told.append((str(key), sorted({one.location for one in found.rows.rows.source.partitions})))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def _every(files: Sequence[FoundFile]) -> Sequence[FoundFile]:
    return files
