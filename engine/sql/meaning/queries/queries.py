"""Any query: the one way in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.sql.meaning.binding.scopes import Scope, place
from engine.sql.meaning.queries.ctes import recursion_depth, with_clause
from engine.sql.meaning.queries.selects import select_relation
from engine.sql.meaning.queries.set_operations import set_relation

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context, Relation

# These steer SQL Server's optimizer, or name the statement: the answer is the same without them.
_ADVICE = frozenset(
    option.strip()
    for option in """
    CONCAT UNION, DISABLE EXTERNALPUSHDOWN, DISABLE SCALEOUTEXECUTION, DISABLE_OPTIMIZED_PLAN_FORCING,
    EXPAND VIEWS, FAST, FORCE EXTERNALPUSHDOWN, FORCE ORDER, FORCE SCALEOUTEXECUTION, HASH GROUP, HASH JOIN,
    HASH UNION, IGNORE_NONCLUSTERED_COLUMNSTORE_INDEX, KEEP PLAN, KEEPFIXED PLAN, LABEL, LOOP JOIN, MAXDOP,
    MAXRECURSION, MAX_GRANT_PERCENT, MERGE JOIN, MERGE UNION, MIN_GRANT_PERCENT, NO_PERFORMANCE_SPOOL,
    OPTIMIZE FOR UNKNOWN, ORDER GROUP, PARAMETERIZATION FORCED, PARAMETERIZATION SIMPLE, QUERYTRACEON,
    RECOMPILE, ROBUST PLAN
    """.split(",")
)


def query_relation(node: exp.Expr, context: Context) -> Relation:
    """Translate a query; the scope of the context is what is around it.

    Raises:
        UnsupportedSqlError: It is no query, or asks for what is not honoured.
    """
    node = _unwrapped(node)
    if not isinstance(node, exp.Select | exp.SetOperation):
        raise UnsupportedSqlError(f"{type(node).__name__} is not supported as a query.", **place(node))
    _check_options(node)
    outer = context
    clause = node.args.get("with_")
    with_ = None
    if clause is not None:
        with_, context = with_clause(clause, context, depth=recursion_depth(node))
    context = replace(context, scope=Scope((), outer.scope.outer), aggregates=False)
    relation = select_relation(node, context) if isinstance(node, exp.Select) else set_relation(node, context)
    if with_ is not None:
        relation.tree.set("with_", with_)
    return relation


def _unwrapped(node: exp.Expr) -> exp.Expr:
    """Take off parentheses that say nothing."""
    while isinstance(node, exp.Subquery | exp.Paren) and not any(
        value for key, value in node.args.items() if key != "this"
    ):
        node = node.this
    return node


def _check_options(node: exp.Query) -> None:
    for option in node.args.get("options") or []:
        if option.name.upper() not in _ADVICE:
            raise UnsupportedSqlError(f"OPTION ({option.name}) is not supported.", **place(node))
