"""What kind of function a node calls: an aggregate, a window, one whose value may differ each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.trees import walk_here

if TYPE_CHECKING:
    from collections.abc import Iterator

# Aggregates (and macros over aggregates) of DuckDB 2.0 by name, for calls that sqlglot has no class for. A
# test compares with `duckdb_functions()`: an aggregate that is taken for a scalar function is answered
# wrongly.
AGGREGATES = frozenset(
    """
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
    arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and
    bit_or bit_xor bitstring_agg bool_and bool_or combine_aggr corr count count_if count_star
    countif covar_pop covar_samp decimal_average entropy favg first fsum geomean geometric_mean
    group_concat histogram histogram_exact json_group_array json_group_object json_group_structure
    kahan_sum kurtosis kurtosis_pop last list listagg lttb mad max max_by mean median min min_by
    mode product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept
    regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile sem skewness stddev stddev_pop
    stddev_samp string_agg sum sum_no_overflow sumkahan var_pop var_samp variance
    variant_group_array variant_group_object wavg weighted_avg
    """.split()
)
_ROW_MAKERS = frozenset({"unnest", "generate_subscripts", "regexp_split_to_table"})
_WRAPPERS = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_VOLATILE = (
    exp.Rand,
    exp.Randn,
    exp.Uuid,
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Localtime,
    exp.Localtimestamp,
)
_VOLATILE_NAMES = frozenset(
    """
    ago current_connection_id current_date current_query current_query_id current_time
    current_timestamp current_transaction_id currval gen_random_uuid get_current_time
    get_current_timestamp localtime localtimestamp nextval now random setseed setval sleep_ms stats
    today transaction_timestamp txid_current uuid uuidv4 uuidv7 vector_type write_log
    """.split()
)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether the node itself calls an aggregate function (as a window function too)."""
    return isinstance(node, (exp.AggFunc, exp.AnyValue)) or _is_call(node, AGGREGATES)


def bare_aggregate(node: exp.Expr) -> exp.Expr:
    """The call inside FILTER, IGNORE NULLS and WITHIN GROUP."""
    while isinstance(node, _WRAPPERS):
        node = node.this
    return node


def aggregates_here(tree: exp.Expr | None) -> Iterator[exp.Expr]:
    """The aggregates of one query level, each with its wrappers; those of windows are no aggregates.

    >>> from sqlglot import parse_one
    >>> tree = parse_one("RANK() OVER (ORDER BY SUM(a)) + COUNT(b) FILTER (WHERE c)", dialect="duckdb")
    >>> [node.sql() for node in aggregates_here(tree)]
    ['SUM(a)', 'COUNT(b) FILTER(WHERE c)']
    """
    if tree is None or isinstance(tree, exp.Query):
        return
    if isinstance(tree, exp.Window):
        called = bare_aggregate(tree.this)
        for child in (*called.iter_expressions(), *_besides_call(tree)):
            yield from aggregates_here(child)
    elif is_aggregate(bare_aggregate(tree)):
        yield tree
    else:
        for child in tree.iter_expressions():
            yield from aggregates_here(child)


def _besides_call(window: exp.Window) -> Iterator[exp.Expr]:
    return (child for child in window.iter_expressions() if child is not window.this)


def windows_here(tree: exp.Expr | None) -> Iterator[exp.Window]:
    """The window calls of one query level."""
    return (node for node in walk_here(tree) if isinstance(node, exp.Window))


def is_volatile(tree: exp.Expr) -> bool:
    """Whether two evaluations of the tree may differ: random numbers, the clock, sequences."""
    return any(_is_volatile_call(node) for node in tree.walk())


def is_volatile_here(tree: exp.Expr) -> bool:
    """Whether the tree calls a volatile function at its own query level."""
    return any(_is_volatile_call(node) for node in walk_here(tree))


def _is_volatile_call(node: exp.Expr) -> bool:
    return isinstance(node, _VOLATILE) or _is_call(node, _VOLATILE_NAMES)


def makes_rows(tree: exp.Expr) -> bool:
    """Whether the expression yields several rows for one (`unnest` in a select list)."""
    return any(
        isinstance(node, (exp.Unnest, exp.Explode)) or _is_call(node, _ROW_MAKERS) for node in walk_here(tree)
    )


def _is_call(node: exp.Expr, names: frozenset[str]) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() in names


def is_constant(tree: exp.Expr) -> bool:
    """Whether the expression has one value for all rows, known without them."""
    varying = (exp.Column, exp.Query, exp.Window)
    return not any(isinstance(node, varying) or is_aggregate(node) for node in tree.walk())
