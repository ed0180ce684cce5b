"""The main job as `tarn demo` runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.demo.loop import run
from engine.demo.options import DemoOptions

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters

_TOLD: Final = ("prepared_rows", "scored_rows", "auc", "onnx_max_abs_diff", "stages")


@contextmanager
def demo(parameters: Parameters) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with tempfile.TemporaryDirectory() as home:
            told = run(DemoOptions(home=Path(home), **parameters), visible=False).as_json()
            yield {name: told[name] for name in _TOLD}

    yield once
