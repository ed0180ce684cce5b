"""A bound table: the T-SQL columns that a query sees, and where its rows come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import UnsupportedSqlError
from engine.session.types import is_read_as, sql_type
from engine.sql.meaning import SqlType, duckdb_type
from engine.sql.plan import ColumnFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from sqlglot import exp

    from engine.runtime.bound import BoundTable


@dataclass(frozen=True, slots=True)
class Relation:
    """What a name in FROM was bound to.

    Attributes:
        name: What the bound query calls it.
        columns: T-SQL type by column, in order, spelled as the table has them.
        rows: Where the rows come from.
        schema: The schema by which its name may be qualified; empty for what is no table of the workspace.
        query: The DuckDB query over the table of that name that gives `columns`; None if the table does.
        notes: What EXPLAIN says of how the rows came about.
        required: Columns that were declared NOT NULL, in lower case.
    """

    name: str
    columns: Mapping[str, SqlType]
    rows: BoundTable
    schema: str = ""
    query: exp.Query | None = None
    notes: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Its full name in the bound query, in lower case."""
        return (f"{self.schema}.{self.name}" if self.schema else self.name).lower()


def inferred_columns(schema: pa.Schema, what: str) -> dict[str, SqlType]:
    """The T-SQL columns of a schema that nobody declared.

    Raises:
        UnsupportedSqlError: A column's type has no equal; names it.
    """
    columns = {}
    for field in schema:
        try:
            columns[field.name] = sql_type(field.type)
        except UnsupportedSqlError as error:
            raise UnsupportedSqlError(
                f"Column '{field.name}' of {what}: {error.message}", error.hint, name=field.name
            ) from None
    return columns


def reading_as(table: BoundTable, columns: Mapping[str, SqlType], *, name: str = "") -> BoundTable:
    """The table with its columns read in the types in which queries take the T-SQL types; perhaps renamed."""
    facts = dict(table.facts.columns)
    for column, kind in columns.items():
        if not is_read_as(facts[column.lower()].type, kind):
            facts[column.lower()] = ColumnFacts(duckdb_type(kind).sql(dialect="duckdb"))
    return replace(table, facts=replace(table.facts, columns=facts, name=name or table.facts.name))
