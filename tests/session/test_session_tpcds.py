"""TPC-DS in T-SQL on one node and three, against DuckDB's own answers to the same questions."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from engine.lake import Storage, open_storage
from engine.runtime import InlineTasks
from engine.session import Session

QUERIES = Path(__file__).resolve().parents[2] / "benchmarks" / "tpcds"
NAMES = [path.stem for path in sorted(QUERIES.glob("q*.sql"))]
# One of each kind: EXISTS, ROLLUP with GROUPING, ranks, running sums, EXCEPT.
CORE = ("q10", "q36", "q44", "q51", "q87")
# The standard's averages of decimals are doubles; T-SQL's have six digits behind the point.
CLOSE = 1e-4


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = Path(sys.executable).with_name("tpcgen-cli")
    if not generator.exists():
        pytest.skip("needs tpcgen-cli")
    folder = tmp_path_factory.mktemp("tpcds")
    command = [str(generator), "tpcds", "parquet", "-s", "0.01", "-o", str(folder)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def plain(files: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        for path in files.glob("*.parquet"):
            connection.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{path}')")
        yield connection


@pytest.fixture(scope="module")
def storage(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Storage:
    return open_storage(tmp_path_factory.mktemp("home"), roots=[files])


@pytest.fixture(scope="module")
def sessions(files: Path, storage: Storage) -> dict[int, Session]:
    made = {
        nodes: Session(InlineTasks(), storage, nodes=lambda _, nodes=nodes: nodes, models=None)
        for nodes in (1, 3)
    }
    for path in files.glob("*.parquet"):
        rows = f"OPENROWSET(BULK '{path}', FORMAT = 'PARQUET') AS r"
        made[1].run(f"CREATE VIEW {path.stem} AS SELECT * FROM {rows}")
    return made


def compared(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own: ties are broken at will, and sums of doubles end in any digit."""
    return sorted((tuple(map(_plain, row)) for row in rows), key=lambda row: tuple(map(_sorted_as, row)))


def _plain(value: Any) -> Any:
    if isinstance(value, int | float | Decimal):
        return float(value)
    return value if value is None else str(value).rstrip()


def _sorted_as(value: Any) -> tuple[bool, str]:
    return value is None, f"{value:.1f}" if isinstance(value, float) else str(value)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(one == other)


def check(name: str, session: Session, plain: duckdb.DuckDBPyConnection) -> None:
    table: pa.Table = session.run((QUERIES / f"{name}.sql").read_text()).to_arrow()
    found = compared(list(zip(*(column.to_pylist() for column in table.columns), strict=True)))
    wanted = compared(plain.sql((QUERIES / "standard" / f"{name}.sql").read_text()).fetchall())
    assert len(found) == len(wanted)
    for row, right in zip(found, wanted, strict=True):
        assert len(row) == len(right)
        assert all(map(same, row, right)), (row, right)


@pytest.mark.parametrize("name", CORE)
def test_the_core_of_tpcds_on_three_nodes(
    name: str, sessions: dict[int, Session], plain: duckdb.DuckDBPyConnection
) -> None:
    check(name, sessions[3], plain)


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_tpcds(name: str, nodes: int, sessions: dict[int, Session], plain: duckdb.DuckDBPyConnection) -> None:
    check(name, sessions[nodes], plain)


def test_all_queries_are_there() -> None:
    assert [f"q{number:02}" for number in range(1, 100)] == NAMES
