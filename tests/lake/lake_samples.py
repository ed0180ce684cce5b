"""Rows to write as tables, and other eyes to see what was written."""

from __future__ import annotations

from pathlib import Path

import deltalake
import pyarrow as pa

from engine.lake import Storage

ROWS = pa.table({"a": [*range(10)], "s": [f"x{n}" if n % 3 else None for n in range(10)]})


def part_of(numbers: tuple[int, int]) -> pa.Table:
    return ROWS.slice(*numbers)


PARTS = [(0, 4), (4, 0), (4, 5), (9, 1)]


def data_files(storage: Storage) -> list[Path]:
    return sorted(
        path
        for path in Path(storage.home.location).rglob("*")
        if path.is_file() and "_delta_log" not in path.parts
    )


def read_by_others(location: str) -> pa.Table:
    return deltalake.DeltaTable(location).to_pyarrow_table()
