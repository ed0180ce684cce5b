"""Schemas, views and procedures; DROP and RENAME of any object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.syntax.command.tables import name_list, table_options
from engine.sql.syntax.statements.objects import (
    AlterMaterializedView,
    CreateMaterializedView,
    CreateProcedure,
    CreateSchema,
    CreateView,
    Drop,
    Mode,
    ObjectKind,
    ProcedureParameter,
    RenameObject,
    TransferObject,
)

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement

_DROPPED: dict[tuple[str, ...], ObjectKind] = {
    **{tuple(kind.value.split()): kind for kind in ObjectKind},
    ("PROC",): ObjectKind.PROCEDURE,
}


def create_schema(p: Grammar, start: int) -> Statement:
    """`CREATE SCHEMA name [AUTHORIZATION owner]`; without a name it gets the owner's."""
    name = "" if p.at("AUTHORIZATION") else p.identifier().name
    owner = p.identifier().name if p.take("AUTHORIZATION") else ""
    return CreateSchema(p.since(start), name or owner, owner)


def alter_schema(p: Grammar, start: int) -> Statement:
    """`ALTER SCHEMA schema TRANSFER [OBJECT::]name`."""
    p.expect("ALTER", "SCHEMA")
    schema = p.identifier().name
    p.expect("TRANSFER")
    p.take("OBJECT", "::")
    name = p.object_name()
    return TransferObject(p.since(start), schema, name)


def create_view(p: Grammar, start: int, mode: Mode) -> Statement:
    """`name [(columns)] AS query`."""
    name = p.object_name()
    columns = name_list(p)
    if p.at("WITH"):
        p.refuse(f"A view WITH {p.peek().text}", "a view is only its text", "leave it out")
    p.expect("AS")
    query = p.definition()
    if p.at("WITH", "CHECK", "OPTION"):
        p.refuse("WITH CHECK OPTION", "views are not written to", "leave it out")
    return CreateView(p.since(start), query, name, columns, mode)


def create_materialized_view(p: Grammar, start: int) -> Statement:
    """`name WITH (DISTRIBUTION = ... [, FOR_APPEND]) AS query`."""
    name = p.object_name()
    found: list[str] = []
    options = table_options(p, {"FOR_APPEND": lambda: found.append("FOR_APPEND")})
    p.expect("AS")
    query = p.definition()
    return CreateMaterializedView(p.since(start), query, name, options, bool(found))


def alter_materialized_view(p: Grammar, start: int) -> Statement:
    p.expect("ALTER", "MATERIALIZED", "VIEW")
    name = p.object_name()
    action = p.expect_any(("REBUILD", "DISABLE"))
    return AlterMaterializedView(p.since(start), name, action)


def create_procedure(p: Grammar, start: int, mode: Mode) -> Statement:
    """`name [parameters] AS body`; all that follows in the batch is the body."""
    if start != 0:
        p.fail(
            "put GO on a line of its own before it",
            token=p.token_at(start),
            message=f"'{mode.value} PROCEDURE' must be the first statement in a query batch.",
        )
    name = p.object_name()
    parameters = _parameters(p)
    if p.at("WITH") or p.at("FOR", "REPLICATION"):
        p.refuse(
            f"A procedure {p.token.text} {p.peek().text}",
            "it runs as its caller, planned anew",
            "leave it out",
        )
    p.expect("AS")
    if p.at("EXTERNAL", "NAME"):
        p.refuse("AS EXTERNAL NAME", "there are no CLR types", "write the body in T-SQL")
    body = p.statements()
    if not body:
        p.fail("a procedure needs a statement")
    return CreateProcedure(p.since(start), name, parameters, body, mode)


def _parameters(p: Grammar) -> tuple[ProcedureParameter, ...]:
    if p.at("AS") or p.at("WITH") or p.at("FOR"):
        return ()
    if p.at("("):
        return tuple(p.wrapped_list(lambda: parameter(p)))
    return tuple(p.listed(lambda: parameter(p)))


def parameter(p: Grammar) -> ProcedureParameter:
    """`@name [AS] type [NULL] [= default] [OUTPUT]`."""
    name = p.variable().name
    p.take("AS")
    kind = p.data_type()
    nullable = p.take("NULL") or not p.at("NOT")
    if not nullable:
        p.refuse("A parameter that is NOT NULL", "any argument may be NULL", "test it in the body")
    default = p.constant() if p.take("=") else None
    output = bool(p.take_any(("OUT", "OUTPUT")))
    if p.at("READONLY"):
        p.refuse("A READONLY parameter", "there are no table types", "pass the name of a temporary table")
    return ProcedureParameter(name, kind, default, output)


def drop(p: Grammar, start: int) -> Statement:
    """`DROP kind [IF EXISTS] name, ...`."""
    p.expect("DROP")
    for words, kind in _DROPPED.items():
        if p.take(*words):
            if_exists = p.take("IF", "EXISTS")
            names = tuple(p.listed(p.object_name))
            return Drop(p.since(start), kind, names, if_exists)
    return p.fail("expected what is to be dropped: TABLE, VIEW, PROCEDURE, ...")


def rename_object(p: Grammar, start: int) -> Statement:
    """`RENAME OBJECT [::] name [COLUMN column] TO new_name`."""
    p.expect("RENAME")
    if p.at("DATABASE"):
        p.refuse("RENAME DATABASE", "a workspace is named by its folder", "move the folder")
    p.expect("OBJECT")
    p.take("::")
    name = p.object_name()
    column = p.identifier().name if p.take("COLUMN") else ""
    p.expect("TO")
    new_name = p.identifier().name
    return RenameObject(p.since(start), name, new_name, column)
