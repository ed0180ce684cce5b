"""TPC-H: its data, made once for each scale, its queries, and answers in a form that all sides can write.

The standard library alone: Spark's environment has nothing of ours.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_DATA: Final = _ROOT / ".data"

TABLES: Final = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
# How a warehouse would lay them out: what is large by the keys that it is joined on, the rest on every node.
LAYOUTS: Final = {
    "region": "REPLICATE",
    "nation": "REPLICATE",
    "supplier": "REPLICATE",
    "customer": "HASH(c_custkey)",
    "part": "HASH(p_partkey)",
    "partsupp": "HASH(ps_partkey)",
    "orders": "HASH(o_orderkey)",
    "lineitem": "HASH(l_orderkey)",
}


def tsql() -> dict[str, str]:
    """The queries as ours takes them."""
    return _queries(_ROOT / "tpch")


def standard() -> dict[str, str]:
    """The queries as DuckDB and Spark take them."""
    return _queries(_ROOT / "tpch" / "standard")


def _queries(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(folder.glob("q*.sql"))}


def files(scale: float) -> Path:
    """The folder that holds a Parquet file for each table; made when it is not there."""
    folder = _DATA / f"tpch-{scale}"
    if not folder.exists():
        _DATA.mkdir(exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=_DATA, prefix="half-"))
        generator = Path(sys.executable).with_name("tpchgen-cli")
        words = [generator, "parquet", "-s", str(scale), "-o", half, "--quiet"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        try:
            half.rename(folder)
        except OSError:  # another run was faster
            shutil.rmtree(half)
    return folder


def digest(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """For each column its kind, how many values it has, and what they add up to, whatever their order."""
    return [_column(values) for values in zip(*rows, strict=True)] or [["empty", 0, 0]]


def _column(values: Sequence[Any]) -> list[Any]:
    there = [value for value in values if value is not None]
    if all(isinstance(value, int | float) or type(value).__name__ == "Decimal" for value in there):
        return ["number", len(there), sum(map(float, there))]
    return ["text", len(there), sum(zlib.crc32(str(value).rstrip().encode()) for value in there)]


def answered(found: Mapping[str, Iterable[Sequence[Any]]], seconds: Mapping[str, float]) -> dict[str, Any]:
    """The answer of a side, with the seconds of each query."""
    return {"queries": {name: digest(rows) for name, rows in found.items()}, "stages": dict(seconds)}


def rows_of(table: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of an Arrow table."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)
