"""The fit on a pool, from Parquet files, the export to ONNX and its check included."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from benchmarks.suites.prep.columns import rows_of, told, transformer
from engine import Workspace

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def fit(parameters: Parameters) -> Iterator[Once]:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "rows"
        folder.mkdir()
        for file in range(parameters["files"]):
            pq.write_table(rows_of(file, parameters), folder / f"{file:03}.parquet")
        workspace = Workspace(home)
        with workspace.dedicated("bench", nodes=parameters["workers"], progress=False) as pool:
            source = workspace.dataset("rows")

            @contextmanager
            def once() -> Iterator[Answer]:
                yield told(pool.fit(transformer(), source).transformer)

            yield once
