from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from simulate import connect


@pytest.fixture(scope="session")
def oracle() -> Iterator[duckdb.DuckDBPyConnection]:
    """Plain DuckDB on whole tables: what every plan must agree with."""
    connection = connect()
    yield connection
    connection.close()
