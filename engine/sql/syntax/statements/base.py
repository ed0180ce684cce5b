"""What every statement carries: its place in the script, and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Source:
    """A slice of the script.

    `start` counts characters from the beginning of the script; `line` and `column` count from 1.
    """

    text: str
    start: int
    line: int
    column: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an object as it was written: `database.schema.name`, the first two may be empty.

    The name of a temporary table keeps its `#`.
    """

    name: str
    schema: str = ""
    database: str = ""

    @classmethod
    def of(cls, table: exp.Table) -> Self:
        return cls(table.name, table.db, table.catalog)

    @property
    def is_temporary(self) -> bool:
        return self.name.startswith("#")

    def __str__(self) -> str:
        parts = (self.database, self.schema, self.name)
        given = next(at for at, part in enumerate(parts) if part or at == 2)
        return ".".join(parts[given:])


@dataclass(frozen=True, slots=True)
class Statement:
    """One T-SQL statement."""

    source: Source
