"""Results side by side: as bags of rows, floating numbers within a tolerance."""

from __future__ import annotations

import math
from decimal import Decimal

import duckdb
import pyarrow as pa

Row = tuple[object, ...]


def rows_of(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> list[Row]:
    """The rows in an order of their own, so that equal bags are equal lists."""
    connection.register("result of a query", table)
    rows = connection.sql('FROM "result of a query"').fetchall()
    connection.unregister("result of a query")
    return sorted((tuple(_plain(value) for value in row) for row in rows), key=repr)


def _plain(value: object) -> object:
    if isinstance(value, (float, Decimal)):
        return float(f"{float(value):.9g}") + 0.0  # rounded for the order only; -0.0 becomes 0.0
    return value


def same_rows(left: list[Row], right: list[Row]) -> bool:
    """Whether two sorted lists of rows agree."""
    return len(left) == len(right) and all(
        len(one) == len(other) and all(map(_same, one, other)) for one, other in zip(left, right, strict=True)
    )


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    return one == other
