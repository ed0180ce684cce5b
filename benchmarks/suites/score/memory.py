"""The kernel alone: our runner over matrices that are in memory already, one process, as many threads."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.suites.score.data import judged, matrices, model_bytes, write_rows
from engine.inference import load_runner
from pools.worker import on_threads

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters

_ROWS = 65_536


@contextmanager
def _files(parameters: Parameters) -> Iterator[Once]:
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as home:
        write_rows(Path(home) / "raw", parameters)
        blocks = list(matrices(Path(home) / "raw", parameters["columns"]))
    runner = load_runner(model_bytes(parameters, by_column=False), ("score",))

    def score(piece: np.ndarray) -> np.ndarray:
        with on_threads(1):
            return np.asarray(runner.run({"features": piece})[0]).ravel()

    pieces = [block[at : at + _ROWS] for block in blocks for at in range(0, len(block), _ROWS)]
    with ThreadPoolExecutor(parameters["workers"]) as threads:

        @contextmanager
        def once() -> Iterator[Callable[[], Answer]]:
            scores = np.concatenate(list(threads.map(score, pieces)))
            yield lambda: judged(scores)

        yield once


files_100x6 = files_500x8 = _files
