"""XGBoost's own predictor, from memory to memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.suites.kernel.booster import booster, judged, matrix

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def _memory(parameters: Parameters) -> Iterator[Once]:
    rows = matrix(parameters)
    trained = booster(parameters)
    trained.set_param({"nthread": parameters["threads"]})
    trained.inplace_predict(rows[:1000])

    @contextmanager
    def once() -> Iterator[Answer]:
        chances = trained.inplace_predict(rows)
        yield lambda: judged(chances)

    yield once


memory_100x6 = memory_500x8 = _memory
