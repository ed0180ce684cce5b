"""What CREATE TABLE said of a table's columns: T-SQL's types are finer than those that Delta keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.session.binding.relations import inferred_columns
from engine.session.catalog.definitions import Definition, Definitions, Key, Kind
from engine.session.types import stored_type
from engine.sql.meaning import SqlType, named_collation, parse_type
from engine.sql.syntax.statements.tables import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    def from_json(cls, told: Mapping[str, Any]) -> DeclaredColumn:
        kind = parse_type(str(told["type"]))
        if told.get("collation"):
            kind = kind.with_facts(collation=named_collation(str(told["collation"])))
        identity = Identity(*told["identity"]) if told.get("identity") else None
        return cls(str(told["name"]), kind, bool(told["nullable"]), str(told["default"]), identity)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A table as declared."""

    schema: str
    name: str
    columns: tuple[DeclaredColumn, ...]

    def definition(self) -> Definition:
        body = {"columns": [column.as_json() for column in self.columns]}
        return Definition(Kind.TABLE, self.schema, self.name, body)


def declaration_of(definitions: Definitions, key: Key) -> Declaration | None:
    """The declaration of a table, if it was made by SQL."""
    found = definitions.find(Kind.TABLE, key)
    if found is None:
        return None
    columns = tuple(DeclaredColumn.from_json(one) for one in found.body["columns"])
    return Declaration(found.schema, found.name, columns)


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
