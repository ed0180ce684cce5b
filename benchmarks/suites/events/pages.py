"""A log of 10,000 trials and 100,000 entries, and one update of each page that shows it."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.dashboard.views import Views
from engine.events import (
    CostLine,
    Entry,
    Event,
    FilesOpened,
    PartitionScored,
    PoolSample,
    RequestFinished,
    RequestStarted,
    RequestSubmitted,
    RoundMetrics,
    RungReached,
    RunStarted,
    ScoringStarted,
    StageFinished,
    StageStarted,
    StudyStarted,
    TaskSample,
    TrialStarted,
    TrialStopped,
    WorkerFigures,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_START = 1_795_800_000.0


def big_log(trials: int) -> list[Entry]:
    """Ten entries a trial, of all that pages show."""
    made = [*_study(trials), *_pool(trials), *_requests(trials // 4), *_scoring(trials), *_runs(trials)]
    return [Entry(event, _START + 0.05 * at, run, "dw", "made", at) for at, (run, event) in enumerate(made)]


def one_more_each(number: int) -> list[Entry]:
    """News for every page."""
    events: list[tuple[str, Event]] = [
        ("run-study", RungReached("s", number, 1, 30, 0.9)),
        ("", CostLine(1.0 * number, {"bytes_read": 1e6 * number})),
        ("", RequestSubmitted(f"new-{number}", "SELECT 1", "report", "ana", "s1")),
        ("run-score", PartitionScored("j", f"new-{number}", 1000, 0.1, 1000, 0, "dw-0", (1,) * 20)),
        (f"new-{number}", RunStarted("tune tip", "tune", "ana", {"trials": 8})),
    ]
    return [Entry(event, _START + 1e5 + number, run, "dw", "more", number) for run, event in events]


def _study(trials: int) -> Iterator[tuple[str, Event]]:
    draw = random.Random(7)
    space = {"max_depth": "3 .. 10", "eta": "0.01 .. 0.3 log", "subsample": "0.5 .. 1"}
    yield "run-study", StudyStarted("s", "tip", "tipped", "auc", True, trials, 90, space, (10, 30, 90))
    for number in range(trials):
        params = {
            "max_depth": draw.randint(3, 10),
            "eta": draw.random(),
            "subsample": draw.random(),
        }
        score = 0.9 + 0.05 * draw.random()
        curve = tuple(score - 0.2 * math.exp(-(at + 1) / 8) for at in range(30))
        yield "run-study", TrialStarted("s", number, params)
        yield "run-study", RoundMetrics("s", number, 1, curve)
        yield "run-study", RungReached("s", number, 0, 10, score)
        yield "run-study", TrialStopped("s", number, "pruned", 30, score, 0, 1.0)


def _pool(samples: int) -> Iterator[tuple[str, Event]]:
    for at in range(samples):
        workers = tuple(WorkerFigures(f"dw-{n}", at * 1000, 8 << 30, 0, 0.9, 1, 1e6, 1e6) for n in range(2))
        yield "", PoolSample(2, 2, at % 20, at * 2000, 16 << 30, 0, workers)
        yield "", CostLine(2.0 * at, {"bytes_read": 3e6 * at})
        yield "", TaskSample(1.0, {"boost": 3}, {"boost": 1.5}, {}, {}, {})


def _requests(count: int) -> Iterator[tuple[str, Event]]:
    for number in range(count):
        text = f"SELECT payment_type, COUNT(*) AS trips FROM dbo.trips WHERE month = {number % 12}"
        yield "", RequestSubmitted(f"q{number}", text, "report", "ana", "s1")
        yield "", RequestStarted(f"q{number}", 2, 0.05)
        yield "", FilesOpened(f"q{number}", 12, 40_000_000, 3)
        yield "", RequestFinished(f"q{number}", 0.5, 6, 40_000_000, 32_000)


def _scoring(partitions: int) -> Iterator[tuple[str, Event]]:
    edges = tuple(at / 20 for at in range(21))
    yield (
        "run-score",
        ScoringStarted("j", "tip", 3, "x", "dbo.y", 2 * partitions, None, 0, edges, (5,) * 20),
    )
    for at in range(partitions):
        yield "run-score", PartitionScored("j", f"part-{at}", 80_000, 0.2, 5_000, 0, "dw-0", (4_000,) * 20)


def _runs(count: int) -> Iterator[tuple[str, Event]]:
    for at in range(count // 3):
        yield f"run-{at}", RunStarted(f"tune tip {at}", "tune", "ana", {"trials": at})
        yield f"run-{at}", StageStarted("trials", 10)
        yield f"run-{at}", StageFinished("trials", 0.5, {"rows": 1e6})


class Watched:
    """A page in a document whose changes are made into messages, as they are for a browser."""

    def __init__(self, page: type) -> None:
        from bokeh.document import Document
        from bokeh.protocol import Protocol

        self._page, self._views = page(), Views()
        self._protocol = Protocol()
        self.sent = 0
        document = Document()
        document.add_root(self._page.root)
        document.callbacks.on_change(self._send)

    def update(self, views: Views, now: float) -> tuple[float, float]:
        """One update; its seconds off the scheduler's event loop, and on it."""
        columns, off = _timed(lambda: self._page.columns(views, now))
        _, on = _timed(lambda: self._page.show(columns))
        return off, on

    def _send(self, event: Any) -> None:
        message = self._protocol.create("PATCH-DOC", [event])
        self.sent += len(message.header_json) + len(message.content_json) + len(message.buffers)


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began
