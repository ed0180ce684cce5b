"""COPY INTO."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.sql.syntax.command.option_lists import option_list, require
from engine.sql.syntax.statements.base import Name
from engine.sql.syntax.statements.queries import CopyColumn, CopyInto, CopyOptions, Credential
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar


def copy_into(p: Grammar, start: int) -> CopyInto:
    p.expect("COPY", "INTO")
    table = p.object_name()
    columns = p.wrapped_list(lambda: _column(p)) if p.at("(") else []
    p.expect("FROM")
    locations = p.listed(p.text)
    options = CopyOptions(**option_list(p, _rules(p))) if p.take("WITH") else CopyOptions()
    return CopyInto(p.since(start), table, tuple(columns), tuple(locations), options, tuple(p.options()))


def _column(p: Grammar) -> CopyColumn:
    name = p.identifier().name
    default: exp.Expr | None = p.constant() if p.take("DEFAULT") else None
    field = p.whole_number() if p.at_kind(Kind.NUMBER) else None
    return CopyColumn(name, default, field)


def _rules(p: Grammar) -> dict[str, Callable[[], Any]]:
    texts = ("FILE_TYPE", "ERRORFILE", "COMPRESSION", "FIELDQUOTE", "DATEFORMAT", "ENCODING")
    separators = ("FIELDTERMINATOR", "ROWTERMINATOR")
    return {
        **dict.fromkeys(texts, p.text),
        **dict.fromkeys(separators, lambda: _separator(p)),
        **dict.fromkeys(("MAXERRORS", "FIRSTROW"), p.whole_number),
        **dict.fromkeys(("IDENTITY_INSERT", "AUTO_CREATE_TABLE"), p.on_off),
        **dict.fromkeys(("CREDENTIAL", "ERRORFILE_CREDENTIAL"), lambda: _credential(p)),
        "FILE_FORMAT": lambda: _file_format(p),
    }


def _separator(p: Grammar) -> str:
    """A string; the documentation also writes the hexadecimal form without quotes."""
    return p.advance().text if p.at_kind(Kind.BINARY) else p.text()


def _file_format(p: Grammar) -> Name:
    return p.object_name() if p.at_name() else Name(p.text())


def _credential(p: Grammar) -> Credential:
    given = option_list(p, {"IDENTITY": p.text, "SECRET": p.text})
    require(p, given, "identity")
    return Credential(**given)
