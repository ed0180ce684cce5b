"""What Synapse refuses on a pool of one kind, for those who rehearse a migration: `strict=True`.

From the T-SQL reference: a statement whose syntax "is not supported by serverless SQL pool", and the list of
T-SQL features that each kind of pool has ("Transact-SQL features supported in Azure Synapse SQL").
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.lake.names import fold
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.calls import read_call
from engine.sql.syntax import Name, Statement
from engine.sql.syntax.nodes import OpenRowset, Predict
from engine.sql.syntax.statements import flow, objects, queries, tables, workloads

if TYPE_CHECKING:
    from engine.session.profile import Profile

_DEDICATED_STATEMENTS: dict[type[Statement], str] = {
    flow.Continue: "CONTINUE",
    flow.Return: "RETURN",
    flow.Use: "USE",
}
_SERVERLESS_STATEMENTS: dict[type[Statement], str] = {
    flow.BeginTransaction: "BEGIN TRANSACTION",
    flow.Dbcc: "DBCC",
    flow.Explain: "EXPLAIN",
    flow.SetIdentityInsert: "SET IDENTITY_INSERT",
    flow.SetResultSetCaching: "RESULT_SET_CACHING",
    objects.CreateMaterializedView: "CREATE MATERIALIZED VIEW",
    objects.CreateScalarFunction: "CREATE FUNCTION with a value",
    objects.RenameObject: "RENAME OBJECT",
    queries.CopyInto: "COPY INTO",
    queries.Delete: "DELETE",
    queries.Insert: "INSERT",
    queries.Merge: "MERGE",
    queries.SelectInto: "SELECT INTO",
    queries.Truncate: "TRUNCATE TABLE",
    queries.Update: "UPDATE",
    tables.AddColumns: "ALTER TABLE",
    tables.AlterColumn: "ALTER TABLE",
    tables.CreateTable: "CREATE TABLE",
    tables.CreateTableAs: "CREATE TABLE AS SELECT",
    tables.DropColumns: "ALTER TABLE",
    tables.DropConstraints: "ALTER TABLE",
    tables.MergeRange: "ALTER TABLE",
    tables.SplitRange: "ALTER TABLE",
    tables.SwitchPartition: "ALTER TABLE",
    workloads.CreateWorkloadClassifier: "CREATE WORKLOAD CLASSIFIER",
    workloads.CreateWorkloadGroup: "CREATE WORKLOAD GROUP",
}
# Rejected rows and compressed files are of parser 1.0; its limits are documented with OPENROWSET.
_NOT_BY_PARSER_2 = ("data_compression", "maxerrors", "errorfile_location", "errorfile_data_source")
_DEDICATED_CALLS = ("CHECKSUM_AGG", "CHOOSE", "GROUPING_ID", "PARSE", "STRING_ESCAPE", "TRANSLATE")


def refuse_of_other_pool(profile: Profile, statement: Statement) -> None:
    """Refuse a statement that only the other kind of pool has, or neither.

    Raises:
        UnsupportedSqlError: With Synapse's words, and the kind of pool that has it.
    """
    if profile.kind == "serverless":
        _refuse_serverless(statement)
    else:
        _refuse_dedicated(statement, profile.database)


def _refuse_serverless(statement: Statement) -> None:
    words = _SERVERLESS_STATEMENTS.get(type(statement))
    if words is not None and not _is_temporary(statement):
        raise _not_serverless(words, line=statement.source.line, column=statement.source.column)
    for node in _nodes(statement):
        if isinstance(node, Predict):
            raise _other("Incorrect syntax near 'MODEL'.", "PREDICT", "dedicated", **place(node))
        if isinstance(node, exp.GroupingSets):
            raise _not_serverless("GROUPING SETS", **place(node))
        if isinstance(node, exp.QueryOption) and str(node.name).upper() == "LABEL":
            raise _not_serverless("OPTION (LABEL = ...)", **place(node))
        if isinstance(node, OpenRowset):
            _refuse_parser(node)
    if isinstance(statement, objects.CreateExternalFileFormat):
        _refuse_format(statement)


def _refuse_format(statement: objects.CreateExternalFileFormat) -> None:
    if statement.compression and statement.options.parser_version == "2.0":
        raise _not_by_parser("DATA_COMPRESSION", "2.0", line=statement.source.line)


def _refuse_parser(node: OpenRowset) -> None:
    """Refuse what a CSV parser of Synapse does not read, by its version; 1.0 is the default."""
    given = {name: value for name, value in node.args.items() if value is not None}
    version = str(given["parser_version"].name) if "parser_version" in given else "1.0"
    header = given.get("header_row")
    if version == "1.0" and header is not None and header.this is True:
        raise _not_by_parser("HEADER_ROW = TRUE", version, **place(node))
    if version != "2.0":
        return
    for option in _NOT_BY_PARSER_2:
        if option in given:
            raise _not_by_parser(option.upper(), version, **place(node))
    if any(path.name.lower().endswith(".gz") for path in node.args["paths"]):
        raise _not_by_parser("A compressed file", version, **place(node))
    for column in node.args.get("columns") or ():
        sizes = [one.this.name.upper() for one in column.args["kind"].expressions]
        if "MAX" in sizes:
            told = f"The column '{column.name}' of more than 8000 characters"
            raise _not_by_parser(told, version, **place(node))


def _refuse_dedicated(statement: Statement, database: str) -> None:
    words = _DEDICATED_STATEMENTS.get(type(statement))
    if words is not None:
        raise _not_dedicated(words, line=statement.source.line, column=statement.source.column)
    if isinstance(statement, tables.CreateTableAs) and statement.table.distribution is None:
        raise UnsupportedSqlError(
            "CREATE TABLE AS SELECT requires the DISTRIBUTION option in dedicated SQL pool.",
            "WITH (DISTRIBUTION = ROUND_ROBIN) is the default of CREATE TABLE.",
            line=statement.source.line,
            column=statement.source.column,
        )
    for node in _nodes(statement):
        for found, told in _DEDICATED_NODES:
            if found(node):
                raise _not_dedicated(told, **place(node))
        written = read_call(node)
        if written is not None and written.name in _DEDICATED_CALLS:
            raise _not_dedicated(written.name, **place(node))
        if isinstance(node, exp.Table) and node.catalog and fold(node.catalog) != fold(database):
            raise _not_dedicated("A query across databases", **place(node))


_DEDICATED_NODES: tuple[tuple[Callable[[exp.Expr], bool], str], ...] = (
    (lambda node: isinstance(node, OpenRowset), "OPENROWSET"),
    (lambda node: isinstance(node, exp.Offset), "OFFSET ... FETCH"),
    (lambda node: node.args.get("for_") is not None, "FOR JSON"),
)


def _is_temporary(statement: Statement) -> bool:
    """Temporary tables are there on both kinds."""
    target: Any = getattr(statement, "name", None) or getattr(statement, "target", None)
    target = target or getattr(statement, "table", None)
    if isinstance(target, exp.Table):
        target = Name.of(target)
    return isinstance(target, Name) and target.is_temporary


def _nodes(value: object) -> Iterator[exp.Expr]:
    """Every node of every tree in a statement; statements within it are looked at when they are done."""
    if isinstance(value, exp.Expr):
        yield from value.walk()
    elif isinstance(value, tuple):
        for item in value:
            if not isinstance(item, Statement):
                yield from _nodes(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if not isinstance(inner, Statement):
                yield from _nodes(inner)


def _not_serverless(words: str, **where: Any) -> UnsupportedSqlError:
    return _other(
        f"{words}: This syntax is not supported by serverless SQL pool in Azure Synapse Analytics.",
        words,
        "dedicated",
        **where,
    )


def _not_by_parser(words: str, version: str, **where: Any) -> UnsupportedSqlError:
    other = "1.0" if version == "2.0" else "2.0"
    return UnsupportedSqlError(
        f"{words} is not supported by PARSER_VERSION = '{version}' in serverless SQL pool.",
        f"PARSER_VERSION = '{other}' has it; without strict=True this pool has it with both.",
        pool="serverless",
        **where,
    )


def _not_dedicated(words: str, **where: Any) -> UnsupportedSqlError:
    return _other(f"{words} is not supported in dedicated SQL pool.", words, "serverless", **where)


def _other(message: str, words: str, kind: str, **where: Any) -> UnsupportedSqlError:
    hint = f"A {kind} pool has {words}; without strict=True this pool has it too."
    return UnsupportedSqlError(message, hint, pool=kind, **where)
