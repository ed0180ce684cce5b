"""A SELECT under construction, as a value: what every node could compute now, still open at its top.

Expressions of the query are identities: `alias.column` means the same wherever its rows have been moved to.
`env` says what an identity is called in this piece; FROM, WHERE, GROUP BY and HAVING are already in the
piece's own names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from engine.sql.plan.functions import is_constant
from engine.sql.plan.names import fresh_name
from engine.sql.plan.trees import Env, aliases_in, all_of, column, derived, named, rewrite

if TYPE_CHECKING:
    from engine.sql.plan.distribution import Spread

Kind = Literal["INNER", "LEFT", "FULL"]
Limiter = Callable[[exp.Select], exp.Select]
# What stands for a row of which no value is needed.
ONE_ROW = (exp.Literal.number(1), "one")


@dataclass(frozen=True, slots=True)
class Source:
    """One FROM item and how it joins those before it; `on` is for outer joins (inner ones use WHERE)."""

    item: exp.Expr
    kind: Kind = "INNER"
    on: tuple[exp.Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows that can be computed where they are.

    Attributes:
        sources: FROM items.
        where: Conditions on them.
        spread: Where the rows are, over identities.
        rows: Estimated number of rows.
        aliases: The aliases of the query that the piece covers.
        env: What identities are called here; a column of a covered alias that is no key is called as it is.
        group: GROUP BY, if rows are grouped here.
        having: Conditions on groups.
        qualify: Conditions on windows.
    """

    sources: tuple[Source, ...]
    where: tuple[exp.Expr, ...]
    spread: Spread
    rows: float
    aliases: frozenset[str]
    env: Env = field(default_factory=dict)
    group: exp.Group | None = None
    having: tuple[exp.Expr, ...] = ()
    qualify: tuple[exp.Expr, ...] = ()

    def resolve(self, tree: exp.Expr) -> exp.Expr:
        """The expression in this piece's names."""
        return rewrite(tree, self.env)

    def offers(self, value: exp.Expr) -> bool:
        """Whether the piece can give the value of an identity."""
        return value in self.env or (isinstance(value, exp.Column) and value.table in self.aliases)

    def filtered(self, conditions: Iterable[exp.Expr], rows: float) -> Piece:
        """The piece with more conditions, given as identities."""
        return replace(
            self, where=self.where + tuple(self.resolve(condition) for condition in conditions), rows=rows
        )

    def close(self, outputs: Iterable[tuple[exp.Expr, str]]) -> exp.Select:
        """The SELECT of these identities under these names."""
        select = exp.Select(expressions=[named(self.resolve(value), name) for value, name in outputs])
        where = _add_sources(select, self.sources, list(self.where))
        if where:
            select.set("where", exp.Where(this=all_of(where)))
        if self.group is not None:
            select.set("group", self.group.copy())
        if self.having:
            select.set("having", exp.Having(this=all_of(self.having)))
        if self.qualify:
            select.set("qualify", exp.Qualify(this=all_of(self.qualify)))
        return select


def _add_sources(select: exp.Select, sources: tuple[Source, ...], where: list[exp.Expr]) -> list[exp.Expr]:
    """Write FROM and its joins; conditions between items stand at the inner join that completes them."""
    if not sources:
        return where
    select.set("from_", exp.From(this=sources[0].item.copy()))
    seen = {sources[0].item.alias_or_name}
    for source in sources[1:]:
        seen.add(source.item.alias_or_name)
        ready = [part for part in where if _links(part, source, seen)]
        where = [part for part in where if part not in ready]
        select.append("joins", _join(source, ready))
    return where


def _links(part: exp.Expr, source: Source, seen: set[str]) -> bool:
    if source.kind != "INNER" or isinstance(source.item, exp.Lateral):
        return False
    read = aliases_in(part)
    return source.item.alias_or_name in read and len(read) > 1 and read <= seen


def _join(source: Source, ready: list[exp.Expr]) -> exp.Join:
    item = source.item.copy()
    if source.kind != "INNER":
        return exp.Join(this=item, side=source.kind, on=all_of(source.on) or exp.true())
    condition = all_of(ready)
    return exp.Join(this=item, on=condition) if condition is not None else exp.Join(this=item, kind="CROSS")


def output_names(values: Iterable[exp.Expr]) -> list[tuple[exp.Expr, str]]:
    """Each value once, with a column name of its own; constants are left out: they need not travel."""
    taken: set[str] = set()
    named_values: dict[exp.Expr, str] = {}
    for value in values:
        if value not in named_values and not is_constant(value):
            wanted = value.name.lower() if isinstance(value, exp.Column) else "e"
            named_values[value] = fresh_name(wanted, taken)
    return list(named_values.items())


def read_from(piece: Piece, item: exp.Expr, outputs: Iterable[tuple[exp.Expr, str]], spread: Spread) -> Piece:
    """The rows of a piece, now found in one FROM item under these names."""
    env = {value: column(name, item.alias_or_name) for value, name in outputs if value != ONE_ROW[0]}
    return Piece((Source(item),), (), spread, piece.rows, piece.aliases, env)


def enclosed(piece: Piece, outputs: Iterable[exp.Expr], alias: str) -> Piece:
    """The piece as one derived table that offers these identities."""
    listed = output_names(outputs) or [ONE_ROW]
    return read_from(piece, derived(piece.close(listed), alias), listed, piece.spread)
