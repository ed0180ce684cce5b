"""Names of tables and datasets: any characters, case-insensitive as in T-SQL, and their names on disk."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from engine.errors import PathRefusedError

DEFAULT_SCHEMA = "dbo"

# T-SQL's limit for an identifier.
LONGEST_NAME = 128
_PART = re.compile(r"\[((?:[^\]]|\]\])*)\]|([^.\[\]]+)")
# File systems take 255 bytes; names of letters that need several each may not fit.
_LONGEST_FILE_NAME = 240


@dataclass(frozen=True, slots=True)
class TableName:
    """The two parts of a table's name, as they compare: in one case and one Unicode form."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str | TableName) -> Self:
        """Read `name`, `schema.name`, or either part in brackets: `dbo.[a.b]`. The default schema is dbo.

        Raises:
            PathRefusedError: Empty parts, more than two of them, or a part that is too long.
        """
        if isinstance(text, TableName):
            return cls(text.schema, text.name)
        parts = _split(text)
        if len(parts) > 2:
            raise _refuse(text, "has more than a schema and a name")
        schema, name = parts if len(parts) == 2 else (DEFAULT_SCHEMA, parts[0])
        return cls(_folded(text, schema), _folded(text, name))

    @property
    def folder(self) -> str:
        """Path of the table below the folder of all tables."""
        return f"{encode(self.schema)}/{encode(self.name)}"

    def __str__(self) -> str:
        return f"{_quoted(self.schema)}.{_quoted(self.name)}"


def fold(text: str) -> str:
    """One spelling of a name, whatever its case and Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def encode(name: str) -> str:
    """A file name for any name: letters and digits as they are, the rest as `~` and the hex of its bytes.

    Percent signs will not do. measured: delta-rs 1.6 writes to one folder and reads from the decoded one.

    >>> encode("sales 2019/é")
    'sales~202019~2fé'
    """
    out = []
    for char in name:
        plain = char.isalnum() or char in "_-"
        out.append(char if plain else "".join(f"~{byte:02x}" for byte in char.encode()))
    text = "".join(out)
    if len(text.encode()) > _LONGEST_FILE_NAME:
        raise _refuse(name, "is too long for a file name")
    return text


def decode(file_name: str) -> str:
    """The name that `encode` made a file name of."""
    data = re.sub(
        rb"~([0-9a-f]{2})", lambda match: bytes.fromhex(match.group(1).decode()), file_name.encode()
    )
    return data.decode()


def _split(text: str) -> list[str]:
    parts, position = [], 0
    while True:
        match = _PART.match(text, position)
        if match is None:
            raise _refuse(text, "is not a name, or a schema and a name")
        parts.append(match.group(2) if match.group(1) is None else match.group(1).replace("]]", "]"))
        position = match.end()
        if position == len(text):
            return parts
        if text[position] != ".":
            raise _refuse(text, "is not a name, or a schema and a name")
        position += 1


def _folded(text: str, part: str) -> str:
    if not part.strip():
        raise _refuse(text, "has an empty part")
    if len(part) > LONGEST_NAME:
        raise _refuse(text, f"has a part of more than {LONGEST_NAME} characters")
    return fold(part)


def _quoted(part: str) -> str:
    return f"[{part.replace(']', ']]')}]" if re.search(r"[.\[\]]", part) else part


def _refuse(text: str, why: str) -> PathRefusedError:
    return PathRefusedError(
        f"{text[:200]!r} {why}", "write name, schema.name, or [any name] in brackets", name=text
    )
