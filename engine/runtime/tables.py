"""Tables of the workspace as queries find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.lake import DISTRIBUTION, Table, TableName, open_table
from engine.runtime.bound import BoundTable, bind_source
from engine.runtime.layouts import is_of_this_function, read_layout
from engine.runtime.types import duckdb_name
from engine.sql.plan import Hash, Layout, RoundRobin
from engine.sql.plan.hashing import form_named

if TYPE_CHECKING:
    from engine.lake import Source, Storage


def bound_table(
    storage: Storage,
    name: str | TableName,
    *,
    version: int | None = None,
    types: Mapping[str, str] | None = None,
    known_as: str | None = None,
    change: Callable[[Source], Source] | None = None,
) -> BoundTable:
    """A table of the workspace for a query: its layout, and statistics from its log and files.

    Args:
        storage: The workspace's files.
        name: The table.
        version: An earlier version; the newest by default.
        types: DuckDB types of columns that are to be read as another type than they are stored in.
        known_as: Its name for the planner; by default `schema.name`.
        change: Makes of the source what the query is to read: with files that no commit names yet, or without
            some.

    Raises:
        NotFoundError: There is no such table or version.
        FormatError: It needs a reader feature that there is not, or has a column that cannot be queried.
    """
    table = open_table(storage, name, version)
    source, layout = table.source_with_hidden(), layout_of(table)
    source = source if change is None else change(source)
    hidden = DISTRIBUTION if DISTRIBUTION in source.schema.names else None
    if isinstance(layout, Hash) and not _is_placed(table, source, layout, types or {}):
        layout = RoundRobin()
    return bind_source(known_as or table.name, source, layout=layout, types=types, distribution=hidden)


def layout_of(table: Table) -> Layout:
    """How a table's rows lie, or lay when SQL last wrote them."""
    layout = read_layout(table.description)
    return RoundRobin() if isinstance(layout, Hash) and not table.has_hidden else layout


def _is_placed(table: Table, source: Source, layout: Hash, types: Mapping[str, str]) -> bool:
    """Whether each row is known to be of the distribution that a move would give it.

    Not so where another tool wrote rows, the hash function was another one, or the keys are read as a type
    that is hashed otherwise: such tables are read right all the same, they are only not taken for placed.
    """
    if DISTRIBUTION not in source.schema.names or not is_of_this_function(table.description):
        return False
    stored = {field.name.lower(): duckdb_name(field.type) for field in source.schema}
    wanted = {name.lower(): kind for name, kind in types.items()}
    same = all(
        form_named(wanted.get(key, stored.get(key, ""))) == form_named(stored.get(key, ""))
        for key in (name.lower() for name in layout.columns)
    )
    return same and DISTRIBUTION in source.null_free([DISTRIBUTION])
