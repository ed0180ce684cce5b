"""onnxruntime runs the same file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import onnxruntime as ort

from benchmarks.suites.kernel.booster import booster, judged, matrix, onnx_of
from benchmarks.suites.kernel.texts import pipeline, table

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def _memory(parameters: Parameters) -> Iterator[Once]:
    rows = matrix(parameters)
    options = ort.SessionOptions()
    options.intra_op_num_threads = parameters["threads"]
    session = ort.InferenceSession(onnx_of(booster(parameters), parameters["columns"]), options)
    session.run(None, {"x": rows[:1000]})

    @contextmanager
    def once() -> Iterator[Answer]:
        _, chances = session.run(["label", "probabilities"], {"x": rows})
        yield lambda: judged(chances[:, 1])

    yield once


@contextmanager
def texts_100x6(parameters: Parameters) -> Iterator[Once]:
    """Texts become Python's, as a loop by hand has them."""
    rows = table(parameters["rows"], parameters)
    options = ort.SessionOptions()
    options.intra_op_num_threads = parameters["threads"]
    session = ort.InferenceSession(pipeline(parameters), options)
    wanted = [one.name for one in session.get_outputs()]

    @contextmanager
    def once() -> Iterator[Answer]:
        feeds = {
            name: rows.column(name).to_numpy(zero_copy_only=False).reshape(-1, 1)
            for name in rows.schema.names
        }
        _, chances = session.run(wanted, feeds)
        yield lambda: judged(chances[:, 1])

    yield once


memory_100x6 = memory_500x8 = _memory
