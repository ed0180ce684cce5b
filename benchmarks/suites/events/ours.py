"""The main job as it is: everything that happens is written down."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.suites.events.account import accounted
from benchmarks.suites.pool.tasks import echo
from engine.demo.loop import run
from engine.demo.options import DemoOptions
from engine.events import open_log
from engine.events.of_pools import PoolRecorder
from pools import Pool, PoolSpec

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def tasks(parameters: Parameters, *, writes: bool = True) -> Iterator[Once]:
    spec = PoolSpec.dedicated("bench", nodes=parameters["workers"])
    with tempfile.TemporaryDirectory() as home:
        log = open_log(str(Path(home).resolve()))
        observer = PoolRecorder(spec, log.bind(pool=spec.name)) if writes else None
        with Pool(spec, observer=observer) as pool:

            @contextmanager
            def once() -> Iterator[Answer]:
                value = sum(pool.map(echo, range(parameters["tasks"]), label="echo"))
                yield {"value": value, "silent": not writes, "events": len(log.read())}

            yield once


@contextmanager
def pages(parameters: Parameters) -> Iterator[Once]:
    from benchmarks.suites.events.pages import Watched, big_log, one_more_each
    from engine.dashboard.pages import PAGES, page_class
    from engine.dashboard.views import Views

    views = Views()
    log = big_log(parameters["trials"])
    views.take(log)
    views.settle(None)
    shown = {name: Watched(page_class(name)) for name in PAGES}
    now, number = log[-1].time, 0
    for page in shown.values():
        page.update(views, now)

    @contextmanager
    def once() -> Iterator[Answer]:
        nonlocal number
        number += 1
        views.take(one_more_each(number))
        stages: dict[str, float] = {}
        for name, page in shown.items():
            stages[f"{name}, off the loop"], stages[f"{name}, on the loop"] = page.update(views, now + number)
        sent = {name: page.sent > 0 for name, page in shown.items()}
        yield {"entries": len(log), "trials": parameters["trials"], "sent": sent, "stages": stages}

    yield once


_TOLD = ("prepared_rows", "scored_rows", "auc", "onnx_max_abs_diff")


@contextmanager
def demo(parameters: Parameters, *, writes: bool = True) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with tempfile.TemporaryDirectory() as home, accounted() as spent:
            log = open_log(str(Path(home).resolve()))  # the one that the workspace will use
            log.writes = writes
            told = run(DemoOptions(home=Path(home), **parameters), visible=False).as_json()
            if writes:
                log.archive()  # as a process does at its end
            cost = {f"the log's CPU: {what}": seconds for what, seconds in spent().items()}
            answer = {name: told[name] for name in _TOLD}
            stages = {**told["stages"], **(cost if writes else {})}
            yield {**answer, "stages": stages, "silent": not writes, "events": len(log.read())}

    yield once


steady = demo
