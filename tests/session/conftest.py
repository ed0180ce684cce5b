"""Sessions without a cluster, planned for one node and for three: the same plans and kernels as on a pool."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import NotFoundError
from engine.lake import Storage, open_storage
from engine.runtime import InlineTasks
from engine.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[tuple[Any, ...]]


def no_models() -> Any:
    raise NotFoundError("There is no model.", "Register one.")


def rows_of(table: pa.Table) -> Rows:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(tmp_path)


@pytest.fixture(params=[1, 3], ids=["one_node", "three_nodes"])
def session(storage: Storage, request: pytest.FixtureRequest) -> Session:
    return Session(InlineTasks(), storage, nodes=lambda _: request.param, models=no_models)


@pytest.fixture
def ask(session: Session) -> Callable[[str], Rows]:
    """The rows of a script's last result set."""
    return lambda text: rows_of(session.run(text).to_arrow())


@pytest.fixture
def months(tmp_path: Path) -> Path:
    """Three Parquet files in folders of two keys, and a plain DuckDB view over them called `months`."""
    for number, (year, month) in enumerate([(2019, 11), (2019, 12), (2020, 1)]):
        folder = tmp_path / f"raw/year={year}/month={month}"
        folder.mkdir(parents=True)
        ids = list(range(number * 10, number * 10 + 10))
        amounts = [None if at % 4 == 0 else at / 2 for at in ids]
        table = pa.table({"Id": ids, "amount": amounts, "city": [f"c{at % 3}" for at in ids]})
        pq.write_table(table, folder / "part.parquet")
    return tmp_path


@pytest.fixture
def oracle(months: Path) -> Callable[[str], Rows]:
    """Plain DuckDB over the same files, called `months`."""

    def run(text: str) -> Rows:
        with duckdb.connect() as connection:
            connection.sql(
                f"CREATE VIEW months AS SELECT * FROM read_parquet('{months}/raw/*/*/*.parquet', hive_partitioning=true)"
            )
            return rows_of(connection.sql(text).to_arrow_table())

    return run
