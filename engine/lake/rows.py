"""Rows under each other."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa


def stack(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables of one schema as one; unlike with `pyarrow.concat_tables`, rows without columns count too."""
    found = list(tables)
    if found and not found[0].num_columns:
        return without_columns(sum(len(table) for table in found))
    return pa.concat_tables(found)


def without_columns(rows: int) -> pa.Table:
    """A table of so many rows and no column."""
    return pa.table({"": pa.nulls(rows)}).select([])
