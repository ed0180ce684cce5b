from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from engine.sql.plan.names import fresh_name, identifier
from engine.sql.syntax.nodes import is_joined_group

Names = Mapping[str, str]


def distinct_aliases(tree: exp.Query) -> exp.Query:
    """Give every FROM item and CTE an alias of its own, so that `alias.column` means one thing.

    >>> from sqlglot import parse_one
    >>> sql = "SELECT t.a FROM t WHERE EXISTS(SELECT 1 FROM u AS t WHERE t.a = 1) AND t.b = 2"
    >>> distinct_aliases(parse_one(sql)).sql()
    'SELECT t.a FROM t AS t WHERE EXISTS(SELECT 1 FROM u AS t_2 WHERE t_2.a = 1) AND t.b = 2'
    """
    _Renamer().query(tree, {}, {})
    return tree


class _Renamer:
    def __init__(self) -> None:
        self._taken: set[str] = set()

    def _fresh(self, wanted: str) -> str:
        return fresh_name(wanted, self._taken)

    def query(self, query: exp.Expr, aliases: Names, ctes: Names) -> None:
        ctes = self._name_ctes(query, aliases, ctes)
        visible = dict(aliases)
        items = list(from_items(query)) if isinstance(query, exp.Select) else []
        for item in items:
            self._item(item, visible, ctes)
        done = {id(item) for item in items} | {id(query.args.get("with_"))}
        for child in query.iter_expressions():
            self._walk(child, visible, ctes, done)

    def _name_ctes(self, query: exp.Expr, aliases: Names, ctes: Names) -> Names:
        clause = query.args.get("with_")
        if clause is None:
            return ctes
        visible = dict(ctes)
        for cte in clause.expressions:
            old, new = cte.alias, self._fresh(cte.alias)
            inside = {**visible, old: new} if clause.recursive else visible
            self.query(cte.this, aliases, inside)
            cte.args["alias"].set("this", identifier(new))
            visible[old] = new
        return visible

    def _item(self, item: exp.Expr, visible: dict[str, str], ctes: Names) -> None:
        if isinstance(item, exp.Table):
            if item.name in ctes and not item.db:
                old = item.alias_or_name
                item.set("this", identifier(ctes[item.name]))
                _set_alias(item, old)
            for child in item.iter_expressions():
                if not isinstance(child, (exp.Identifier, exp.TableAlias, exp.Join)):
                    self._walk(child, visible, ctes, set())
        elif isinstance(item, exp.Subquery):
            self.query(item, visible, ctes)
        else:
            self._walk(item, visible, ctes, set())
        old = item.alias_or_name or "q"
        new = self._fresh(old)
        _set_alias(item, new)
        visible[old] = new

    def _walk(self, node: exp.Expr, visible: Names, ctes: Names, done: set[int]) -> None:
        if id(node) in done:
            for join in node.args.get("joins") or ():
                self._walk(join, visible, ctes, done)
            return
        if isinstance(node, exp.Query) and not is_joined_group(node):
            self.query(node, visible, ctes)
            return
        if isinstance(node, exp.Column) and node.table in visible:
            node.set("table", identifier(visible[node.table]))
            node.set("db", None)
        for child in node.iter_expressions():
            self._walk(child, visible, ctes, done)


def _set_alias(item: exp.Expr, name: str) -> None:
    alias = item.args.get("alias")
    if isinstance(alias, exp.TableAlias):
        alias.set("this", identifier(name))
    else:
        item.set("alias", exp.TableAlias(this=identifier(name)))


def from_items(select: exp.Expr) -> Iterator[exp.Expr]:
    """The FROM items of a SELECT, left to right; those inside parentheses `(a JOIN b ON ...)` one by one."""
    start = select.args.get("from_")
    if start is not None:
        yield from _items_of(start.this)
    for join in select.args.get("joins") or ():
        yield from _items_of(join.this)
    yield from select.args.get("laterals") or ()


def _items_of(item: exp.Expr) -> Iterator[exp.Expr]:
    if is_joined_group(item):
        yield from _items_of(item.this)
        return
    yield item
    for join in item.args.get("joins") or ():
        yield from _items_of(join.this)
