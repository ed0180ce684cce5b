"""A call of a function, with its arguments translated on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.conversion.convert import convert, to_string
from engine.sql.meaning.types import FLOAT, INT, MAX, NULL, SqlType, nvarchar, varchar
from engine.sql.meaning.values import Value, integer_of, string_of

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        name: T-SQL's name in upper case.
        arguments: The arguments as they were written.
        context: Where the call stands.
        node: The call itself, for its place.
    """

    name: str
    arguments: tuple[exp.Expr, ...]
    context: Context
    node: exp.Expr

    def has(self, index: int) -> bool:
        return index < len(self.arguments)

    def value(self, index: int) -> Value:
        return self.context.value(self.arguments[index])

    def values(self, start: int = 0) -> list[Value]:
        return [self.context.value(argument) for argument in self.arguments[start:]]

    def typed(self, index: int) -> Value:
        """Translate an argument whose type is that of the result; NULL alone is an int."""
        value = self.value(index)
        return convert(value, INT) if value.type == NULL else value

    def text(self, index: int) -> Value:
        """Translate an argument that becomes text by itself."""
        return to_string(self.value(index))

    def integer(self, index: int) -> Value:
        return convert(self.value(index), INT)

    def float(self, index: int) -> Value:
        return convert(self.value(index), FLOAT)

    def number(self, index: int) -> Value:
        """Translate an argument that must be a number; text becomes float, NULL becomes int."""
        value = self.value(index)
        if value.type == NULL:
            return convert(value, INT)
        value = convert(value, FLOAT) if value.type.is_text else value
        if not value.type.is_number:
            raise self.invalid(value.type, index)
        return value

    def constant_text(self, index: int, what: str) -> str:
        return string_of(self.text(index), f"{what} of {self.name}")

    def constant_integer(self, index: int, what: str) -> int:
        return integer_of(self.value(index), f"{what} of {self.name}")

    def invalid(self, kind: SqlType, index: int) -> BindError:
        """Word the error of an argument of the wrong type (SQL Server's message 8116)."""
        return BindError(
            f"Argument data type {kind.base} is invalid for argument {index + 1} of {self.name.lower()} "
            f"function.",
            **place(self.node),
        )

    def refused(self, why: str, hint: str = "") -> UnsupportedSqlError:
        return UnsupportedSqlError(
            f"{self.name} is not supported: {why}.", hint, function=self.name, **place(self.node)
        )


Function = Callable[[Call], Value]


def text_type(source: SqlType, size: int, *, trimmed: bool = False) -> SqlType:
    """Give the type of text made from a text: Unicode stays Unicode, MAX stays MAX, the collation stays."""
    longest = 4000 if source.is_unicode else 8000
    length = MAX if MAX in (source.size, size) else max(1, min(size, longest))
    kind = nvarchar(length) if source.is_unicode else varchar(length)
    return kind.with_facts(trimmed=trimmed, collation=source.collation)
