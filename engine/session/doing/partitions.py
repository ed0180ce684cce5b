"""ALTER TABLE ... SWITCH, SPLIT RANGE and MERGE RANGE: partitions move and change without their rows.

Switching links the files of a partition into the other table; no row is read, as long as no file holds rows
of two partitions (files that other tools wrote may: then the table is written by partitions first).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.errors import BindError, SqlRuntimeError, UnsupportedSqlError
from engine.lake import Table, TableName, abort_write, begin_write, open_table
from engine.lake.moving import linked_part
from engine.lake.table_checks import same_columns
from engine.runtime import layout_of
from engine.session.binding.trees import column as column_tree
from engine.session.binding.trees import named
from engine.session.catalog.declarations import COLUMNSTORE, Declaration
from engine.session.doing.tables import column_of
from engine.session.doing.targets import Target, find_target
from engine.session.journal import Change, commit_changes
from engine.sql.meaning import node_of_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.lake.ranges import Ranges
    from engine.session.doing.run import Run
    from engine.sql.syntax import Name
    from engine.sql.syntax.statements import tables

_SPLIT, _MERGE, _SWITCH = 35346, 35347, 4904
_ROWS = "partitioned"
_REBUILD = (
    "Consider disabling the columnstore index before issuing the ALTER PARTITION statement, then rebuilding "
    "the columnstore index after ALTER PARTITION is complete."
)


@dataclass(frozen=True, slots=True)
class _Side:
    """One table of a SWITCH.

    Attributes:
        target: The table.
        declared: What was declared of it.
        table: The version that is switched.
        number: The partition; None for all rows.
    """

    target: Target
    declared: Declaration
    table: Table
    number: int | None

    def files(self) -> tuple[list[str], list[str]] | None:
        """Files of the partition, and the others; None if some file holds rows of both."""
        ranges = self.declared.ranges
        found: dict[str, set[int | None]] = defaultdict(set)
        for one in self.table.source_with_hidden().partitions:
            number = None if ranges is None else ranges.of_file(one.fact(ranges.column))
            found[one.location].add(number)
        if self.number is None:
            return list(found), []
        if any(numbers != {number} or number is None for numbers in found.values() for number in numbers):
            return None
        inside = [file for file, numbers in found.items() if numbers == {self.number}]
        return inside, [file for file in found if file not in inside]


def do_switch(run: Run, statement: tables.SwitchPartition) -> None:
    """SWITCH: the rows of a partition are the other table's, in one commit of both."""
    source = _side(run, statement.table, statement.partition)
    target = _side(run, statement.target, statement.target_partition)
    if source.declared.schema.lower() == target.declared.schema.lower() and (
        source.declared.name.lower() == target.declared.name.lower()
    ):
        raise BindError("A table is not switched to itself.", "Name another one.")
    _refuse_unlike(source, target)
    if not statement.truncate_target and _rows(run, target):
        raise SqlRuntimeError(
            f"ALTER TABLE SWITCH statement failed. The target partition of table '{statement.target}' must "
            "be empty.",
            "WITH (TRUNCATE_TARGET = ON) replaces what is in it.",
            number=_SWITCH,
        )
    _refuse_nulls(run, source, target)
    source, target = _parted(run, source), _parted(run, target)
    moved, kept = source.files() or ([], [])
    _, others = target.files() or ([], [])
    changes = [_linked(run, source, kept), _linked(run, target, [*others, *moved])]
    commit_changes(run.world.storage, changes[0].writer.job, changes)
    run.rowcount = -1


def do_split(run: Run, statement: tables.SplitRange) -> None:
    """SPLIT RANGE: one boundary more, in a partition that is empty where the table is a columnstore."""
    target, declared, ranges = _ranged(run, statement.table)
    value = _boundary(run, target, ranges, statement.value)
    if value in ranges.bounds:
        raise BindError(
            "Duplicate range boundary values are not allowed in partition function boundary values list.",
            f"There are: {', '.join(map(str, ranges.bounds))}.",
        )
    at = bisect_left(ranges.bounds, value)
    if declared.index == COLUMNSTORE and _count(run, target, ranges, at + 1):
        raise SqlRuntimeError(
            "SPLIT clause of ALTER PARTITION statement failed because the partition is not empty. Only empty "
            f"partitions can be split in when a columnstore index exists on the table. {_REBUILD}",
            "SWITCH the partition out, split, and insert its rows again.",
            number=_SPLIT,
        )
    bounds = (*ranges.bounds[:at], value, *ranges.bounds[at:])
    _declare(run, replace(declared, ranges=replace(ranges, bounds=bounds)))


def do_merge(run: Run, statement: tables.MergeRange) -> None:
    """MERGE RANGE: one boundary less; of a columnstore one of the two partitions must be empty."""
    target, declared, ranges = _ranged(run, statement.table)
    value = _boundary(run, target, ranges, statement.value)
    if value not in ranges.bounds:
        raise BindError(
            "The specified partition range value could not be found.",
            f"There are: {', '.join(map(str, ranges.bounds))}.",
            number=7715,
        )
    at = ranges.bounds.index(value)
    both = [_count(run, target, ranges, number) for number in (at + 1, at + 2)]
    if declared.index == COLUMNSTORE and all(both):
        raise SqlRuntimeError(
            "MERGE clause of ALTER PARTITION statement failed because two nonempty partitions containing a "
            f"columnstore index cannot be merged. {_REBUILD}",
            "SWITCH one of them out before.",
            number=_MERGE,
        )
    _declare(
        run, replace(declared, ranges=replace(ranges, bounds=ranges.bounds[:at] + ranges.bounds[at + 1 :]))
    )


def _side(run: Run, name: Name, number: exp.Expr | None) -> _Side:
    target, declared = _stored(run, name)
    key = run.world.key(name)
    table = open_table(run.world.storage, TableName(key.schema, key.name), target.version)
    if number is None:
        return _Side(target, declared, table, None)
    found, _ = run.value(number, run.world.integer)
    ranges = declared.ranges
    if ranges is None or not isinstance(found, int) or not 1 <= found <= ranges.count:
        there = "has no partitions" if ranges is None else f"has the partitions 1 to {ranges.count}"
        raise BindError(
            f"ALTER TABLE SWITCH statement failed. There is no partition {found!r} of table '{name}'.",
            f"It {there}.",
            name=str(name),
        )
    return _Side(target, declared, table, found)


def _stored(run: Run, name: Name) -> tuple[Target, Declaration]:
    target = find_target(run, name)
    if target.declared is None:
        raise UnsupportedSqlError("Temporary tables have no partitions.", "Use a table of a schema.")
    return target, target.declared


def _ranged(run: Run, name: Name) -> tuple[Target, Declaration, Ranges]:
    target, declared = _stored(run, name)
    if declared.ranges is None:
        raise BindError(
            f"Table '{name}' is not partitioned.", "CREATE TABLE ... WITH (PARTITION (...)) AS SELECT."
        )
    return target, declared, declared.ranges


def _refuse_unlike(source: _Side, target: _Side) -> None:
    """Both tables must hold the same, laid out alike, and the partitions the same values."""
    hidden = [layout_of(side.table) for side in (source, target)]
    schemas = [side.table.schema for side in (source, target)]
    alike = [(one.name.lower(), str(one.type)) for one in source.target.columns] == [
        (one.name.lower(), str(one.type)) for one in target.target.columns
    ]
    if not alike or not same_columns(*schemas):
        raise _unlike("have other columns")
    if hidden[0] != hidden[1] or source.table.description != target.table.description:
        raise _unlike("are distributed otherwise")
    if source.declared.index != target.declared.index:
        raise _unlike("have another index")
    if source.number is not None and target.number is not None:
        one, other = source.declared.ranges, target.declared.ranges
        same_side = one is not None and other is not None and (one.column.lower(), one.right) == (
            other.column.lower(), other.right,
        )  # fmt: skip
        if (
            not same_side
            or one is None
            or other is None
            or (one.span(source.number) != other.span(target.number))
        ):
            raise _unlike("have other boundaries there")
    elif target.number is not None:
        raise _unlike("are not partitioned alike")


def _refuse_nulls(run: Run, source: _Side, target: _Side) -> None:
    """A column that allows no nulls in the target must hold none in the source."""
    pairs = zip(source.target.columns, target.target.columns, strict=True)
    doubtful = [one.name for one, other in pairs if one.nullable and not other.nullable]
    if doubtful:
        missing = exp.or_(
            *(exp.Is(this=column_tree(_ROWS, name), expression=exp.Null()) for name in doubtful)
        )
        if _counted(run, source.target, missing):
            raise _unlike(f"differ: columns {', '.join(doubtful)} of the source hold nulls")


def _unlike(how: str) -> BindError:
    return BindError(
        f"ALTER TABLE SWITCH statement failed. The tables {how}.",
        "Columns, distribution, index and boundaries of the partitions must be the same.",
        number=_SWITCH,
    )


def _parted(run: Run, side: _Side) -> _Side:
    """The side with files of one partition each; written anew if it has others."""
    if side.files() is not None:
        return side
    items = [named(column_tree(_ROWS, column.name), column.name) for column in side.target.columns]
    query = exp.Select(expressions=items).from_(side.target.table(_ROWS), copy=False)
    side.target.write(run, side.target.rows(run, run.bind(query)), "overwrite")
    table = open_table(run.world.storage, side.table.table_name)
    return replace(side, target=replace(side.target, version=table.version), table=table)


def _linked(run: Run, side: _Side, files: Iterable[str]) -> Change:
    """The table with these files in place of its own."""
    writer = begin_write(run.world.storage, side.table.table_name, mode="append")
    try:
        part = linked_part(writer, files)
    except BaseException:
        abort_write(writer)
        raise
    return Change(replace(writer, mode="overwrite", base=side.table.version), (part,))


def _rows(run: Run, side: _Side) -> int:
    if side.number is None or side.declared.ranges is None:
        return _counted(run, side.target, None)
    return _count(run, side.target, side.declared.ranges, side.number)


def _count(run: Run, target: Target, ranges: Ranges, number: int) -> int:
    """Rows of a partition."""
    low, high = ranges.span(number)
    value = column_tree(_ROWS, ranges.column)
    kind = node_of_type(column_of(target.columns, ranges.column).type)

    def bound(of: Any) -> exp.Expr:
        return exp.Cast(this=exp.Literal.string(str(of)), to=kind.copy())

    above, below = (exp.GTE, exp.LT) if ranges.right else (exp.GT, exp.LTE)
    tests: list[exp.Expr] = []
    if low is not None:
        tests.append(above(this=value.copy(), expression=bound(low)))
    if high is not None:
        tests.append(below(this=value.copy(), expression=bound(high)))
    condition = exp.and_(*tests) if tests else None
    if low is None and condition is not None:
        condition = exp.or_(condition, exp.Is(this=value.copy(), expression=exp.Null()))
    return _counted(run, target, condition)


def _counted(run: Run, target: Target, condition: exp.Expr | None) -> int:
    query = exp.Select(expressions=[exp.alias_(exp.Count(this=exp.Star(), big_int=True), "n")])
    query = query.from_(target.table(_ROWS), copy=False)
    bound = run.bind(query if condition is None else query.where(condition, copy=False))
    return int(run.answer(bound).to_arrow().column(0)[0].as_py())


def _boundary(run: Run, target: Target, ranges: Ranges, value: exp.Expr) -> Any:
    found, _ = run.value(value, column_of(target.columns, ranges.column).type)
    if found is None:
        raise BindError("NULL is no boundary.", "It belongs to the first partition.")
    return found


def _declare(run: Run, declaration: Declaration) -> None:
    run.world.definitions.put(declaration.definition())
    run.rowcount = -1
