"""What CREATE TABLE said of a table: types finer than those that Delta keeps, and rules that it has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from engine.lake.ranges import Ranges
from engine.session.binding.relations import inferred_columns
from engine.session.catalog.definitions import Definition, Definitions, Key, Kind
from engine.session.types import stored_type
from engine.sql.meaning import SqlType, named_collation, parse_type
from engine.sql.syntax.statements.tables import Identity, KeyConstraint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNSTORE = "CLUSTERED COLUMNSTORE"


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """One column as declared; `default` is a SELECT of the one value, empty for none.

    An `identity` numbers its own rows.
    """

    name: str
    type: SqlType
    nullable: bool = True
    default: str = ""
    identity: Identity | None = None

    def as_json(self) -> dict[str, Any]:
        collation = self.type.collation
        told: dict[str, Any] = {
            "name": self.name,
            "type": str(self.type),
            "nullable": self.nullable,
            "default": self.default,
        }
        if self.identity is not None:
            told["identity"] = [self.identity.seed, self.identity.increment]
        return told if collation is None else {**told, "collation": collation.name}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        kind = parse_type(str(told["type"]))
        if told.get("collation"):
            kind = kind.with_facts(collation=named_collation(str(told["collation"])))
        identity = Identity(*told["identity"]) if told.get("identity") else None
        return cls(str(told["name"]), kind, bool(told["nullable"]), str(told["default"]), identity)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A table as declared.

    Attributes:
        schema: Its schema.
        name: Its name.
        columns: Its columns.
        keys: PRIMARY KEY and UNIQUE, which nobody enforces.
        index: `CLUSTERED COLUMNSTORE`, `CLUSTERED` or `HEAP`.
        ranges: Its partitions; None for one.
    """

    schema: str
    name: str
    columns: tuple[DeclaredColumn, ...]
    keys: tuple[KeyConstraint, ...] = ()
    index: str = COLUMNSTORE
    ranges: Ranges | None = None

    def definition(self) -> Definition:
        body: dict[str, Any] = {"columns": [column.as_json() for column in self.columns]}
        if self.keys:
            body["keys"] = [[list(key.columns), key.primary, key.name] for key in self.keys]
        if self.index != COLUMNSTORE:
            body["index"] = self.index
        if self.ranges is not None:
            bounds = [str(bound) for bound in self.ranges.bounds]
            body["partition"] = {"column": self.ranges.column, "right": self.ranges.right, "bounds": bounds}
        return Definition(Kind.TABLE, self.schema, self.name, body)

    @classmethod
    def of(cls, found: Definition) -> Self:
        columns = tuple(DeclaredColumn.from_json(one) for one in found.body["columns"])
        keys = tuple(
            KeyConstraint(tuple(names), primary, name) for names, primary, name in found.body.get("keys", ())
        )
        index = str(found.body.get("index", COLUMNSTORE))
        return cls(
            found.schema, found.name, columns, keys, index, _ranges(found.body.get("partition"), columns)
        )


def _ranges(told: Mapping[str, Any] | None, columns: Sequence[DeclaredColumn]) -> Ranges | None:
    if told is None:
        return None
    kinds = {column.name: stored_type(column.type) for column in columns}
    kind = kinds[told["column"]]
    bounds = tuple(pa.scalar(bound, pa.string()).cast(kind).as_py() for bound in told["bounds"])
    return Ranges(str(told["column"]), bounds, bool(told["right"]))


def declaration_of(definitions: Definitions, key: Key) -> Declaration | None:
    """The declaration of a table, if it was made by SQL."""
    found = definitions.find(Kind.TABLE, key)
    return None if found is None else Declaration.of(found)


def columns_of(declaration: Declaration | None, stored: pa.Schema, what: str) -> tuple[DeclaredColumn, ...]:
    """The columns of a table: as declared where that is what is stored, else as the stored type reads.

    A table may have been overwritten by other means than SQL since it was declared.
    """
    declared = {} if declaration is None else {column.name.lower(): column for column in declaration.columns}
    columns = []
    for field in stored:
        column = declared.get(field.name.lower())
        if column is None or stored_type(column.type) != field.type:
            kind = inferred_columns(pa.schema([field]), what)[field.name]
            column = DeclaredColumn(field.name, kind, field.nullable)
        columns.append(column)
    return tuple(columns)


def typed(columns: Sequence[DeclaredColumn]) -> dict[str, SqlType]:
    """Type by name."""
    return {column.name: column.type for column in columns}
