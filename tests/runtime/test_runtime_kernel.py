"""The kernel: what it may read, what it says when something goes wrong, and how it keeps to its memory."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import SqlRuntimeError
from engine.lake import open_storage
from engine.runtime import kernel
from engine.runtime.kernel import Settings, cursor


def ask(query: str, settings: Settings = Settings()) -> list[tuple]:  # noqa: B008 - frozen
    with cursor(settings) as own:
        return own.sql(query).fetchall()


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A workspace with a file in it, and one beside it."""
    for name in ("inside", "inside-out"):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"a": [1, 2]}), tmp_path / name / "a.parquet")
    return tmp_path / "inside"


def test_files_of_the_workspace_are_read_and_no_others(inside: Path) -> None:
    settings = Settings.of(open_storage(inside))
    assert ask(f"SELECT SUM(a) FROM '{inside}/a.parquet'", settings) == [(3,)]
    for query in (
        f"SELECT * FROM '{inside}-out/a.parquet'",
        f"SELECT * FROM '{inside}/../inside-out/a.parquet'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM glob('/*')",
        f"COPY (SELECT 1) TO '{inside.parent}/written.csv'",
        f"ATTACH '{inside.parent}/other.db'",
        "INSTALL httpfs",
        "LOAD spatial",
    ):
        with pytest.raises(SqlRuntimeError):
            ask(query, settings)
    assert sorted(path.name for path in inside.parent.iterdir()) == ["inside", "inside-out"]


@pytest.mark.parametrize(
    "statement",
    [
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET memory_limit = '1TB'",
        "SET lock_configuration = false",
        "SET autoload_known_extensions = true",
    ],
)
def test_nothing_can_be_unlocked(statement: str) -> None:
    with pytest.raises(SqlRuntimeError):
        ask(statement)


def test_variables_of_python_are_no_tables() -> None:
    secret = pa.table({"a": [1]})
    with pytest.raises(SqlRuntimeError, match="secret"):
        ask("SELECT * FROM secret")
    assert len(secret) == 1


def test_what_one_task_registers_no_other_sees() -> None:
    with cursor(Settings()) as one, cursor(Settings()) as other:
        one.register("t", pa.table({"a": [1]}))
        other.register("t", pa.table({"a": [2]}))
        assert (one.sql("SELECT a FROM t").fetchall(), other.sql("SELECT a FROM t").fetchall()) == (
            [(1,)],
            [(2,)],
        )
    with pytest.raises(SqlRuntimeError):
        ask("SELECT a FROM t")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT 2147483647::INT + 1::INT", "Arithmetic overflow error"),
        ("SELECT CAST('x' AS INT)", "Conversion failed"),
        ("SELECT error('[8134] Divide by zero error encountered.')", r"^Divide by zero error encountered\."),
        ("SELECT no_such_function(1)", "could not be run"),
    ],
)
def test_errors_are_one_clear_line(query: str, says: str) -> None:
    with pytest.raises(SqlRuntimeError, match=says) as caught:
        ask(query)
    assert len(str(caught.value).splitlines()) == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_failure_that_the_query_raises_has_its_number() -> None:
    with pytest.raises(SqlRuntimeError) as caught:
        ask("SELECT error('[8134] Divide by zero error encountered.')")
    assert caught.value.data["number"] == 8134


def test_one_kernel_serves_all_threads() -> None:
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(kernel._kernel(Settings(("/somewhere",)))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_a_sort_that_does_not_fit_into_memory_spills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = kernel._Limits(memory=100 << 20, threads=1, spill=str(tmp_path / "spill"))
    monkeypatch.setattr(kernel._Limits, "now", classmethod(lambda _: limits))
    # 4 million rows of 60 bytes and more: 240 MB.
    query = """
    SELECT COUNT(*), SUM(CASE WHEN word < before THEN 1 ELSE 0 END)
    FROM (SELECT word, LAG(word) OVER (ORDER BY word) AS before
          FROM (SELECT md5(i::VARCHAR) || repeat('x', 20) AS word FROM range(4000000) AS r(i)))
    """
    assert ask(query, Settings((str(tmp_path),))) == [(4_000_000, 0)]
    assert (tmp_path / "spill").exists()
    with pytest.raises(SqlRuntimeError, match="needs more memory"):
        ask(
            "SELECT LENGTH(string_agg(repeat('x', 1000), '')) FROM range(1000000)", Settings((str(tmp_path),))
        )


def test_settings_are_those_of_local_roots(tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "a", roots=[tmp_path / "b", "memory://elsewhere"])
    assert Settings.of(storage).roots == (os.fspath(tmp_path / "a"), os.fspath(tmp_path / "b"))
