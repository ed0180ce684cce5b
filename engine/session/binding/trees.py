"""Small questions about T-SQL trees, and small changes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.nodes import FileName, FilePath, is_joined_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def column(table: str, name: str) -> exp.Column:
    return exp.Column(this=quoted(name), table=quoted(table))


def named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=quoted(name))


def table(name: str, alias: str = "", *, schema: str = "") -> exp.Table:
    node = exp.Table(this=quoted(name), db=quoted(schema) if schema else None)
    if alias:
        node.set("alias", exp.TableAlias(this=quoted(alias)))
    return node


def aliased_as(node: exp.Expr, alias: exp.TableAlias | None) -> exp.Expr:
    if alias is not None:
        node.set("alias", alias.copy())
    return node


def visible_ctes(node: exp.Expr) -> list[exp.With]:
    """The WITH clauses around a node, the nearest first; that of the query it names is among them."""
    found = []
    parent = node.parent
    while parent is not None:
        clause = parent.args.get("with_")
        if clause is not None:
            found.append(clause)
        parent = parent.parent
    return found


def is_cte(node: exp.Table) -> bool:
    """Whether a table's name is that of a common table expression around it."""
    if node.args.get("db") or not isinstance(node.this, exp.Identifier):
        return False
    name = node.name.lower()
    return any(cte.alias.lower() == name for clause in visible_ctes(node) for cte in clause.expressions)


def from_items(select: exp.Select) -> Iterator[exp.Expr]:
    """The items of FROM in order, those in parentheses too."""
    first = select.args.get("from_")
    if first is not None:
        yield from _items(first.this)
        for join in select.args.get("joins") or ():
            yield from _items(join.this)


def _items(node: exp.Expr) -> Iterator[exp.Expr]:
    if is_joined_group(node):
        yield from _items(node.this)
    else:
        yield node
    for join in node.args.get("joins") or ():
        yield from _items(join.this)


def exposed(item: exp.Expr) -> list[str]:
    """The name by which columns of an item are qualified, outermost part first."""
    alias = item.args.get("alias")
    if alias is not None and alias.name:
        return [alias.name]
    return [part.name for part in item.parts] if isinstance(item, exp.Table) else []


def star_of(item: exp.Expr) -> exp.Expr:
    """`item.*`."""
    parts = exposed(item)
    fields: dict[str, exp.Expr] = dict(
        zip(("table", "db", "catalog"), [quoted(part) for part in reversed(parts)], strict=False)
    )
    return exp.Column(this=exp.Star(), **fields)


def list_stars(select: exp.Select, shown: Mapping[str, Sequence[exp.Expr]]) -> None:
    """Write out the stars of a select list for sources that have more columns than a star shows.

    Args:
        select: Changed in place.
        shown: What a star of a source stands for, by its alias in lower case.
    """
    listed: list[exp.Expr] = []
    for item in select.expressions:
        if isinstance(item, exp.Star):
            for source in from_items(select):
                listed += _star(source, shown)
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star) and item.table.lower() in shown:
            listed += [one.copy() for one in shown[item.table.lower()]]
        else:
            listed.append(item)
    select.set("expressions", listed)


def _star(source: exp.Expr, shown: Mapping[str, Sequence[exp.Expr]]) -> list[exp.Expr]:
    parts = exposed(source)
    known = shown.get(parts[-1].lower()) if len(parts) == 1 else None
    return [star_of(source)] if known is None else [one.copy() for one in known]


def own_nodes(select: exp.Select, alias: str) -> Iterator[exp.Expr]:
    """The nodes of a SELECT and its subqueries, but for those that give the alias to something else."""
    lowered = alias.lower()

    def prune(node: exp.Expr) -> bool:
        return (
            isinstance(node, exp.Select)
            and node is not select
            and any(exposed(item)[-1:] and exposed(item)[-1].lower() == lowered for item in from_items(node))
        )

    for node in select.walk(prune=prune):
        if not prune(node):
            yield node


def path_calls(select: exp.Select, alias: str) -> list[FilePath | FileName]:
    """`r.filepath(n)` and `r.filename()` of one rowset."""
    return [
        node
        for node in own_nodes(select, alias)
        if isinstance(node, FilePath | FileName) and node.this.name.lower() == alias.lower()
    ]


def conjuncts(condition: exp.Expr | None) -> Iterable[exp.Expr]:
    """The parts of a condition that must all hold."""
    while isinstance(condition, exp.Paren):
        condition = condition.this
    if isinstance(condition, exp.And):
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    elif condition is not None:
        yield condition
