"""Our side: the runner that every scoring goes through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.suites.kernel.booster import booster, judged, matrix, onnx_of
from benchmarks.suites.kernel.texts import pipeline, table
from engine.inference import load_runner
from engine.ml.model import Model
from engine.ml.scoring import scorer_for
from pools.worker import on_threads

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def _memory(parameters: Parameters) -> Iterator[Once]:
    rows = matrix(parameters)
    runner = load_runner(onnx_of(booster(parameters), parameters["columns"]), ["label", "probabilities"])
    runner.run({"x": rows[:1000]})

    @contextmanager
    def once() -> Iterator[Answer]:
        with on_threads(parameters["threads"]):
            _, chances = runner.run({"x": rows})
        yield lambda: judged(chances[:, 1])

    yield once


@contextmanager
def texts_100x6(parameters: Parameters) -> Iterator[Once]:
    """What a task does with a batch: texts stay coded."""
    rows = table(parameters["rows"], parameters)
    scorer = scorer_for(Model("texts", 1, pipeline(parameters)), (), rows.schema)
    scorer(rows.slice(0, 1000))

    @contextmanager
    def once() -> Iterator[Answer]:
        with on_threads(parameters["threads"]):
            scored = scorer(rows)
        yield lambda: judged(scored.column(scored.num_columns - 1).to_numpy())

    yield once


memory_100x6 = memory_500x8 = _memory
