"""The fit by scikit-learn on one core; its rows are in memory before the clock starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
from threadpoolctl import threadpool_limits

from benchmarks.suites.prep.columns import rows_of, told, transformer

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def fit(parameters: Parameters) -> Iterator[Once]:
    rows = pa.concat_tables([rows_of(file, parameters) for file in range(parameters["files"])]).to_pandas()

    @contextmanager
    def once() -> Iterator[Answer]:
        with threadpool_limits(1):
            yield told(transformer().fit(rows))

    yield once
