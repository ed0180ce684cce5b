"""T-SQL over a lake and over distributed tables: TPC-H, and how long any query takes at the least."""

from __future__ import annotations

import math
from typing import Final

from benchmarks.case import Answer, Case, Parameters, Verdict

# AVG and quotients of decimals keep six digits behind the point in T-SQL, cut; DuckDB answers in doubles, and
# Spark rounds. So each value may be off by one unit of the sixth digit, and the sums by their own error.
_DIGITS: Final = 1.001e-6


def check_tpch(answer: Answer, parameters: Parameters) -> Verdict:
    """All 22 queries gave rows; the smallest scales have none for some."""
    if len(answer["queries"]) != 22:
        return f"answered {len(answer['queries'])} of 22 queries"
    empty = [name for name, columns in answer["queries"].items() if not columns[0][1]]
    return f"no rows from {', '.join(empty)}" if empty and parameters["scale"] >= 1 else None


def agree_tpch(ours: Answer, theirs: Answer) -> Verdict:
    """Every column of every query holds as many values, and they add up to the same."""
    for name, columns in ours["queries"].items():
        others = theirs["queries"][name]
        if len(columns) != len(others):
            return f"{name} has {len(others)} columns, not {len(columns)}"
        for number, (own, other) in enumerate(zip(columns, others, strict=True), 1):
            if not _same(own, other):
                return f"{name}, column {number}: {other}, not {own}"
    return None


def _same(own: list[float], other: list[float]) -> bool:
    kind, count, total = own
    allowed = _DIGITS * max(1.0, count)
    return own[:2] == other[:2] and (
        total == other[2]
        if kind == "text"
        else math.isclose(total, other[2], rel_tol=_DIGITS, abs_tol=allowed)
    )


def check_one(answer: Answer, _: Parameters) -> Verdict:
    return None if answer == {"value": 1} else f"answered {answer}, not 1"


def _tpch(name: str, what: str, nodes: int, *peers: str) -> Case:
    return Case(
        package=__name__,
        name=name,
        what=f"TPC-H's 22 queries {what}",
        check=check_tpch,
        agree=agree_tpch,
        peers=peers,
        parameters={"scale": 1, "nodes": nodes},
        toy={"scale": 0.01},
        repeat=3,
        timeout=1800.0,
    )


CASES: Final = (
    _tpch("tpch_files", "over Parquet files, one node with all cores", 1, "duckdb", "spark"),
    _tpch("tpch_tables", "over distributed tables, one node with all cores", 1, "duckdb"),
    _tpch("tpch_two_nodes", "over Parquet files, two nodes with half the cores each", 2, "duckdb"),
    _tpch("tpch_tables_two_nodes", "over distributed tables, two nodes", 2, "duckdb"),
    Case(
        package=__name__,
        name="trivial",
        what="SELECT 1 on a warm pool",
        check=check_one,
        peers=("duckdb",),
        repeat=30,
    ),
)
