"""The main job as it is: everything that happens is written down."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.demo.loop import run
from engine.demo.options import DemoOptions
from engine.events import open_log

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters

_TOLD = ("prepared_rows", "scored_rows", "auc", "onnx_max_abs_diff", "stages")


@contextmanager
def demo(parameters: Parameters, *, writes: bool = True) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with tempfile.TemporaryDirectory() as home:
            log = open_log(str(Path(home).resolve()))  # the one that the workspace will use
            log.writes = writes
            told = run(DemoOptions(home=Path(home), **parameters), visible=False).as_json()
            answer = {name: told[name] for name in _TOLD}
            yield {**answer, "silent": not writes, "events": len(log.read())}

    yield once
