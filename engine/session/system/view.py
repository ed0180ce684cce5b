"""A system view: columns of T-SQL types, and rows that are made when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.runtime import Held, bind_held
from engine.session.binding.relations import Relation, reading_as
from engine.session.types import stored_type
from engine.sql.meaning import CI, SqlType, parse_type

if TYPE_CHECKING:
    from engine.session.binding.world import World

Row = tuple[Any, ...]

# Names compare without case in the catalog, whatever the workspace's collation.
NAME = parse_type("nvarchar(128)").with_facts(collation=CI)
INT = parse_type("int")
BIGINT = parse_type("bigint")
SMALLINT = parse_type("smallint")
TINYINT = parse_type("tinyint")
BIT = parse_type("bit")
MOMENT = parse_type("datetime2(3)")


def text(length: int | str) -> SqlType:
    """A nvarchar that compares without case."""
    return parse_type(f"nvarchar({length})").with_facts(collation=CI)


@dataclass(frozen=True, slots=True)
class SystemView:
    """One view of the catalog or of what has happened.

    Attributes:
        columns: T-SQL type by column name, in order.
        rows: Makes the rows, cells in the order of the columns.
    """

    columns: Mapping[str, SqlType]
    rows: Callable[[World], Iterable[Row]]

    def relation(self, schema: str, name: str, world: World) -> Relation:
        """The view as a table of this moment."""
        rows = list(self.rows(world))
        cells = zip(*rows, strict=True) if rows else [()] * len(self.columns)
        arrays = [
            pa.array(list(values), stored_type(kind))
            for values, kind in zip(cells, self.columns.values(), strict=True)
        ]
        table = pa.Table.from_arrays(arrays, names=list(self.columns))
        bound = bind_held(f"{schema}.{name}", Held((table,), table.schema, len(table)))
        return Relation(name, self.columns, reading_as(bound, self.columns), schema=schema)
