"""The rules by which the parts of the grammar reach each other.

Each part is a class of a few rules over one cursor; `parser.Parser` joins them. Grammar is recursive (an
expression holds a query that holds expressions), the imports are not: a part calls only what stands here,
what it defines itself and what its own bases define.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.cursor import Cursor

if TYPE_CHECKING:
    from engine.sql.syntax.statements.base import Name, Statement
    from engine.sql.syntax.tokens import Token


class Grammar(Cursor, ABC):
    """The entry points of all parts."""

    @abstractmethod
    def identifier(self) -> exp.Identifier: ...

    @abstractmethod
    def at_name(self, distance: int = 0) -> bool: ...

    @abstractmethod
    def at_free_name(self) -> bool: ...

    @abstractmethod
    def dotted(self) -> list[exp.Identifier | None]: ...

    @abstractmethod
    def object_name(self) -> Name: ...

    @abstractmethod
    def table(self, parts: list[exp.Identifier | None]) -> exp.Table: ...

    @abstractmethod
    def table_name(self) -> exp.Table: ...

    @abstractmethod
    def table_alias(self, *, columns: bool, required: bool = False) -> exp.TableAlias | None: ...

    @abstractmethod
    def positioned(self, node: exp.Expr, token: Token) -> None: ...

    @abstractmethod
    def data_type(self) -> exp.DataType: ...

    @abstractmethod
    def collation(self) -> exp.Var: ...

    @abstractmethod
    def constant(self) -> exp.Expr: ...

    @abstractmethod
    def operand(self) -> exp.Expr: ...

    @abstractmethod
    def expression(self) -> exp.Expr: ...

    @abstractmethod
    def condition(self) -> exp.Expr: ...

    @abstractmethod
    def variable(self) -> exp.Parameter: ...

    @abstractmethod
    def call(self, name: Token, schema: list[exp.Identifier | None]) -> exp.Expr: ...

    @abstractmethod
    def windowed(self, function: exp.Expr) -> exp.Expr: ...

    @abstractmethod
    def order_by(self) -> exp.Order: ...

    @abstractmethod
    def table_hints(self) -> list[exp.Expr]: ...

    @abstractmethod
    def table_sources(self) -> tuple[exp.From, list[exp.Join]]: ...

    @abstractmethod
    def table_source(self) -> exp.Expr: ...

    @abstractmethod
    def rowset(self, name: Token) -> exp.Expr: ...

    @abstractmethod
    def pivot(self) -> exp.Pivot: ...

    @abstractmethod
    def query(self) -> exp.Query: ...

    @abstractmethod
    def outer_query(self, with_: exp.With | None = None) -> exp.Query: ...

    @abstractmethod
    def definition(self) -> exp.Query: ...

    @abstractmethod
    def select(self, *, outer: bool) -> exp.Select: ...

    @abstractmethod
    def for_clause(self) -> exp.ForClause: ...

    @abstractmethod
    def offset(self) -> tuple[exp.Offset, exp.Fetch | None]: ...

    @abstractmethod
    def from_clause(self, select: exp.Select) -> None: ...

    @abstractmethod
    def assigned_value(self, target: exp.Expr) -> exp.Expr: ...

    @abstractmethod
    def with_clause(self) -> exp.With: ...

    @abstractmethod
    def top(self) -> exp.Limit | None: ...

    @abstractmethod
    def values(self, *, defaults: bool = False) -> exp.Values: ...

    @abstractmethod
    def options(self) -> list[exp.QueryOption]: ...

    @abstractmethod
    def statement(self) -> Statement: ...

    @abstractmethod
    def statements(self, *ends: str) -> tuple[Statement, ...]: ...
