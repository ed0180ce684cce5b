"""What a rule is given besides the node that it translates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sqlglot import exp

from engine.errors import BindError, OptionError, UnsupportedSqlError
from engine.sql.meaning.binding.scopes import Column, Scope, place
from engine.sql.meaning.collation import BIN2, Collation
from engine.sql.meaning.types import PREDICATE, SqlType
from engine.sql.meaning.values import Constant, Value

Schema = Mapping[str, Mapping[str, SqlType]]
Rule = Callable[[Any, "Context"], Value]
# No variable is called so.
CLOCK = "clock()"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the session: its declared type, and its value now."""

    type: SqlType
    value: Constant


class Told(Mapping[str, Variable]):
    """Variables that remember which of them were asked for, whether they are there or not."""

    def __init__(self, variables: Mapping[str, Variable], asked: set[str]) -> None:
        self._variables = variables
        self._asked = asked

    def __getitem__(self, name: str) -> Variable:
        self._asked.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


@dataclass(frozen=True, slots=True)
class Relation:
    """A translated query: the DuckDB tree, and the columns that it gives.

    The tree's own names of the columns are those of `Column.name`; a column without a name is called
    `_col_1`, `_col_2`, ... by its place.
    """

    tree: exp.Query
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a whole statement.

    Attributes:
        schema: Tables by name (`t`, `dbo.t`), case ignored, with the types of their columns in order.
        collation: The collation of the database.
        now: The time of the statement.
        variables: `@name` and `@@NAME` in lower case, and functions of the session such as `db_name()`.
        asked: Takes the names of the variables that were looked up, and `CLOCK` if the time was.
    """

    schema: Schema
    collation: Collation = BIN2
    now: dt.datetime | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def clock(self) -> dt.datetime:
        """Give the time of the statement, aware of its zone.

        Raises:
            OptionError: None was given.
        """
        self.asked.add(CLOCK)
        if self.now is None:
            raise OptionError(
                "The statement asks for the time and was given none.", "Pass now=datetime.now(UTC)."
            )
        return self.now if self.now.tzinfo else self.now.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression stands: its scope, the CTEs it sees, and how to translate what is inside it.

    Attributes:
        settings: What holds for the whole statement.
        scope: The columns that names may mean.
        ctes: Common table expressions by name in lower case.
        rules: The rule of each kind of node.
        query: Translates a query inside an expression.
        numbers: Source of fresh names.
        aggregates: Aggregate functions may stand here.
    """

    settings: Settings
    rules: Mapping[type[exp.Expr], Rule]
    query: Callable[[exp.Expr, Context], Relation]
    scope: Scope = field(default_factory=Scope)
    ctes: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    aggregates: bool = False

    def lower(self, node: exp.Expr) -> Value:
        """Translate an expression.

        Raises:
            UnsupportedSqlError: There is no rule for it.
        """
        rule = self.rules.get(type(node))
        if rule is None:
            raise UnsupportedSqlError(
                f"{type(node).__name__} is not supported in an expression: {node.sql('tsql')[:80]}.",
                **place(node),
            )
        return rule(node, self)

    def value(self, node: exp.Expr) -> Value:
        """Translate an expression that must have a value, not a truth."""
        value = self.lower(node)
        if value.type == PREDICATE:
            raise BindError(
                "A condition stands where a value is expected.",
                "Write CASE WHEN ... THEN 1 ELSE 0 END.",
                **place(node),
            )
        return value

    def condition(self, node: exp.Expr) -> exp.Expr:
        """Translate an expression that must be true, false or unknown."""
        value = self.lower(node)
        if value.type != PREDICATE:
            raise BindError(
                "An expression of non-boolean type specified in a context where a condition is expected.",
                "Compare it with something, as in a = 1.",
                **place(node),
            )
        return value.tree

    def within(self, scope: Scope, *, aggregates: bool = False) -> Context:
        return replace(self, scope=scope, aggregates=aggregates)

    def with_cte(self, name: str, columns: tuple[Column, ...]) -> Context:
        return replace(self, ctes={**self.ctes, name.lower(): columns})

    def subquery(self, node: exp.Expr) -> Relation:
        """Translate a query inside an expression; it sees this scope around it."""
        return self.query(node, replace(self, scope=self.scope.nested(), aggregates=False))

    def fresh(self, stem: str) -> str:
        """Give a name that nothing else has."""
        return f"_{stem}_{next(self.numbers)}"

    def collation_of(self, *kinds: SqlType) -> Collation:
        """Give the collation by which values of these types compare.

        Raises:
            BindError: Two of them ask for different ones.
        """
        asked = [kind.collation for kind in kinds if kind.collation is not None]
        explicit = [collation for collation in asked if collation.explicit]
        chosen = explicit or asked
        if not chosen:
            return self.settings.collation
        if any(not collation.same_rules(chosen[0]) for collation in chosen):
            names = '" and "'.join(sorted({collation.name for collation in chosen}))
            raise BindError(
                f'Cannot resolve the collation conflict between "{names}".',
                "Add a COLLATE clause to one operand.",
            )
        return chosen[0]


def table_columns(schema: Schema, name: str) -> tuple[Column, ...] | None:
    """Give the columns of a table, or None if there is no such table."""
    for known, columns in schema.items():
        if known.lower() == name.lower():
            return tuple(Column(column, kind) for column, kind in columns.items())
    return None
