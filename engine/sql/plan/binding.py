"""From names to tables: every table of a query becomes a scan, every expression gets a type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.plan.estimate import UNKNOWN_DISTINCT, rows_of
from engine.sql.plan.facts import ColumnFacts, Replicate, TableFacts, Tables
from engine.sql.plan.functions import is_volatile
from engine.sql.plan.names import fresh_name, identifier
from engine.sql.plan.rules.distinct_aliases import from_items
from engine.sql.plan.steps import Scan
from engine.sql.plan.trees import aliases_in, all_of, column, columns_in, conjuncts, rewrite
from engine.sql.syntax.nodes import is_joined_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Bound:
    """A query whose tables are scans.

    Attributes:
        tree: The query; tables in it carry scan names.
        scans: Scan by alias.
        tables: Facts by alias.
        known: Facts of columns, by `alias.column`.
        taken: Names that a new name must not collide with.
    """

    tree: exp.Query
    scans: Mapping[str, Scan]
    tables: Mapping[str, TableFacts]
    known: Mapping[exp.Expr, ColumnFacts]
    taken: frozenset[str]


def bind(tree: exp.Query, tables: Tables) -> Bound:
    """Bind a normalised query to its tables (the tree is changed in place).

    Raises:
        BindError: A table or a column of a table that does not exist.
        UnsupportedSqlError: A `*` that was not expanded; the planner takes qualified trees only.
    """
    _refuse_stars(tree)
    facts = {node.alias_or_name: tables.find(_full_name(node)) for node in _base_tables(tree)}
    names = _name_scans(tree)
    _rename_alias_columns(tree, facts)
    scans = _scans(tree, facts, names)
    schema: dict[str, object] = {
        names[alias]: {name: c.type for name, c in table.columns.items()} for alias, table in facts.items()
    }
    typed = annotate_types(tree, schema=MappingSchema(schema, dialect="duckdb"), dialect="duckdb")
    taken = {node.name for node in typed.find_all(exp.Identifier)}
    return Bound(typed, scans, facts, _known(facts), frozenset(taken))


def _refuse_stars(tree: exp.Query) -> None:
    for node in tree.find_all(exp.Star):
        if not isinstance(node.parent, exp.Count):
            raise UnsupportedSqlError(
                "A '*' reached the planner.", "Qualify the query first: list its columns."
            )


def _base_tables(tree: exp.Query) -> Iterator[exp.Table]:
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Identifier) and (node.db or node.name not in ctes):
            yield node


def _full_name(node: exp.Table) -> str:
    return ".".join(part.name for part in node.parts)


def _name_scans(tree: exp.Query) -> dict[str, str]:
    """Give each place where a table is read a scan name of its own: `orders`, `orders_2`, ..."""
    taken = {cte.alias for cte in tree.find_all(exp.CTE)}
    names = {}
    for node in list(_base_tables(tree)):
        names[node.alias_or_name] = name = fresh_name(node.name, taken)
        node.set("this", identifier(name))
        node.set("db", None)
        node.set("catalog", None)
    return names


def _rename_alias_columns(tree: exp.Query, facts: Mapping[str, TableFacts]) -> None:
    """`FROM t AS x(a, b)`: read `x.a` as the first column of t."""
    for node in tree.find_all(exp.Table):
        alias = node.args.get("alias")
        if node.alias_or_name not in facts or alias is None or not alias.columns:
            continue
        real = dict(zip((c.name for c in alias.columns), facts[node.alias_or_name].columns, strict=False))
        alias.set("columns", None)
        for read in tree.find_all(exp.Column):
            if read.table == node.alias_or_name and read.name in real:
                read.set("this", identifier(real[read.name]))


def _scans(tree: exp.Query, facts: Mapping[str, TableFacts], names: Mapping[str, str]) -> dict[str, Scan]:
    needed: dict[str, set[str]] = {alias: set() for alias in facts}
    for read in columns_in(tree):
        if read.table in facts:
            _check_column(read, facts[read.table])
            needed[read.table].add(read.name)
    filters = leaf_filters(tree, frozenset(facts))
    return {
        alias: Scan(
            name=names[alias],
            table=table.name,
            alias=alias,
            columns=tuple(name for name in table.columns if name in needed[alias]),
            predicate=filters.get(alias),
            whole=isinstance(table.layout, Replicate),
        )
        for alias, table in facts.items()
    }


def _check_column(read: exp.Column, table: TableFacts) -> None:
    if read.name not in table.columns:
        raise BindError(
            f"Invalid column name '{read.name}' of table '{table.name}'.",
            f"Its columns are {', '.join(table.columns)}.",
            table=table.name,
        )


def _known(facts: Mapping[str, TableFacts]) -> dict[exp.Expr, ColumnFacts]:
    known: dict[exp.Expr, ColumnFacts] = {}
    for alias, table in facts.items():
        guess = max(rows_of(table) * UNKNOWN_DISTINCT, 1.0)
        for name, of_column in table.columns.items():
            distinct = of_column.distinct if of_column.distinct is not None else guess
            known[column(name, alias)] = replace(of_column, distinct=distinct)
    return known


def leaf_filters(tree: exp.Query, aliases: frozenset[str]) -> dict[str, exp.Expr]:
    """Per table alias, what WHERE and ON demand of its rows alone, in bare columns: for skipping files."""
    found: dict[str, list[exp.Expr]] = {}
    for select in tree.find_all(exp.Select):
        padded = _padded_aliases(select)
        for part, own in _filters_of(select, padded):
            read = aliases_in(part)
            if (
                len(read) == 1
                and read <= aliases & own
                and not part.find(exp.Query)
                and not is_volatile(part)
            ):
                (alias,) = read
                bare: dict[exp.Expr, exp.Expr] = {c: column(c.name) for c in columns_in(part)}
                found.setdefault(alias, []).append(rewrite(part, bare))
    return {alias: condition for alias, parts in found.items() if (condition := all_of(parts)) is not None}


def _filters_of(select: exp.Select, padded: frozenset[str]) -> Iterator[tuple[exp.Expr, frozenset[str]]]:
    """Conditions with the aliases whose rows they may be used to skip."""
    here = frozenset(item.alias_or_name for item in from_items(select))
    where = select.args.get("where")
    yield from ((part, here - padded) for part in conjuncts(where.this if where else None))
    for join in select.args.get("joins") or ():
        own = frozenset({join.alias_or_name})
        if join.side == "LEFT":
            yield from ((part, own) for part in conjuncts(join.args.get("on")))
        elif join.side == "":
            yield from ((part, here - padded) for part in conjuncts(join.args.get("on")))


def _padded_aliases(select: exp.Select) -> frozenset[str]:
    """Aliases whose rows an outer join may replace by NULLs."""
    start = select.args.get("from_")
    before = {start.this.alias_or_name} if start else set()
    padded: set[str] = set()
    for join in select.args.get("joins") or ():
        inside = {item.alias_or_name for item in join.this.find_all(exp.Table)} | {join.alias_or_name}
        if join.side in ("LEFT", "FULL"):
            padded |= inside
        if join.side in ("RIGHT", "FULL"):
            padded |= before
        if is_joined_group(join.this):
            padded |= inside  # joins inside parentheses: taken as padded, which only skips less
        before |= inside
    return frozenset(padded)
