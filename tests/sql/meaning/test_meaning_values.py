"""Every line of the data files, run in DuckDB: value and T-SQL type are SQL Server's."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from meaning_values import FOLDER, Case, cases, connection, outcome


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connection()
    yield con
    con.close()


ALL = [(path.stem, case) for path in sorted(FOLDER.glob("*.txt")) for case in cases(path)]


@pytest.mark.parametrize(("family", "case"), ALL, ids=[f"{family}: {case.sql}" for family, case in ALL])
def test_value_and_type_are_those_of_sql_server(
    family: str, case: Case, con: duckdb.DuckDBPyConnection
) -> None:
    found = outcome(case, con)
    assert found.split(" ", 1)[0] == case.want if case.want == "!duckdb" else found == case.want
