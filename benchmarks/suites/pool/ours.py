"""The pool cases on a dedicated pool, everything else as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from benchmarks.suites.pool.tasks import echo, load
from pools import Pool, PoolSpec

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


def _pool(workers: int) -> AbstractContextManager[Pool]:
    return Pool(PoolSpec.dedicated("bench", nodes=workers))


@contextmanager
def start_cold(parameters: Parameters) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with _pool(parameters["workers"]) as pool:
            yield {"value": pool.worker_count}

    yield once


@contextmanager
def start_warm(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters["workers"]):
        pass
    with start_cold(parameters) as once:
        yield once


@contextmanager
def first_task_cold(parameters: Parameters) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with _pool(parameters["workers"]) as pool:
            yield {"value": pool.submit(load, parameters["modules"]).result()}

    yield once


@contextmanager
def first_task_warm(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters["workers"]):
        pass
    with first_task_cold(parameters) as once:
        yield once


@contextmanager
def grow(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters["workers"]) as pool:

        @contextmanager
        def once() -> Iterator[Answer]:
            pool.scale(parameters["workers"] + 1)
            yield {"value": pool.worker_count}
            pool.scale(parameters["workers"])

        yield once


@contextmanager
def round_trips(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters["workers"]) as pool:

        @contextmanager
        def once() -> Iterator[Answer]:
            yield {"value": sum(pool.submit(echo, number).result() for number in range(parameters["tasks"]))}

        yield once


@contextmanager
def map_tasks(parameters: Parameters) -> Iterator[Once]:
    with _pool(parameters["workers"]) as pool:

        @contextmanager
        def once() -> Iterator[Answer]:
            yield {"value": sum(pool.map(echo, range(parameters["tasks"]), label="echo"))}

        yield once
