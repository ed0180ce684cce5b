"""Functions that only a window makes sense of: ranks, neighbours and percentiles."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.branching import branch_tree
from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.functions.aggregates import Over
from engine.sql.meaning.functions.call import Call
from engine.sql.meaning.trees import number
from engine.sql.meaning.types import BIGINT, FLOAT, SqlType
from engine.sql.meaning.values import Value

Windowed = Callable[[Call, Over], Value]


def _rank(node: type[exp.Func], kind: SqlType) -> Windowed:
    def build(call_: Call, over: Over) -> Value:
        del call_
        return Value(over(node()), kind)

    return build


def tiles(call_: Call, over: Over) -> Value:
    """NTILE."""
    count = convert(call_.value(0), BIGINT)
    if isinstance(count.constant, int) and count.constant <= 0:
        raise BindError(
            "The function 'ntile' takes only a positive int or bigint expression as its input.",
            **place(call_.node),
        )
    return Value(over(exp.Ntile(this=count.tree)), BIGINT)


def _neighbour(node: type[exp.Func]) -> Windowed:
    """Make LAG or LEAD: the default takes the type of the value."""

    def build(call_: Call, over: Over) -> Value:
        value = call_.typed(0)
        offset = convert(call_.value(1), BIGINT).tree if call_.has(1) else number(1)
        default = branch_tree(convert(call_.value(2), value.type)) if call_.has(2) else None
        return Value(over(node(this=value.tree, offset=offset, default=default)), value.type)

    return build


def _edge(node: type[exp.Func]) -> Windowed:
    """Make FIRST_VALUE or LAST_VALUE."""

    def build(call_: Call, over: Over) -> Value:
        value = call_.typed(0)
        return Value(over(node(this=value.tree)), value.type)

    return build


WINDOWED: dict[str, Windowed] = {
    "CUME_DIST": _rank(exp.CumeDist, FLOAT),
    "DENSE_RANK": _rank(exp.DenseRank, BIGINT),
    "FIRST_VALUE": _edge(exp.FirstValue),
    "LAG": _neighbour(exp.Lag),
    "LAST_VALUE": _edge(exp.LastValue),
    "LEAD": _neighbour(exp.Lead),
    "NTILE": tiles,
    "PERCENT_RANK": _rank(exp.PercentRank, FLOAT),
    "RANK": _rank(exp.Rank, BIGINT),
    "ROW_NUMBER": _rank(exp.RowNumber, BIGINT),
}
# These stand before WITHIN GROUP (ORDER BY ...) OVER (...).
PERCENTILES: dict[str, type[exp.AggFunc]] = {
    "PERCENTILE_CONT": exp.PercentileCont,
    "PERCENTILE_DISC": exp.PercentileDisc,
}
