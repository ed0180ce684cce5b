"""Tables: rows lie as they were told to, any number of nodes reads them, and nobody sees how."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from runtime_runs import INLINE, answered, rows

from engine.errors import NotFoundError, OptionError, WriteError
from engine.lake import DISTRIBUTION, Storage, begin_write, open_table, write_table
from engine.runtime import Held, bound_table, layout_of, write_rows
from engine.runtime import layouts as layout_module
from engine.runtime.distribution import range_of
from engine.sql.plan import Hash, Layout, Replicate, RoundRobin

ROWS = 200_000
PARTS = tuple(
    pa.table(
        {
            "K": pa.array(range(start, start + ROWS // 2), pa.int32()),
            "w": [None if at % 5 == 0 else f"W{at % 50} " for at in range(ROWS // 2)],
        }
    )
    for start in (0, ROWS // 2)
)
HELD = Held(PARTS, PARTS[0].schema, ROWS)


def written(lake: Storage, layout: Layout | None, mode: str = "create", held: Held = HELD) -> None:
    write_rows(INLINE, lake, held, "dbo.t", distribution=layout, mode=mode)


@pytest.mark.parametrize(
    "layout", [Hash(("k",)), Hash(("w",)), Hash(("w", "K")), RoundRobin(), Replicate()], ids=str
)
@pytest.mark.parametrize("nodes", [1, 2, 7, 61])
def test_every_layout_is_read_whole_by_any_number_of_nodes(lake: Storage, layout: Layout, nodes: int) -> None:
    held = Held(tuple(part.slice(0, 500) for part in PARTS), HELD.schema)
    written(lake, layout, held=held)
    table = bound_table(lake, "DBO.T", known_as="t")
    assert table.facts.layout == layout
    query = "SELECT COUNT(*) AS n, COUNT(DISTINCT k) AS d, COUNT(DISTINCT w) AS w FROM t"
    assert rows(query, {"t": table}, nodes=nodes) == [(1000, 1000, 40)]


def test_a_node_reads_only_the_row_groups_of_its_distributions(lake: Storage) -> None:
    written(lake, Hash(("k",)))
    table = bound_table(lake, "dbo.t", known_as="t")
    answer = answered("SELECT k FROM t", {"t": table}, nodes=2)
    first, second = answer.steps[0].tasks
    assert first.rows + second.rows == first.rows_read + second.rows_read == ROWS
    spans = [
        (partition.fact(DISTRIBUTION).low, partition.fact(DISTRIBUTION).high)
        for partition in table.rows.source.partitions
    ]
    assert spans == [(0, 29), (30, 59)]


def test_equal_keys_of_two_tables_meet_without_moving(lake: Storage) -> None:
    written(lake, Hash(("k",)))
    other = pa.table({"id": pa.array(range(0, ROWS, 7), pa.int64())})
    write_rows(INLINE, lake, Held((other,), other.schema), "dbo.u", distribution=Hash(("id",)))
    tables = {name: bound_table(lake, f"dbo.{name}", known_as=name) for name in ("t", "u")}
    answer = answered("SELECT t.k, u.id FROM t JOIN u ON t.k = u.id", tables, nodes=3)
    assert [step.move for step in answer.steps] == ["Return"]
    assert answer.num_rows == len(other)


def test_the_hidden_column_is_never_shown(lake: Storage) -> None:
    written(lake, Hash(("k",)))
    table = open_table(lake, "dbo.t")
    assert table.schema.names == ["K", "w"]
    assert list(table.to_pandas(limit=3).columns) == ["K", "w"]
    assert list(table.to_dask().columns) == ["K", "w"]
    assert list(bound_table(lake, "dbo.t").facts.columns) == ["k", "w"]


def test_added_rows_lie_as_the_others_do(lake: Storage) -> None:
    written(lake, Hash(("k",)))
    written(lake, None, mode="append")
    table = bound_table(lake, "dbo.t", known_as="t")
    assert table.facts.layout == Hash(("k",))
    assert rows("SELECT COUNT(*) AS n, SUM(k) AS s FROM t", {"t": table}, nodes=3) == [
        (2 * ROWS, ROWS * (ROWS - 1))
    ]
    with pytest.raises(WriteError, match="distributed by"):
        written(lake, RoundRobin(), mode="append")
    with pytest.raises(WriteError, match="placed by SQL"):
        write_table(lake, "dbo.t", [PARTS[0]], make=lambda part: part, mode="append")


def test_a_table_can_be_laid_out_anew(lake: Storage) -> None:
    for layout in (RoundRobin(), Replicate(), Hash(("k",)), Hash(("w",)), Replicate()):
        written(lake, layout, mode="overwrite")
        assert layout_of(open_table(lake, "dbo.t")) == layout
        assert bound_table(lake, "dbo.t").facts.layout == layout
    written(lake, None, mode="overwrite")
    assert layout_of(open_table(lake, "dbo.t")) == Replicate()


def test_rows_that_others_wrote_are_not_taken_for_placed(lake: Storage) -> None:
    written(lake, Hash(("k",)))
    write_table(lake, "dbo.t", [PARTS[0]], make=lambda part: part, mode="overwrite")
    assert layout_of(open_table(lake, "dbo.t")) == RoundRobin()
    written(lake, Hash(("k",)), mode="overwrite")
    strange = PARTS[0].append_column(DISTRIBUTION, pa.nulls(len(PARTS[0]), pa.int8()))
    write_table(lake, "dbo.t", [strange], make=lambda part: part, mode="append")
    table = bound_table(lake, "dbo.t", known_as="t")
    assert table.facts.layout == RoundRobin()
    assert rows("SELECT COUNT(*) AS n FROM t", {"t": table}, nodes=2) == [(ROWS + ROWS // 2,)]


def test_another_hash_function_is_noticed(lake: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    written(lake, Hash(("k",)))
    assert json.loads(open_table(lake, "dbo.t").description or "")["columns"] == ["k"]
    monkeypatch.setattr(layout_module, "hash_function", lambda: "another")
    table = bound_table(lake, "dbo.t", known_as="t")
    assert table.facts.layout == RoundRobin()
    assert rows("SELECT COUNT(*) AS n FROM t", {"t": table}, nodes=2) == [(ROWS,)]
    with pytest.raises(WriteError, match="another version"):
        written(lake, None, mode="append")


def test_keys_read_as_another_type_are_not_taken_for_placed(lake: Storage) -> None:
    written(lake, Hash(("k",)))
    assert bound_table(lake, "dbo.t", types={"K": "BIGINT"}).facts.layout == Hash(("k",))
    assert bound_table(lake, "dbo.t", types={"K": "VARCHAR"}).facts.layout == RoundRobin()


@pytest.mark.parametrize(
    ("layout", "mode", "error", "says"),
    [
        (Hash(("nothing",)), "create", OptionError, "nothing"),
        (Hash(("l",)), "create", OptionError, "cannot be distributed"),
        (None, "append", NotFoundError, "no table"),
        (None, "replace", OptionError, "no mode"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    lake: Storage, tmp_path: Path, layout: Layout | None, mode: str, error: type[Exception], says: str
) -> None:
    table = pa.table({"a": [1], "l": [[1]]})
    with pytest.raises(error, match=says):
        write_rows(INLINE, lake, Held((table,), table.schema), "dbo.bad", distribution=layout, mode=mode)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_value_that_does_not_fit_leaves_the_table_as_it_was(lake: Storage) -> None:
    narrow = pa.table({"a": pa.array([1], pa.int16())})
    write_rows(INLINE, lake, Held((narrow,), narrow.schema), "dbo.n", distribution=Hash(("a",)))
    wide = pa.table({"a": pa.array([70_000], pa.int32())})
    held = Held((wide,), narrow.schema)
    with pytest.raises(WriteError, match="'a'"):
        write_rows(INLINE, lake, held, "dbo.n", mode="append")
    assert open_table(lake, "dbo.n").to_arrow().to_pylist() == [{"a": 1}]
    assert begin_write(lake, "dbo.n", mode="append").base == 0


def test_distributions_belong_to_one_node_each() -> None:
    for nodes in range(1, 130):
        owned = [number for node in range(nodes) for number in range(*range_of(node, nodes))]
        assert owned == list(range(60))
        assert all(
            number * nodes // 60 == node for node in range(nodes) for number in range(*range_of(node, nodes))
        )
