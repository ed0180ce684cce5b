"""A place in a list of tokens, and what can be asked, taken and refused there.

The only file that knows how an error of syntax is worded and placed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from engine.errors import SqlSyntaxError, UnsupportedSqlError
from engine.sql.syntax.statements.base import Source
from engine.sql.syntax.tokens import Kind, Token
from engine.sql.syntax.words import FOREIGN, meant

if TYPE_CHECKING:
    from engine.sql.syntax.places import Places

T = TypeVar("T")


class Cursor:
    """Reads tokens from left to right.

    Args:
        text: The whole script.
        tokens: The tokens of one batch, the last of kind END.
        places: The lines of the script.
    """

    def __init__(self, text: str, tokens: Sequence[Token], places: Places) -> None:
        self._text = text
        self._tokens = tokens
        self._places = places
        self._index = 0
        self._closing = _closing_parentheses(tokens)

    @property
    def token(self) -> Token:
        return self._tokens[self._index]

    @property
    def near(self) -> Token:
        """The current token; at the end of a batch the last one, as SQL Server names it."""
        return self._tokens[self._index - 1] if self.at_end and self._index else self.token

    @property
    def at_end(self) -> bool:
        return self.token.kind is Kind.END

    def peek(self, distance: int = 1) -> Token:
        return self._tokens[min(self._index + distance, len(self._tokens) - 1)]

    def advance(self) -> Token:
        token = self._tokens[self._index]
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def at(self, *keywords: str) -> bool:
        """Do these words and symbols come next, in this order?"""
        index = self._index
        for keyword in keywords:
            # The END token is no keyword, so this never runs over it.
            if not _is(self._tokens[index], keyword):
                return False
            index += 1
        return True

    def at_any(self, keywords: Container[str], distance: int = 0) -> bool:
        """Is the token here, or `distance` tokens on, one of these words and symbols?"""
        token = self.peek(distance)
        return token.kind in _KEYWORD_KINDS and token.value in keywords

    def at_kind(self, *kinds: Kind) -> bool:
        return self.token.kind in kinds

    def take(self, *keywords: str) -> bool:
        if not self.at(*keywords):
            return False
        self._index += len(keywords)
        return True

    def take_any(self, keywords: Container[str]) -> str:
        """The keyword that was taken, or an empty string."""
        return self.advance().value if self.at_any(keywords) else ""

    def expect(self, *keywords: str) -> None:
        for keyword in keywords:
            if not self.take(keyword):
                self.fail(f"expected {' '.join(keywords)} here")

    def expect_any(self, keywords: Sequence[str]) -> str:
        if found := self.take_any(keywords):
            return found
        return self.fail(meant(self.token.text, keywords) or f"expected one of {', '.join(keywords)}")

    def expect_kind(self, kind: Kind) -> Token:
        return self.advance() if self.at_kind(kind) else self.fail(f"expected a {kind.value} here")

    def text(self) -> str:
        """A string, with or without its N: for a path or a separator the two are the same."""
        if not self.at_kind(Kind.STRING, Kind.NATIONAL):
            self.fail("expected a string here")
        return self.advance().value

    def whole_number(self) -> int:
        negative = self.take("-")
        token = self.expect_kind(Kind.NUMBER)
        if not token.value.isdecimal() or len(token.value) > 18:
            self.fail("expected a whole number", token=token)
        return -int(token.value) if negative else int(token.value)

    def on_off(self) -> bool:
        """ON or OFF, as words or as strings."""
        if self.at_kind(Kind.STRING, Kind.NATIONAL) and self.token.value.upper() in ("ON", "OFF"):
            return self.advance().value.upper() == "ON"
        return self.expect_any(("ON", "OFF")) == "ON"

    def listed(self, rule: Callable[[], T]) -> list[T]:
        """One or more, parted by commas."""
        items = [rule()]
        while self.take(","):
            items.append(rule())
        return items

    def wrapped(self, rule: Callable[[], T]) -> T:
        """In parentheses."""
        self.expect("(")
        item = rule()
        self.expect(")")
        return item

    def wrapped_list(self, rule: Callable[[], T]) -> list[T]:
        return self.wrapped(lambda: self.listed(rule))

    def at_query(self) -> bool:
        """Do parentheses come next that hold a query, not a value or joined tables?"""
        index = self._index
        while _is(self._tokens[index], "("):
            index += 1
            if _is(self._tokens[index], "SELECT"):
                return True
            behind = self._tokens[min(self._closing.get(index, -1) + 1, len(self._tokens) - 1)]
            if behind.kind not in _KEYWORD_KINDS or behind.value not in _BEHIND_A_QUERY:
                return False
        return False

    def at_tuple(self) -> bool:
        """Do parentheses come next with a comma between the things in them?"""
        closing = self._closing.get(self._index, 0)
        index = self._index + 1
        while index < closing:
            if _is(self._tokens[index], ","):
                return True
            index = self._closing.get(index, index) + 1
        return False

    def mark(self) -> int:
        return self._index

    def token_at(self, mark: int) -> Token:
        return self._tokens[mark]

    def since(self, mark: int) -> Source:
        """The text from the token at `mark` to the last one taken."""
        start = self._tokens[mark].start
        line, column = self._places.at(start)
        return Source(self._text[start : self._tokens[self._index - 1].end], start, line, column)

    def place(self, token: Token) -> tuple[int, int]:
        return self._places.at(token.start)

    def fail(self, hint: str = "", *, token: Token | None = None, message: str = "") -> NoReturn:
        """Raise a syntax error at a token, by default the one that is `near`."""
        token = token or self.near
        line, column = self.place(token)
        if not message:
            message = f"Incorrect syntax near '{token.text}'."
            hint = self._foreign() or hint or ("the statement ends too early" if self.at_end else "")
        raise SqlSyntaxError(message, hint, line=line, column=column, token=token.text)

    def _foreign(self) -> str:
        """A hint for a word of another dialect, here or just before."""
        words = [self.peek(distance).value for distance in (0, -1) if self._index + distance >= 0]
        return next((FOREIGN[word] for word in words if word in FOREIGN), "")

    def refuse(self, what: str, why: str, hint: str, *, token: Token | None = None) -> NoReturn:
        """Raise for T-SQL that is right and that is not honoured here."""
        token = token or self.token
        line, column = self.place(token)
        raise UnsupportedSqlError(
            f"{what} is not supported: {why}.", hint, line=line, column=column, token=token.text
        )


_KEYWORD_KINDS = (Kind.WORD, Kind.SYMBOL)
_BEHIND_A_QUERY = frozenset((")", "UNION", "EXCEPT", "INTERSECT", "ORDER", "FOR"))


def _is(token: Token, keyword: str) -> bool:
    return token.value == keyword and token.kind in _KEYWORD_KINDS


def _closing_parentheses(tokens: Sequence[Token]) -> dict[int, int]:
    opened: list[int] = []
    closing: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if token.kind is not Kind.SYMBOL:
            continue
        if token.value == "(":
            opened.append(index)
        elif token.value == ")" and opened:
            closing[opened.pop()] = index
    return closing
