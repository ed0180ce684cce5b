"""What the planner is told about tables: columns, how rows are laid out over nodes, and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.errors import BindError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True, slots=True)
class Hash:
    """Rows lie by the hash of these columns: equal values, equal distribution; NULLs lie together."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoundRobin:
    """Rows lie evenly over the distributions, by no rule."""


@dataclass(frozen=True, slots=True)
class Replicate:
    """Every node reads all rows."""


@dataclass(frozen=True, slots=True)
class Files:
    """Rows lie in files of a lake; the runtime deals the files out to the nodes."""


Layout = Hash | RoundRobin | Replicate | Files


@dataclass(frozen=True, slots=True)
class Order:
    """Rows that lie in files about in order of a column without NULLs, so that ranges of it are read alone.

    Attributes:
        cuts: 59 values, whole numbers or days, between 60 ranges of about as many rows each.
        overlap: The share of the table that is read beside the rows of a range.
    """

    cuts: tuple[int | date, ...]
    overlap: float


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column: its DuckDB type, and estimates where somebody knows them.

    Attributes:
        type: DuckDB type name, e.g. `"DECIMAL(15,2)"`.
        distinct: Estimated number of distinct values that are not NULL.
        minimum: Smallest value, as a number or ISO text.
        maximum: Largest value, likewise.
        nulls: Estimated share of NULLs, 0 to 1.
        width: Average bytes of a value in memory.
        order: How well the rows lie in order of it; None where that is not known.
    """

    type: str
    distinct: float | None = None
    minimum: Any = None
    maximum: Any = None
    nulls: float | None = None
    width: float | None = None
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table as the planner sees it.

    Attributes:
        name: Name of the table, for messages and EXPLAIN.
        columns: Facts by column name; lookups ignore case.
        layout: Where its rows lie.
        rows: Estimated number of rows.
        bytes: Estimated bytes in memory; gives `rows` where those are not known.

    Raises:
        OptionError: A hash column that the table does not have, or none at all.
    """

    name: str
    columns: Mapping[str, ColumnFacts]
    layout: Layout
    rows: float | None = None
    bytes: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", {name.lower(): facts for name, facts in self.columns.items()})
        if isinstance(self.layout, Hash):
            self._check_hash(self.layout)

    @property
    def identity(self) -> tuple[object, ...]:
        """All of it as a value that hashes: tables with the same have the same plans."""
        return self.name, tuple(self.columns.items()), self.layout, self.rows, self.bytes

    def _check_hash(self, layout: Hash) -> None:
        unknown = [name for name in layout.columns if name.lower() not in self.columns]
        if unknown or not layout.columns:
            raise OptionError(
                f"Table '{self.name}' cannot be distributed by {unknown or 'no column'}.",
                f"Its columns are {', '.join(self.columns)}.",
                table=self.name,
            )


@dataclass(frozen=True)
class Tables:
    """The tables that queries may name: `t`, `schema.t` or `database.schema.t`, case ignored."""

    facts: Mapping[str, TableFacts]

    @cached_property
    def _folded(self) -> dict[str, TableFacts]:
        return {name.lower(): facts for name, facts in self.facts.items()}

    def find(self, name: str) -> TableFacts:
        """The facts of a table.

        Raises:
            BindError: There is no such table.
        """
        found = self._folded.get(name.lower())
        if found is None:
            known = ", ".join(sorted(self._folded)) or "none"
            raise BindError(f"Invalid object name '{name}'.", f"Known tables: {known}.", table=name)
        return found
