"""CREATE EXTERNAL DATA SOURCE, FILE FORMAT and TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.sql.syntax.command.columns import plain_column
from engine.sql.syntax.command.option_lists import option_list, require
from engine.sql.syntax.command.tables import at_name_list, name_list
from engine.sql.syntax.statements.objects import (
    CreateExternalDataSource,
    CreateExternalFileFormat,
    CreateExternalTable,
    CreateExternalTableAs,
    ExternalOptions,
    FormatOptions,
)
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement


def create_external_data_source(p: Grammar, start: int) -> Statement:
    """`name WITH (LOCATION = '...' [, CREDENTIAL = name] [, TYPE = HADOOP])`."""
    name = p.identifier().name
    p.expect("WITH")
    word = lambda: _name_or_text(p)  # noqa: E731 - three rows of one table
    given = option_list(p, {"LOCATION": p.text, "CREDENTIAL": word, "TYPE": word})
    require(p, given, "location")
    return CreateExternalDataSource(
        p.since(start), name, given["location"], given.get("credential", ""), given.get("type", "").upper()
    )


def create_external_file_format(p: Grammar, start: int) -> Statement:
    """`name WITH (FORMAT_TYPE = ... [, FORMAT_OPTIONS (...)] [, DATA_COMPRESSION = '...'])`."""
    name = p.identifier().name
    p.expect("WITH")
    given: dict[str, Any] = {}
    p.wrapped_list(lambda: _format_property(p, given))
    require(p, given, "format_type")
    return CreateExternalFileFormat(
        p.since(start),
        name,
        given["format_type"].upper(),
        given.get("format_options", FormatOptions()),
        given.get("data_compression", ""),
        given.get("serde_method", ""),
    )


def _format_property(p: Grammar, given: dict[str, Any]) -> None:
    token = p.token
    name = p.expect_any(("FORMAT_TYPE", "FORMAT_OPTIONS", "DATA_COMPRESSION", "SERDE_METHOD"))
    if name.lower() in given:
        p.fail(f"{name} is given twice", token=token)
    if name == "FORMAT_OPTIONS":
        p.take("=")
        given["format_options"] = _format_options(p)
        return
    p.expect("=")
    given[name.lower()] = _name_or_text(p) if name == "FORMAT_TYPE" else p.text()


def _format_options(p: Grammar) -> FormatOptions:
    texts = ("FIELD_TERMINATOR", "STRING_DELIMITER", "DATE_FORMAT", "ENCODING", "PARSER_VERSION")
    given = option_list(
        p,
        {
            **dict.fromkeys(texts, p.text),
            "FIRST_ROW": p.whole_number,
            "USE_TYPE_DEFAULT": lambda: p.expect_any(("TRUE", "FALSE")) == "TRUE",
        },
    )
    return FormatOptions(**given)


def create_external_table(p: Grammar, start: int) -> Statement:
    """`name (columns) WITH (...)` or `name [(names)] WITH (...) AS SELECT ...`."""
    name = p.object_name()
    if p.at("(") and not at_name_list(p):
        columns = tuple(p.wrapped_list(lambda: plain_column(p)))
        options = _external_options(p)
        return CreateExternalTable(p.since(start), name, columns, options)
    names = name_list(p)
    options = _external_options(p)
    p.expect("AS")
    query = p.outer_query()
    return CreateExternalTableAs(p.since(start), query, name, names, options)


def _external_options(p: Grammar) -> ExternalOptions:
    p.expect("WITH")
    word, number = (lambda: _name_or_text(p)), (lambda: _number(p))
    given = option_list(
        p,
        {
            **dict.fromkeys(("LOCATION", "TABLE_OPTIONS", "REJECTED_ROW_LOCATION"), p.text),
            **dict.fromkeys(("DATA_SOURCE", "FILE_FORMAT", "REJECT_TYPE"), word),
            **dict.fromkeys(("REJECT_VALUE", "REJECT_SAMPLE_VALUE"), number),
        },
    )
    require(p, given, "location", "data_source", "file_format")
    return ExternalOptions(**given)


def _name_or_text(p: Grammar) -> str:
    return p.identifier().name if p.at_name() else p.text()


def _number(p: Grammar) -> float:
    return float(p.expect_kind(Kind.NUMBER).value)
