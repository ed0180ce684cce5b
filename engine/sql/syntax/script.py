"""Scripts: batches parted by GO, and the statements in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import SqlSyntaxError
from engine.sql.syntax.parser import Parser
from engine.sql.syntax.places import Places
from engine.sql.syntax.statements.queries import Select
from engine.sql.syntax.tokens import Kind, Token, tokenize
from engine.sql.syntax.words import FOREIGN

if TYPE_CHECKING:
    from engine.sql.syntax.statements.base import Statement


@dataclass(frozen=True, slots=True)
class Batch:
    """The statements between two lines of GO; `repeat` is the number behind the GO that ends them."""

    statements: tuple[Statement, ...]
    repeat: int = 1


def parse_script(text: str, *, markers: bool = False) -> tuple[Batch, ...]:
    """Parse T-SQL.

    Args:
        text: Batches parted by lines of `GO [count]`.
        markers: Read the n-th `?` as the variable `@?n`.

    Returns:
        The batches that hold a statement, in order.

    Raises:
        SqlSyntaxError: The text is not T-SQL; `line`, `column` and `token` say where.
        BindError: A data type that does not exist.
        UnsupportedSqlError: T-SQL that is not honoured here; the message says why, the hint a way out.
    """
    places = Places(text)
    batches = (
        Batch(_statements(Parser(text, tokens, places)), repeat)
        for tokens, repeat in _parted(tokenize(text, markers=markers), places)
    )
    return tuple(batch for batch in batches if batch.statements)


def parse_query(text: str) -> exp.Query:
    """Parse a text that is one query, such as `SELECT a FROM t`.

    Raises:
        SqlSyntaxError: It is something else.
        BindError: A data type that does not exist.
        UnsupportedSqlError: T-SQL that is not honoured here.
    """
    statements = [statement for batch in parse_script(text) for statement in batch.statements]
    if len(statements) != 1 or not isinstance(statements[0], Select):
        raise SqlSyntaxError("The text is not one query.", "write one SELECT", line=1, column=1)
    return statements[0].query


def _statements(parser: Parser) -> tuple[Statement, ...]:
    try:
        return parser.statements()
    except RecursionError:
        pass
    # Outside the handler: the error must not carry a thousand frames with it.
    return parser.fail(
        "break it up into smaller queries", message="Some part of your SQL statement is nested too deeply."
    )


def _parted(tokens: Sequence[Token], places: Places) -> Iterator[tuple[Sequence[Token], int]]:
    start = index = 0
    while index < len(tokens):
        length = _separator(tokens, index, places)
        if length or tokens[index].kind is Kind.END:
            end = Token(Kind.END, "", "", tokens[index].start)
            yield [*tokens[start:index], end], _count(tokens[index + 1], places) if length == 2 else 1
            start = index + max(length, 1)
        index += max(length, 1)


def _separator(tokens: Sequence[Token], index: int, places: Places) -> int:
    """How many tokens the line of GO at `index` has: 1, 2 with a count, 0 if there is none.

    `GO;` would be an alias of what stands before it: nobody means that.
    """
    if tokens[index].value != "GO" or tokens[index].kind is not Kind.WORD:
        return 0
    if index > 0 and not _parted_by_line(tokens[index - 1], tokens[index], places):
        return 0
    if _parted_by_line(tokens[index], tokens[index + 1], places):
        return 1
    counted = tokens[index + 1].kind is Kind.NUMBER
    if tokens[index + 1 + counted].value == ";":
        raise _misplaced(tokens[index], places, FOREIGN["GO"])
    return 2 if counted and _parted_by_line(tokens[index + 1], tokens[index + 2], places) else 0


def _parted_by_line(left: Token, right: Token, places: Places) -> bool:
    return right.kind is Kind.END or places.line(left.end - 1) < places.line(right.start)


def _count(token: Token, places: Places) -> int:
    if token.value.isdecimal() and 0 < len(token.value) < 10 and int(token.value) > 0:
        return int(token.value)
    raise _misplaced(token, places, "GO takes a positive number")


def _misplaced(token: Token, places: Places, hint: str) -> SqlSyntaxError:
    line, column = places.at(token.start)
    message = f"Incorrect syntax near '{token.text}'."
    return SqlSyntaxError(message, hint, line=line, column=column, token=token.text)
