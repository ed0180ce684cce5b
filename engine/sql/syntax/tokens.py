"""T-SQL text to tokens.

sqlglot's tokenizer is not used: it takes an unclosed comment for a closed one, `{# #}` for a comment, `0x`
for a name and `$1.50` for a column, and it swallows the rest of the line after EXPLAIN and PRINT (all
measured, 30.30).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from engine.errors import SqlSyntaxError
from engine.sql.syntax.places import Places


class Kind(Enum):
    """What a token is. Only WORD and SYMBOL are ever compared with keywords."""

    WORD = "word"
    QUOTED = "quoted name"
    VARIABLE = "variable"
    STRING = "string"
    NATIONAL = "national string"
    BINARY = "binary"
    NUMBER = "number"
    MONEY = "money"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """A piece of the text.

    `value` is the upper case of a word, the unescaped content of a string or a quoted name, the digits of a
    number, the name of a variable without its first `@`, and the symbol itself.
    """

    kind: Kind
    text: str
    value: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


_CURRENCY = "$¢£¤¥৲৳฿៛₠-₱﷼﹩＄￠￡￥￦"  # noqa: RUF001
_DIGITS = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_PATTERN = re.compile(
    rf"""
      (?P<SPACE>    (?: [\s\ufeff]+ | --[^\r\n]* )+ )
    | (?P<NATIONAL> [nN]'[^']*(?:''[^']*)*' )
    | (?P<WORD>     [^\W\d][\w@$\#]* | \#{{1,2}}[\w@$\#]+ | \$[A-Za-z_][\w@$\#]* )
    | (?P<BINARY>   0[xX][0-9a-fA-F]* )
    | (?P<NUMBER>   {_DIGITS}(?:[eE](?:[+-]?[0-9]+|(?![\w@$\#])))? )
    | (?P<VARIABLE> @[\w@$\#]+ )
    | (?P<STRING>   '[^']*(?:''[^']*)*' )
    | (?P<QUOTED>   \[[^\]]*(?:\]\][^\]]*)*\] | "[^"]*(?:""[^"]*)*" )
    | (?P<MONEY>    [{_CURRENCY}]{_DIGITS} )
    | (?P<COMMENT>  /\* )
    | (?P<SYMBOL>   !<|!>|!=|<>|<=|>=|\+=|-=|\*=|/=|%=|&=|\^=|\|=|::|[-+*/%&|^~=<>!(),.;:{{}}] )
    """,
    re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# A backslash before a line end joins two lines of a string (Backslash line continuation).
_CONTINUATION = re.compile(r"\\(?:\r\n|\n|\r)")


def tokenize(text: str, *, markers: bool = False) -> list[Token]:
    """Split T-SQL text into tokens; comments and blanks are left out, nothing else is.

    Args:
        text: Any text.
        markers: Take the n-th `?` for a variable called `?n`: the place of a parameter.

    Returns:
        The tokens in order, with one END token behind the last.

    Raises:
        SqlSyntaxError: An unclosed string, name or comment, or a character that T-SQL does not know.
    """
    tokens: list[Token] = []
    position = marked = 0
    while position < len(text):
        if markers and text[position] == "?":
            marked += 1
            tokens.append(Token(Kind.VARIABLE, "?", f"?{marked}", position))
            position += 1
            continue
        match = _PATTERN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        group = match.lastgroup
        if group == "COMMENT":
            position = _comment_end(text, position)
            continue
        if group is not None and group != "SPACE":
            kind = Kind[group]
            tokens.append(Token(kind, match[0], _VALUES[kind](match[0]), position))
        position = match.end()
    tokens.append(Token(Kind.END, "", "", len(text)))
    return tokens


def _digits(text: str) -> str:
    """A number as every dialect writes it.

    >>> _digits(".5"), _digits("1e"), _digits("1.")
    ('0.5', '1e0', '1.')
    """
    text = "0" + text if text.startswith(".") else text
    return text + "0" if text[-1] in "eE" else text


def _content(text: str) -> str:
    return _CONTINUATION.sub("", text).replace("''", "'")


_VALUES: dict[Kind, Callable[[str], str]] = {
    Kind.WORD: str.upper,
    Kind.QUOTED: lambda text: text[1:-1].replace(text[-1] * 2, text[-1]),
    Kind.VARIABLE: lambda text: text[1:],
    Kind.STRING: lambda text: _content(text[1:-1]),
    Kind.NATIONAL: lambda text: _content(text[2:-1]),
    Kind.BINARY: lambda text: text[2:],
    Kind.NUMBER: _digits,
    Kind.MONEY: lambda text: _digits(text[1:]),
    Kind.SYMBOL: str,
}


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    line, column = Places(text).at(start)
    raise SqlSyntaxError(
        "Missing end comment mark '*/'.",
        "comments nest in T-SQL: close every /* with its own */",
        line=line,
        column=column,
        token="/*",  # noqa: S106
    )


def _unreadable(text: str, position: int) -> SqlSyntaxError:
    line, column = Places(text).at(position)
    character = text[position]
    found = {"line": line, "column": column, "token": character}
    rest = text[position + 1 : position + 31]
    if character == "'":
        return SqlSyntaxError(
            f"Unclosed quotation mark after the character string '{rest}'.",
            "double a quotation mark that stands inside a string: 'it''s'",
            **found,
        )
    if character in '["':
        return SqlSyntaxError(
            f"Unclosed name after {character}{rest}.",
            "close it with ] or with a second double quote",
            **found,
        )
    return SqlSyntaxError(f"Incorrect syntax near '{character}'.", "T-SQL has no such character", **found)
