"""Files in order of a key: each node reads a range of it, and what has one key is joined where it is read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from runtime_runs import answered, plain, same, tuples

from engine.lake import Storage, open_dataset
from engine.runtime import BoundTable, bind_source
from engine.runtime.dealing import deal_stored
from engine.runtime.ordering import Run, order_of
from engine.sql.plan import plan_query

ROWS = 20_000
START = dt.date(2000, 1, 1)


def headers(step: int = 1) -> pa.Table:
    keys = range(0, ROWS * step, step)
    return pa.table(
        {
            "k": pa.array(keys, pa.int64()),
            "day": [START + dt.timedelta(days=key // step // 5) for key in keys],
            "who": [key % 7 for key in keys],
        }
    )


def lines() -> pa.Table:
    keys = sorted(key * 7919 % ROWS for key in range(3 * ROWS))
    return pa.table({"k": pa.array(keys, pa.int32()), "price": [at % 100 for at in range(len(keys))]})


@pytest.fixture
def tables(lake: Storage, tmp_path: Path) -> dict[str, BoundTable]:
    """Two files in order of `k`, of several partitions each."""
    pq.write_table(headers(), tmp_path / "headers.parquet", row_group_size=2000)
    pq.write_table(lines(), tmp_path / "lines.parquet", row_group_size=3000)
    return bound(lake, "headers", "lines")


def bound(lake: Storage, *names: str) -> dict[str, BoundTable]:
    # Said to be large: small tables are read by every node.
    return {
        name: bind_source(name, open_dataset(lake, f"{name}.parquet", partition_bytes=20_000).source())
        for name in names
    }


QUERIES = (
    (
        "SELECT h.who, COUNT(*) AS n, SUM(l.price) AS p FROM headers AS h JOIN lines AS l ON l.k = h.k "
        "GROUP BY h.who"
    ),
    "SELECT l.k, SUM(l.price) AS p FROM lines AS l GROUP BY l.k HAVING SUM(l.price) > 150",
    (
        "SELECT h.k, l.price FROM headers AS h LEFT JOIN lines AS l ON l.k = h.k AND l.price > 97 "
        "WHERE h.who = 3"
    ),
    "SELECT COUNT(*) AS n FROM headers AS h WHERE NOT EXISTS (SELECT 1 FROM lines AS l WHERE l.k = h.k)",
    "SELECT h.day, COUNT(*) AS n FROM headers AS h JOIN headers AS g ON g.day = h.day GROUP BY h.day",
)


@pytest.mark.parametrize("nodes", [2, 3, 61])
@pytest.mark.parametrize("query", QUERIES)
def test_ranges_give_what_duckdb_gives(
    query: str, nodes: int, tables: dict[str, BoundTable], tmp_path: Path
) -> None:
    found = tuples(answered(query, tables, nodes=nodes).to_arrow())
    assert same(found, plain(query, {name: f"{tmp_path}/{name}.parquet" for name in tables}))


def test_each_node_reads_its_part_of_the_files(tables: dict[str, BoundTable]) -> None:
    from runtime_runs import qualified

    facts = {name: table.facts for name, table in tables.items()}
    plan = plan_query(qualified(QUERIES[1], tables), facts, nodes=4)
    (scan,) = plan.steps[0].fragment.scans
    assert scan.span is not None
    shares = deal_stored(tables["lines"], scan, 4)
    there = len(tables["lines"].rows.source.partitions)  # type: ignore[union-attr]
    assert [len(share.partitions) for share in shares] == pytest.approx([there / 4] * 4, abs=2)
    (step,) = answered(QUERIES[1], tables, nodes=4).steps
    assert [task.rows for task in step.tasks] == pytest.approx([step.rows / 4] * 4, rel=0.1)


def test_rows_without_a_key_have_no_range(lake: Storage, tmp_path: Path) -> None:
    table = lines().set_column(0, "k", pa.array([None, *range(3 * ROWS - 1)], pa.int64()))
    pq.write_table(table, tmp_path / "lines.parquet", row_group_size=3000)
    assert bound(lake, "lines")["lines"].facts.columns["k"].order is None


def test_a_value_that_paths_tell_has_no_range(lake: Storage, tmp_path: Path) -> None:
    for year in (2019, 2020):
        (tmp_path / "years" / f"year={year}").mkdir(parents=True)
        pq.write_table(headers(), tmp_path / "years" / f"year={year}" / "a.parquet")
    facts = bind_source("years", open_dataset(lake, "years").source()).facts
    assert facts.columns["year"].order is None


@given(
    st.lists(
        st.builds(
            lambda low, more, rows: Run(low, low + more, rows, 1),
            st.integers(-(2**62), 2**62),
            st.integers(0, 2**62),
            st.integers(1, 10**9),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_bounds_give_59_cuts_within_them_in_order(runs: list[Run]) -> None:
    order = order_of(runs)
    assert order is not None
    assert len(order.cuts) == 59
    assert list(order.cuts) == sorted(order.cuts)
    assert min(run.low for run in runs) <= order.cuts[0]
    assert order.cuts[-1] <= max(run.high for run in runs)  # type: ignore[operator]
    assert 0 <= order.overlap <= 1


def test_the_last_day_that_there_is_can_be_a_bound() -> None:
    last = dt.date.max.toordinal()
    order = order_of([Run(last, last, 10, 1)], days=True)
    assert order is not None
    assert set(order.cuts) == {dt.date.max}
