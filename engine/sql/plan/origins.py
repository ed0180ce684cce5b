"""Which columns of tables a query equates or groups by, through derived tables: a hint, never a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.hashing import hash_core
from engine.sql.plan.rules.name_outputs import leftmost_select
from engine.sql.plan.trees import column

if TYPE_CHECKING:
    from collections.abc import Container, Iterator


class Origins:
    """The columns of a bound query, each followed to the table that it comes from.

    Args:
        tree: The query; every alias in it is unique.
    """

    def __init__(self, tree: exp.Expr) -> None:
        self._tree = tree
        self._behind: dict[exp.Expr, exp.Expr] = {}
        ctes = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
        for item in tree.find_all(exp.Subquery, exp.Table):
            if item.alias_or_name:
                query = item.this if isinstance(item, exp.Subquery) else ctes.get(item.name)
                self._note(item.alias_or_name, query)

    def _note(self, alias: str, query: exp.Expr | None) -> None:
        select = leftmost_select(query) if query is not None else None
        for output in select.expressions if select is not None else ():
            self._behind[column(output.alias_or_name, alias)] = hash_core(output.unalias())

    def of(self, value: exp.Expr) -> exp.Expr:
        """What a value is in terms of tables."""
        value = hash_core(value)
        for _ in range(64):  # a recursive query may go round in circles
            behind = self._behind.get(value)
            if behind is None:
                break
            value = behind
        return value

    def equal(self, among: Container[exp.Expr]) -> list[list[exp.Expr]]:
        """Groups of columns that conditions equate, of those `among`; each column is in one group."""
        groups: dict[exp.Expr, list[exp.Expr]] = {}
        for pair in self._pairs():
            if all(value in among for value in pair):
                one, other = (groups.setdefault(value, [value]) for value in pair)
                if one is not other:
                    one.extend(other)
                    groups.update(dict.fromkeys(other, one))
        alone = [
            [value] for value in dict.fromkeys(self._grouped()) if value in among and value not in groups
        ]
        return [*{id(group): group for group in groups.values()}.values(), *alone]

    def grouped(self, among: Container[exp.Expr]) -> frozenset[exp.Expr]:
        """The columns by which rows are grouped, of those `among`."""
        return frozenset(value for value in self._grouped() if value in among)

    def _pairs(self) -> Iterator[tuple[exp.Expr, exp.Expr]]:
        for node in self._tree.find_all(exp.EQ):
            yield self.of(node.this), self.of(node.expression)
        for test in self._tree.find_all(exp.In):
            select = leftmost_select(test.args["query"]) if test.args.get("query") else None
            if select is not None and len(select.expressions) == 1:
                yield self.of(test.this), self.of(select.expressions[0].unalias())

    def _grouped(self) -> Iterator[exp.Expr]:
        for node in self._tree.find_all(exp.Group):
            yield from (self.of(key) for key in node.expressions)
        for window in self._tree.find_all(exp.Window):
            yield from (self.of(key) for key in window.args.get("partition_by") or ())
