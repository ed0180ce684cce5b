"""Tables as a query finds them: what the planner is told of each, and where its rows are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.types as pt

from engine.errors import BindError
from engine.lake.promotion import is_text
from engine.lake.recent import Recent
from engine.runtime.ordering import Run, order_of
from engine.runtime.types import duckdb_name
from engine.sql.plan import ColumnFacts, Files, Layout, Order, TableFacts

if TYPE_CHECKING:
    from engine.lake import Partition, Source

# Of each source the statistics are added up once, as long as it is the same.
_tables: Recent[tuple[str, Source, Layout, tuple[tuple[str, str], ...], str | None], BoundTable] = Recent(256)

# What a value takes in memory where nothing else is known: a short text with its header.
_TEXT_WIDTH = 24.0


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that lie on workers already.

    Attributes:
        parts: Futures of `Output`, as an `Answer` has them; or Arrow tables, for a few rows of the client's.
        schema: Columns of every part.
        rows: Number of rows in all, if it is known.
    """

    parts: tuple[Any, ...]
    schema: pa.Schema
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows that lie in files.

    Attributes:
        source: Reads them; its schema has every column that the facts have.
        distribution: The column that holds each row's distribution, of a table with a `Hash` layout.
    """

    source: Source
    distribution: str | None = None


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A table of a query.

    Attributes:
        facts: What the planner is told; a scan gives exactly these columns, of exactly these types.
        rows: Where they are.
    """

    facts: TableFacts
    rows: Stored | Held

    def __hash__(self) -> int:
        """Without what is known of the columns: it is asked for at every query."""
        return hash((self.facts.name, self.rows.source if isinstance(self.rows, Stored) else None))

    @property
    def schema(self) -> pa.Schema:
        """The columns as they are stored or held."""
        return self.rows.source.schema if isinstance(self.rows, Stored) else self.rows.schema

    def stored_names(self) -> dict[str, str]:
        """From the folded name of each column to its own."""
        return {name.lower(): name for name in self.schema.names}


def bind_source(
    name: str,
    source: Source,
    *,
    layout: Layout | None = None,
    types: Mapping[str, str] | None = None,
    distribution: str | None = None,
) -> BoundTable:
    """A table over files of the lake.

    Args:
        name: Its name for the planner; unique within a query.
        source: Reads the files.
        layout: How its rows lie; files, if nothing else is said.
        types: DuckDB types of columns that are to be read as another type than they are stored in.
        distribution: See `Stored`.

    Raises:
        BindError: Two columns whose names differ in case only.
        FormatError: A column of a type that cannot be queried.
    """
    read_as = tuple(sorted((column.lower(), kind) for column, kind in (types or {}).items()))
    key = (name, source, layout or Files(), read_as, distribution)
    return _tables.get(key, lambda: _bind(*key))


def _bind(
    name: str,
    source: Source,
    layout: Layout,
    types: tuple[tuple[str, str], ...],
    distribution: str | None,
) -> BoundTable:
    shown = [field for field in source.schema if field.name != distribution]
    _refuse_twins(name, (field.name for field in shown))
    wanted = dict(types)
    columns = {field.name: _column_facts(field, source, wanted.get(field.name.lower())) for field in shown}
    weight = float(sum(partition.stored for partition in source.partitions))
    facts = TableFacts(name, columns, layout, rows=source.rows, bytes=weight)
    return BoundTable(facts, Stored(source, distribution))


def bind_held(name: str, held: Held, *, layout: Layout | None = None) -> BoundTable:
    """A table over rows that lie on workers. With a `Hash` layout part i holds the rows of node i.

    Raises:
        BindError: Two columns whose names differ in case only.
    """
    _refuse_twins(name, held.schema.names)
    columns = {field.name: ColumnFacts(duckdb_name(field.type)) for field in held.schema}
    return BoundTable(TableFacts(name, columns, layout or Files(), rows=held.rows), held)


def _refuse_twins(table: str, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other is not name:
            raise BindError(
                f"Columns '{other}' and '{name}' of '{table}' have one name in SQL.",
                "Rename one of them in the file.",
                table=table,
                column_name=name,
            )


def _column_facts(field: pa.Field, source: Source, wanted: str | None) -> ColumnFacts:
    kind = duckdb_name(field.type)
    if wanted is not None and wanted != kind:
        return ColumnFacts(wanted)
    known = [_known(partition, field.name) for partition in source.partitions]
    low = _bound(min, [one[1] for one in known])
    high = _bound(max, [one[2] for one in known])
    rows = source.rows
    nulls = [one[0] for one in known]
    share = sum(nulls) / rows if rows and all(one is not None for one in nulls) else None  # type: ignore[arg-type]
    return ColumnFacts(
        kind,
        distinct=_distinct_texts(field, source) if is_text(field.type) else _distinct(low, high, rows),
        minimum=_spelled(low),
        maximum=_spelled(high),
        nulls=share,
        width=_width(field.type),
        order=_order(field, source, known),
    )


def _known(partition: Partition, column: str) -> tuple[int | None, Any, Any]:
    """Nulls, least and greatest value of a column in a partition."""
    hive = dict(partition.hive)
    if column in hive:
        value = hive[column]
        return ((partition.rows or 0) if value is None else 0), value, value
    fact = partition.fact(column)
    return (None, None, None) if fact is None else (fact.nulls, fact.low, fact.high)


def _bound(choose: Any, values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    return choose(known) if known and len(known) == len(values) else None


def _distinct(low: Any, high: Any, rows: int | None) -> float | None:
    """Whole numbers and days: no more values than fit between the bounds."""
    if rows is None or isinstance(low, bool | dt.datetime) or type(low) is not type(high):
        return None
    if isinstance(low, int):
        return float(max(1, min(rows, high - low + 1)))
    if isinstance(low, dt.date):
        return float(max(1, min(rows, (high - low).days + 1)))
    return None


def _order(field: pa.Field, source: Source, known: list[tuple[int | None, Any, Any]]) -> Order | None:
    """How well rows lie in order of a column of the files; None where that is not known, or with NULLs."""
    in_paths = any(field.name == key for partition in source.partitions for key, _ in partition.hive)
    if in_paths or not (pt.is_integer(field.type) or pt.is_date32(field.type)):
        return None
    runs = []
    for partition, (nulls, low, high) in zip(source.partitions, known, strict=True):
        if partition.rows is None or (partition.rows and (nulls != 0 or low is None or high is None)):
            return None
        if partition.rows:
            ends = [one.toordinal() if isinstance(one, dt.date) else one for one in (low, high)]
            runs.append(Run(ends[0], ends[1], partition.rows, len(partition.row_groups or (0,))))
    return order_of(runs, days=pt.is_date32(field.type))


def _distinct_texts(field: pa.Field, source: Source) -> float | None:
    """As many texts as the bits that a value takes on disk can tell apart.

    A dictionary's numbers are packed, so that TPC-H's 3 order states take 2 bits, its 1000 clerks 10; texts
    that do not repeat take many bits, and are as many as the rows.
    """
    rows, facts = source.rows, [partition.fact(field.name) for partition in source.partitions]
    stored = sum(fact.stored for fact in facts if fact is not None)
    if not rows or not stored or any(fact is None for fact in facts):
        return None
    return float(min(rows, 2 ** min(64.0, 8 * stored / rows)))


def _spelled(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, int | float | str) else None


def _width(kind: pa.DataType) -> float:
    try:
        return max(1.0, float(kind.bit_width) / 8)
    except ValueError:
        return _TEXT_WIDTH
