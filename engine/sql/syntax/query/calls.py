"""Calls of functions: the common form, and those with words between their parentheses."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import map_date_part
from sqlglot.dialects.tsql import TSQL

from engine.sql.syntax.functions import AGGREGATES, ARITIES, DATE_PARTS, DATED, STARRED, build
from engine.sql.syntax.nodes import Default, Parse
from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.tokens import Kind, Token

_REFUSED = {
    "CONTAINS": ("there is no full-text index", "use LIKE"),
    "FREETEXT": ("there is no full-text index", "use LIKE"),
    "IDENTITY": ("SELECT INTO numbers no rows", "number them with ROW_NUMBER() OVER (...)"),
    "JSON_ARRAY": ("nothing builds JSON values", "use FOR JSON PATH"),
    "JSON_OBJECT": ("nothing builds JSON values", "use FOR JSON PATH"),
    "UPDATE": ("there are no triggers", "leave it out"),
}


class Calls(Grammar):
    """Rules for calls, from the name to the closing parenthesis."""

    def call(self, name: Token, schema: list[exp.Identifier | None]) -> exp.Expr:
        """A call whose name has been taken.

        Args:
            name: The token of the name.
            schema: The parts before it.

        Returns:
            The node of a built-in function, `exp.Anonymous`, or for a qualified name an `exp.Dot` of both.
        """
        upper = name.value.upper()
        if schema:
            return self._qualified(name, schema)
        if upper in _REFUSED:
            why, hint = _REFUSED[upper]
            self.refuse(f"{upper}()", why, hint, token=name)
        self.expect("(")
        special = self._SPECIAL.get(upper)
        node = special(self) if special else build(_written(name), self._checked_arguments(name, upper))
        if node is None:
            self.fail("a literal in its arguments is out of range", token=name, message=_overflow(upper))
        self.expect(")")
        self.positioned(node, name)
        return node

    def _qualified(self, name: Token, schema: list[exp.Identifier | None]) -> exp.Expr:
        parts = [part for part in schema if part is not None]
        function = exp.Anonymous(this=_written(name), expressions=self.wrapped(self._own_arguments))
        self.positioned(function, name)
        node: exp.Expr = parts[0]
        for part in (*parts[1:], function):
            node = exp.Dot(this=node, expression=part)
        return node

    def _arguments(self, rule: Callable[[], exp.Expr] | None = None) -> list[exp.Expr]:
        return [] if self.at(")") else self.listed(rule or self.expression)

    def _own_arguments(self) -> list[exp.Expr]:
        """Functions that somebody made take DEFAULT for an argument."""
        return self._arguments(lambda: Default() if self.take("DEFAULT") else self.expression())

    def _checked_arguments(self, name: Token, upper: str) -> list[exp.Expr]:
        arguments = self._builtin_arguments(upper)
        least, most = ARITIES.get(upper, (0, None))
        if len(arguments) < least or (most is not None and len(arguments) > most):
            self.fail(
                f"write {upper}(...) with {_counted(least, most)}",
                token=name,
                message=_arity(upper, least, most),
            )
        return arguments

    def _builtin_arguments(self, upper: str) -> list[exp.Expr]:
        if upper not in ARITIES:
            return self._own_arguments()
        if upper in STARRED and self.take("*"):
            return [exp.Star()]
        if upper in AGGREGATES and self.take("DISTINCT"):
            return [exp.Distinct(expressions=[self.expression()])]
        if upper in AGGREGATES:
            self.take("ALL")
        if upper not in DATED:
            return self._arguments()
        part = self._date_part(upper)
        self.expect(",")
        return [part, *self._arguments()]

    def _date_part(self, function: str) -> exp.Var:
        token = self.advance()
        if token.kind is not Kind.WORD or token.value not in DATE_PARTS:
            self.fail(
                "the parts of a date are written without quotes: year, month, day, ...",
                token=token,
                message=f"'{token.text}' is not a recognized {function.lower()} option.",
            )
        return exp.Var(this=token.value)

    def _cast(self) -> exp.Expr:
        this = self.expression()
        self.expect("AS")
        return exp.Cast(this=this, to=self.data_type())

    def _try_cast(self) -> exp.Expr:
        return exp.TryCast(**self._cast().args)

    def _convert(self) -> exp.Expr:
        this = self.data_type()
        self.expect(",")
        value = self.expression()
        style = self.expression() if self.take(",") else None
        return exp.Convert(this=this, expression=value, style=style)

    def _try_convert(self) -> exp.Expr:
        convert = self._convert()
        convert.set("safe", True)
        return convert

    def _parse(self) -> exp.Expr:
        this = self.expression()
        self.expect("AS")
        to = self.data_type()
        return Parse(this=this, to=to, culture=self.expression() if self.take("USING") else None)

    def _try_parse(self) -> exp.Expr:
        parse = self._parse()
        parse.set("safe", True)
        return parse

    def _date_part_of(self) -> exp.Expr:
        part = map_date_part(self._date_part("datepart"), TSQL())
        self.expect(",")
        return exp.Extract(this=part, expression=self.expression())

    def _iif(self) -> exp.Expr:
        this = self.condition()
        self.expect(",")
        true = self.expression()
        self.expect(",")
        return exp.If(this=this, true=true, false=self.expression())

    def _trim(self) -> exp.Expr:
        position = self.take_any(("LEADING", "TRAILING", "BOTH"))
        this = self.expression()
        if not self.take("FROM"):
            return exp.Trim(this=this) if not position else self.fail("TRIM(LEADING 'x' FROM text)")
        return exp.Trim(this=self.expression(), expression=this, position=position or None)

    def _string_agg(self) -> exp.Expr:
        this = self.expression()
        self.expect(",")
        separator = self.expression()
        if self.at(")", "WITHIN", "GROUP"):
            self.expect(")", "WITHIN", "GROUP", "(")
            order = self.order_by()
            order.set("this", this)
            this = order
        return exp.GroupConcat(this=this, separator=separator)

    _SPECIAL: ClassVar[dict[str, Callable[[Calls], exp.Expr]]] = {
        "CAST": _cast,
        "CONVERT": _convert,
        "DATEPART": _date_part_of,
        "IIF": _iif,
        "PARSE": _parse,
        "STRING_AGG": _string_agg,
        "TRIM": _trim,
        "TRY_CAST": _try_cast,
        "TRY_CONVERT": _try_convert,
        "TRY_PARSE": _try_parse,
    }


def _written(name: Token) -> str:
    return name.value if name.kind is Kind.QUOTED else name.text


def _overflow(upper: str) -> str:
    return f"Arithmetic overflow error converting an argument of {upper} to its data type."


def _counted(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least} arguments"
    return f"{least} arguments" if least == most else f"{least} to {most} arguments"


def _arity(upper: str, least: int, most: int | None) -> str:
    return (
        f"The {upper.lower()} function requires {_counted(least, most).replace('arguments', 'argument(s)')}."
    )
