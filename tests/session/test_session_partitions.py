"""Partitions: which rows are of which, and that switching moves files and not rows."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BindError, NotFoundError, SqlRuntimeError
from engine.lake import Storage, open_table, write_table
from engine.lake.ranges import Ranges
from engine.runtime import InlineTasks
from engine.session import Session

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

RANGE = "PARTITION (dt RANGE RIGHT FOR VALUES ('2020-01-01', '2020-02-01'))"
MADE = (
    f"CREATE TABLE f (k INT, dt DATE) WITH (DISTRIBUTION = HASH(k), CLUSTERED COLUMNSTORE INDEX, {RANGE});"
    "INSERT INTO f SELECT value, DATEADD(day, value % 90, '2019-12-15') FROM GENERATE_SERIES(1, 900);"
    f"CREATE TABLE g WITH (DISTRIBUTION = HASH(k), {RANGE}) AS SELECT * FROM f WHERE 1 = 2;"
)
JANUARY = "SELECT COUNT(*) AS n FROM {} WHERE dt >= '2020-01-01' AND dt < '2020-02-01'"


@pytest.fixture
def session(storage: Storage) -> Session:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    made = Session(InlineTasks(), storage, nodes=lambda _: 2, models=no_models)
    made.run(MADE)
    return made


def inodes(storage: Storage, name: str) -> set[int]:
    partitions = open_table(storage, name).source().partitions
    return {Path(one.location).stat().st_ino for one in partitions}


def test_switching_moves_a_partition_and_no_row_is_written(
    session: Session, storage: Storage, ask: Ask
) -> None:
    before = inodes(storage, "f")
    [[january]] = ask(JANUARY.format("f"))
    session.run("ALTER TABLE f SWITCH PARTITION 2 TO g PARTITION 2")
    assert ask("SELECT (SELECT COUNT(*) FROM f) AS f, COUNT(*) AS g FROM g") == [(900 - january, january)]
    assert ask(JANUARY.format("g")) == [(january,)]
    assert inodes(storage, "f") | inodes(storage, "g") == before
    assert not inodes(storage, "f") & inodes(storage, "g")
    with pytest.raises(SqlRuntimeError, match="target partition of table 'g' must be empty"):
        session.run(
            "INSERT INTO f VALUES (1, '2020-01-05'); ALTER TABLE f SWITCH PARTITION 2 TO g PARTITION 2"
        )
    session.run("ALTER TABLE f SWITCH PARTITION 2 TO g PARTITION 2 WITH (TRUNCATE_TARGET = ON)")
    assert ask("SELECT * FROM g") == ask("SELECT 1 AS k, CAST('2020-01-05' AS DATE) AS dt")
    session.run(
        "UPDATE g SET k = k + 1; DELETE FROM f WHERE k = 5; ALTER TABLE g SWITCH PARTITION 2 TO f PARTITION 2"
    )
    assert ask(JANUARY.format("f")) == [(1,)]


def test_what_is_unlike_does_not_switch(session: Session) -> None:
    session.run(
        f"CREATE TABLE h (k BIGINT, dt DATE) WITH (DISTRIBUTION = HASH(k), {RANGE});"
        f"CREATE TABLE r (k INT, dt DATE) WITH (DISTRIBUTION = ROUND_ROBIN, {RANGE});"
        "CREATE TABLE l (k INT, dt DATE) WITH (DISTRIBUTION = HASH(k), PARTITION (dt RANGE LEFT FOR VALUES ('2020-01-01', '2020-02-01')))"
    )
    for name, how in [("h", "other columns"), ("r", "distributed otherwise"), ("l", "other boundaries")]:
        with pytest.raises(BindError, match=how):
            session.run(f"ALTER TABLE f SWITCH PARTITION 2 TO {name} PARTITION 2")
    with pytest.raises(BindError, match="There is no partition 9"):
        session.run("ALTER TABLE f SWITCH PARTITION 9 TO g PARTITION 2")
    assert session.run("SELECT COUNT(*) AS n FROM f").scalar() == 900


def test_boundaries_come_and_go_where_nothing_lies(session: Session, ask: Ask) -> None:
    with pytest.raises(SqlRuntimeError, match="SPLIT clause of ALTER PARTITION statement failed") as caught:
        session.run("ALTER TABLE f SPLIT RANGE ('2020-02-15')")
    assert caught.value.data["number"] == 35346
    with pytest.raises(SqlRuntimeError, match="MERGE clause of ALTER PARTITION statement failed"):
        session.run("ALTER TABLE f MERGE RANGE ('2020-02-01')")
    session.run("ALTER TABLE g SPLIT RANGE ('2020-01-15'); INSERT INTO g SELECT * FROM f")
    with pytest.raises(BindError, match="Duplicate range boundary"):
        session.run("ALTER TABLE g SPLIT RANGE ('2020-01-15')")
    with pytest.raises(BindError, match="range value could not be found"):
        session.run("ALTER TABLE g MERGE RANGE ('2020-01-16')")
    session.run(
        "CREATE TABLE heap (k INT, dt DATE) WITH (HEAP, PARTITION (dt RANGE FOR VALUES ('2020-01-01')));"
        "INSERT INTO heap VALUES (1, '2019-12-01'), (2, '2020-03-01'); ALTER TABLE heap SPLIT RANGE ('2020-02-01');"
        "ALTER TABLE heap MERGE RANGE ('2020-01-01'); ALTER TABLE heap SPLIT RANGE ('2019-11-01')"
    )
    assert ask("SELECT k FROM heap ORDER BY k") == [(1,), (2,)]


def test_files_that_hold_several_partitions_are_parted_first(
    session: Session, storage: Storage, ask: Ask
) -> None:
    session.run(
        f"CREATE TABLE r (k INT, dt DATE) WITH ({RANGE}); CREATE TABLE s (k INT, dt DATE) WITH ({RANGE})"
    )
    rows = pa.table({"k": pa.array([1, 2, 3], pa.int32()), "dt": [dt.date(2020, at, 5) for at in (1, 2, 3)]})
    write_table(storage, "r", [rows], make=lambda part: part, mode="append")
    session.run("ALTER TABLE r SWITCH PARTITION 3 TO s PARTITION 3")
    assert (ask("SELECT k FROM r"), ask("SELECT k FROM s ORDER BY k")) == ([(1,)], [(2,), (3,)])


def test_a_filter_opens_the_files_of_its_partitions(session: Session, storage: Storage) -> None:
    parts = open_table(storage, "f").source().partitions
    ranges = Ranges("dt", tuple(dt.date(2020, month, 1) for month in (1, 2)), right=True)
    assert {ranges.of_file(part.fact("dt")) for part in parts} == {1, 2, 3}


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=4, unique=True).map(sorted),
    st.lists(st.none() | st.integers(-5, 55), max_size=20),
    st.booleans(),
)
def test_rows_and_values_agree_on_their_partition(
    bounds: list[int], values: list[int | None], right: bool
) -> None:
    ranges = Ranges("c", tuple(bounds), right)
    rows = pa.table({"c": pa.array(values, pa.int32())})
    numbers = ranges.numbers(rows).to_pylist()
    assert numbers == [ranges.number(value) for value in values]
    for number, part in ranges.split(rows):
        assert part.column("c").to_pylist() == [
            v for v, n in zip(values, numbers, strict=True) if n == number
        ]


@pytest.mark.parametrize(
    ("right", "expected"),
    [(False, [1, 1, 2, 2, 3, 4, 5]), (True, [1, 2, 2, 3, 4, 5, 5])],
)
def test_the_documented_edges(right: bool, expected: list[int]) -> None:
    ranges = Ranges("c", (10, 20, 30, 40), right)
    assert [ranges.number(value) for value in (9, 10, 11, 20, 30, 40, 41)] == expected
