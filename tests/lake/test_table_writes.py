"""All of a write or nothing of it: parts that fail or run twice, jobs taken up again, writers at once."""

from __future__ import annotations

import fcntl
import os
import pickle
import random
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake.transaction import create_table_with_add_actions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake_samples import PARTS, ROWS, data_files, part_of

from engine.errors import OptionError, WriteError
from engine.lake import (
    InlineRunner,
    Storage,
    abort_write,
    begin_write,
    commit_write,
    drop_table,
    list_tables,
    open_storage,
    open_table,
    write_table,
)


class Unlucky(InlineRunner):
    """Runs parts in any order, some twice or thrice, and fails at some: as a pool that loses workers does."""

    def __init__(self, seed: int, fails: bool) -> None:
        self.random = random.Random(seed)
        self.fails = fails

    def stream(
        self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str
    ) -> Iterator[tuple[int, Any]]:
        order = list(enumerate(items))
        self.random.shuffle(order)
        failing = self.random.randrange(len(order)) if self.fails and order else None
        for position, (index, item) in enumerate(order):
            for _ in range(self.random.randrange(3)):
                fn(item)
            if position == failing:
                raise RuntimeError("a part failed")
            yield index, fn(item)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.booleans(),
    st.sampled_from(["overwrite", "append"]),
    st.booleans(),
)
def test_parts_that_fail_or_run_twice_give_all_rows_once_or_none(
    tmp_path: Path, sizes: list[int], seed: int, fails: bool, mode: str, keyed: bool
) -> None:
    storage = open_storage(tmp_path / uuid.uuid4().hex)
    keys = ["s"] if keyed else []
    before = write_table(storage, "t", [ROWS.slice(0, 3)], make=lambda part: part, partition_by=keys)
    files = data_files(storage)
    starts = np.cumsum([0, *sizes]).tolist()
    whole = pa.table({"a": [*range(100, 100 + starts[-1])], "s": [str(n % 2) for n in range(starts[-1])]})
    parts = list(zip(starts, sizes, strict=False))

    def write() -> None:
        write_table(
            storage, "t", parts, make=lambda part: whole.slice(*part), runner=Unlucky(seed, fails), mode=mode,
            schema=ROWS.schema, partition_by=keys,
        )  # fmt: skip

    if fails:
        with pytest.raises(RuntimeError, match="a part failed"):
            write()
        assert open_table(storage, "t").version == before.version
        assert data_files(storage) == files
        return
    write()
    after = open_table(storage, "t")
    kept = before.to_arrow().num_rows if mode == "append" else 0
    assert after.count() == kept + len(whole)
    assert sorted(after.to_arrow().column("a").to_pylist())[kept:] == whole.column("a").to_pylist()
    named = {partition.location for version in (0, 1) for partition in after.at(version).source().partitions}
    assert {str(path) for path in data_files(storage)} == named


def test_a_failed_first_write_leaves_no_trace(storage: Storage) -> None:
    def make(part: int) -> pa.Table:
        if part == 2:
            raise ZeroDivisionError
        return ROWS

    with pytest.raises(ZeroDivisionError):
        write_table(storage, "t", range(3), make=make)
    assert list_tables(storage) == []
    assert list(Path(storage.home.location).rglob("*")) == []


def test_a_straggler_of_an_aborted_write_cannot_leave_files(storage: Storage) -> None:
    writer = begin_write(storage, "t")
    writer.write(ROWS, 0)
    abort_write(writer)
    with pytest.raises(WriteError):
        writer.write(ROWS, 1)
    assert data_files(storage) == []


def test_what_is_committed_is_what_was_written(storage: Storage) -> None:
    writer = pickle.loads(pickle.dumps(begin_write(storage, "t", schema=ROWS.schema)))
    first, second = writer.write(ROWS.slice(0, 5), 0), writer.write(ROWS.slice(5), 1)
    other = begin_write(storage, "t", schema=ROWS.schema).write(ROWS, 2)
    path = Path(writer.location, second.files[0].path)
    content = path.read_bytes()
    for spoil, parts, message in [
        (lambda: None, [first, first], "part 0 was given twice"),
        (lambda: None, [first, other], "is not of the write"),
        (lambda: path.write_bytes(content[:-1]), [first, second], "gone or broken"),
        (lambda: pq.write_table(ROWS, path), [first, second], "were written"),
        (
            lambda: pq.write_table(ROWS.slice(5).rename_columns(["a", "b"]), path),
            [first, second],
            "were written",
        ),
        (path.unlink, [first, second], "gone or broken"),
    ]:
        spoil()
        with pytest.raises(WriteError, match=message):
            commit_write(writer, parts)
        assert list_tables(storage) == []
    path.write_bytes(content)
    assert commit_write(writer, [second, first]) == 0
    assert open_table(storage, "t").to_arrow().equals(ROWS)


def test_a_job_is_committed_once(storage: Storage) -> None:
    writer = begin_write(storage, "t", schema=ROWS.schema, job="nightly-1")
    part = writer.write(ROWS, 0)
    assert commit_write(writer, [part], metadata={"n": 1}) == 0
    assert commit_write(writer, [part], metadata={"n": 2}) == 0
    again = begin_write(storage, "t", mode="create", job="nightly-1")
    assert commit_write(again, [part]) == 0
    abort_write(again)
    table = write_table(storage, "t", [0], make=lambda _: pytest.fail("ran again"), job="nightly-1")
    assert (table.version, table.count(), dict(table.history[0].metadata)) == (0, 10, {"n": 1})
    for job in ("", "a/b", "..", "x" * 101, "-a"):
        if job:
            with pytest.raises(OptionError, match="cannot name a write"):
                begin_write(storage, "t", job=job)


@pytest.mark.parametrize("mode", ["create", "append", "overwrite"])
def test_a_job_that_two_processes_commit_at_once_is_committed_once(storage: Storage, mode: str) -> None:
    if mode != "create":
        write_table(storage, "t", [], make=part_of, schema=ROWS.schema)
    writer = begin_write(storage, "t", mode=mode, schema=ROWS.schema, job="shared")
    parts = [writer.write(ROWS, 0)]
    others = [[writer.write(ROWS, 0)] for _ in range(3)]
    results = concurrently(*(lambda given=given: commit_write(writer, given) for given in (parts, *others)))
    assert set(results) == {0 if mode == "create" else 1}
    assert open_table(storage, "t").to_arrow().equals(ROWS)
    assert len(data_files(storage)) == 1


def test_a_job_that_runs_again_does_not_touch_what_it_has_committed(storage: Storage) -> None:
    writer = begin_write(storage, "t", schema=ROWS.schema, job="nightly")
    assert commit_write(writer, [writer.write(ROWS, 0)]) == 0
    again = begin_write(storage, "t", schema=ROWS.schema, job="nightly")
    assert commit_write(again, [again.write(ROWS, 0)]) == 0
    abort_write(again)
    assert open_table(storage, "t").to_arrow().equals(ROWS)
    assert len(data_files(storage)) == 1


def test_a_job_is_known_for_committed_when_its_commit_is_long_gone(storage: Storage) -> None:
    writer = begin_write(storage, "t", schema=ROWS.schema, job="nightly")
    commit_write(writer, [writer.write(ROWS, 0)])
    for _ in range(3):
        write_table(storage, "t", [ROWS], make=lambda part: part, mode="append")
    deltalake.DeltaTable(writer.location).create_checkpoint()
    for version in range(3):
        Path(writer.location, "_delta_log", f"{version:020d}.json").unlink()
    files = data_files(storage)
    again = begin_write(storage, "t", mode="append", job="nightly")
    assert commit_write(again, [again.write(ROWS, 0)]) == 3
    abort_write(again)
    assert open_table(storage, "t").count() == 40
    assert set(files) <= set(data_files(storage))


def test_a_table_that_goes_under_a_write_is_not_made_anew_by_half(storage: Storage) -> None:
    write_table(storage, "t", PARTS, make=part_of)
    writer = begin_write(storage, "t", mode="append")
    drop_table(storage, "t")
    with pytest.raises(WriteError):
        writer.write(ROWS, 0)
    with pytest.raises(WriteError, match="was changed by another write"):
        commit_write(writer, [])
    assert list_tables(storage) == []


def test_a_write_can_be_taken_up_by_another_process(storage: Storage) -> None:
    first = begin_write(storage, "t", schema=ROWS.schema, job="resumed")
    done = first.write(ROWS.slice(0, 5), 0)
    first.write(ROWS.slice(5), 1)  # its result was lost with the process
    second = begin_write(storage, "t", schema=ROWS.schema, job="resumed")
    assert commit_write(second, [pickle.loads(pickle.dumps(done)), second.write(ROWS.slice(5), 1)]) == 0
    assert open_table(storage, "t").to_arrow().equals(ROWS)
    assert len(data_files(storage)) == 2


def concurrently(*acts: Callable[[], object]) -> list[object]:
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[at] = act()
        except WriteError as error:
            results[at] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_appends_all_land(storage: Storage) -> None:
    write_table(storage, "t", [], make=part_of, schema=ROWS.schema)
    writers = [begin_write(storage, "t", mode="append") for _ in range(4)]
    written = [[writer.write(ROWS, 0)] for writer in writers]
    versions = concurrently(*(lambda at=at: commit_write(writers[at], written[at]) for at in range(4)))
    assert sorted(map(str, versions)) == ["1", "2", "3", "4"]
    assert open_table(storage, "t").count() == 40


@pytest.mark.parametrize("existing", [None, "empty", "filled"])
def test_of_overwrites_at_once_one_lands(storage: Storage, existing: str | None) -> None:
    if existing is not None:
        rows = ROWS.slice(0, 0 if existing == "empty" else 5)
        write_table(storage, "t", [rows], make=lambda part: part)
    writers = [begin_write(storage, "t", schema=ROWS.schema) for _ in range(4)]
    written = [[writer.write(ROWS, 0)] for writer in writers]
    results = concurrently(*(lambda at=at: commit_write(writers[at], written[at]) for at in range(4)))
    failed = [result for result in results if isinstance(result, WriteError)]
    assert len(failed) == 3, results
    assert all("was changed by another write" in str(error) for error in failed)
    assert open_table(storage, "t").to_arrow().equals(ROWS)
    for writer in writers:
        abort_write(writer)
    assert len(data_files(storage)) == 1 + (existing == "filled")


def test_an_overwrite_does_not_go_over_what_it_has_not_seen(storage: Storage) -> None:
    write_table(storage, "t", PARTS, make=part_of)
    stale = begin_write(storage, "t")
    part = stale.write(ROWS.slice(0, 1), 0)
    write_table(storage, "t", PARTS, make=part_of, mode="append")
    with pytest.raises(WriteError, match="was changed by another write"):
        commit_write(stale, [part])
    late = begin_write(storage, "t", mode="append")
    part = late.write(ROWS, 0)
    write_table(storage, "t", [0], make=lambda _: pa.table({"other": [1]}))
    with pytest.raises(WriteError, match="was changed by another write"):
        commit_write(late, [part])
    assert open_table(storage, "t").columns == ["other"]


def test_nobody_commits_between_an_overwrite_and_its_look_at_the_version(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """delta-rs reads the log once more where columns change: what came in between would be gone unseen."""
    write_table(storage, "t", [1], make=lambda part: pa.table({"a": [part]}))
    turns = []

    def create(address: str, *args: Any, **kwargs: Any) -> None:
        log = os.open(f"{address}/_delta_log", os.O_RDONLY)
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            turns.append("held")
        finally:
            os.close(log)
        create_table_with_add_actions(address, *args, **kwargs)

    monkeypatch.setattr("engine.lake.table_commit.create_table_with_add_actions", create)
    assert write_table(storage, "t", [2], make=lambda part: pa.table({"b": [part]})).columns == ["b"]
    assert turns == ["held"]
