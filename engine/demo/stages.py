"""The stages of the loop by name, timed one by one, each with a line or a bar for whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from engine.events import current_run

# The loop's stages in their order, with the title that a person reads.
TITLES: dict[str, str] = {
    "ingest": "1 ingest: raw rows into the lake",
    "explore": "2 explore on the serverless pool",
    "prepare": "3 prepare on the dedicated pool",
    "tune": "4 tune and train",
    "export": "5 export and verify ONNX",
    "score": "6 score every partition",
    "report": "7 summary and report",
}


@dataclass
class StageClock:
    """Seconds of each stage; `on_stage` hears of each one as it begins."""

    on_stage: Callable[[str], None] = lambda _: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[str]:
        """Time the block; yields the stage's title."""
        self.on_stage(name)
        started = time.perf_counter()
        run = current_run()
        with run.stage(TITLES[name]) if run is not None else nullcontext():
            yield TITLES[name]
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
