"""Statements that define, change and describe tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sqlglot import exp

from engine.sql.syntax.statements.base import Name, Statement
from engine.sql.syntax.statements.queries import QueryStatement


@dataclass(frozen=True, slots=True)
class Identity:
    """`IDENTITY(seed, increment)`."""

    seed: int = 1
    increment: int = 1


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """One column of CREATE TABLE; `nullable` is None when the text does not say."""

    name: str
    kind: exp.DataType
    nullable: bool | None = None
    default: exp.Expr | None = None
    identity: Identity | None = None
    collation: str = ""


@dataclass(frozen=True, slots=True)
class KeyConstraint:
    """PRIMARY KEY or UNIQUE, NOT ENFORCED: a promise, nobody checks it."""

    columns: tuple[str, ...]
    primary: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class HashDistribution:
    columns: tuple[str, ...]


class Distribution(Enum):
    ROUND_ROBIN = "ROUND_ROBIN"
    REPLICATE = "REPLICATE"


@dataclass(frozen=True, slots=True)
class ColumnstoreIndex:
    """CLUSTERED COLUMNSTORE INDEX [ORDER (columns)]."""

    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusteredIndex:
    """CLUSTERED INDEX (columns); `descending` has one flag for each."""

    columns: tuple[str, ...]
    descending: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Heap:
    pass


@dataclass(frozen=True, slots=True)
class Partitioning:
    """`PARTITION (column RANGE LEFT|RIGHT FOR VALUES (...))`: the side that a boundary belongs to."""

    column: str
    right: bool
    values: tuple[exp.Expr, ...]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """WITH (...) of CREATE TABLE and its like; None is what the text does not say.

    `location` is USER_DB or empty: where the older appliance kept a temporary table.
    """

    distribution: HashDistribution | Distribution | None = None
    index: ColumnstoreIndex | ClusteredIndex | Heap | None = None
    partition: Partitioning | None = None
    location: str = ""


@dataclass(frozen=True, slots=True)
class CreateTable(Statement):
    name: Name
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[KeyConstraint, ...]
    options: TableOptions


@dataclass(frozen=True, slots=True)
class CreateTableAs(QueryStatement):
    """CREATE TABLE ... AS SELECT; `columns` renames those of the query, or is empty."""

    name: Name
    columns: tuple[str, ...]
    table: TableOptions


@dataclass(frozen=True, slots=True)
class AddColumns(Statement):
    """`ALTER TABLE table ADD column ...`, and keys."""

    table: Name
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[KeyConstraint, ...] = ()


@dataclass(frozen=True, slots=True)
class AlterColumn(Statement):
    table: Name
    column: ColumnDefinition


@dataclass(frozen=True, slots=True)
class DropColumns(Statement):
    table: Name
    columns: tuple[str, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropConstraints(Statement):
    table: Name
    constraints: tuple[str, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class SwitchPartition(Statement):
    """`ALTER TABLE table SWITCH [PARTITION n] TO target [PARTITION m] [WITH (TRUNCATE_TARGET = ON)]`."""

    table: Name
    target: Name
    partition: exp.Expr | None = None
    target_partition: exp.Expr | None = None
    truncate_target: bool = False


@dataclass(frozen=True, slots=True)
class SplitRange(Statement):
    table: Name
    value: exp.Expr


@dataclass(frozen=True, slots=True)
class MergeRange(Statement):
    table: Name
    value: exp.Expr


@dataclass(frozen=True, slots=True)
class Sample:
    """How much of a table its statistics read: FULLSCAN is 100 PERCENT."""

    amount: float
    percent: bool


@dataclass(frozen=True, slots=True)
class CreateStatistics(Statement):
    name: str
    table: Name
    columns: tuple[str, ...]
    where: exp.Expr | None = None
    sample: Sample | None = None


@dataclass(frozen=True, slots=True)
class UpdateStatistics(Statement):
    """`names` is empty when all statistics of the table are meant."""

    table: Name
    names: tuple[str, ...] = ()
    sample: Sample | None = None
