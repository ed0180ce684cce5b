"""The pool cases on `distributed.LocalCluster`: processes of one thread, everything else as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from distributed import Client, LocalCluster

from benchmarks.suites.pool.tasks import echo, load

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def _client(workers: int) -> Iterator[Client]:
    """Its own port for the dashboard: with the default one, a second cluster logs a warning and takes any."""
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(workers)
        yield client


def _workers(client: Client) -> int:
    return len(client.scheduler_info(n_workers=-1)["workers"])


@contextmanager
def start_cold(parameters: Parameters) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with _client(parameters["workers"]) as client:
            yield {"value": _workers(client)}

    yield once


@contextmanager
def start_warm(parameters: Parameters) -> Iterator[Once]:
    with _client(parameters["workers"]):
        pass
    with start_cold(parameters) as once:
        yield once


@contextmanager
def first_task_cold(parameters: Parameters) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with _client(parameters["workers"]) as client:
            yield {"value": client.submit(load, parameters["modules"]).result()}

    yield once


@contextmanager
def first_task_warm(parameters: Parameters) -> Iterator[Once]:
    with _client(parameters["workers"]):
        pass
    with first_task_cold(parameters) as once:
        yield once


@contextmanager
def grow(parameters: Parameters) -> Iterator[Once]:
    with _client(parameters["workers"]) as client:

        @contextmanager
        def once() -> Iterator[Answer]:
            wanted = parameters["workers"] + 1
            client.cluster.scale(wanted)
            client.wait_for_workers(wanted)
            yield {"value": _workers(client)}
            client.cluster.scale(parameters["workers"])
            while _workers(client) != parameters["workers"]:  # nothing tells when a worker has gone
                time.sleep(0.02)

        yield once


@contextmanager
def round_trips(parameters: Parameters) -> Iterator[Once]:
    with _client(parameters["workers"]) as client:

        @contextmanager
        def once() -> Iterator[Answer]:
            numbers = range(parameters["tasks"])
            yield {"value": sum(client.submit(echo, number, pure=False).result() for number in numbers)}

        yield once


@contextmanager
def map_tasks(parameters: Parameters) -> Iterator[Once]:
    with _client(parameters["workers"]) as client:

        @contextmanager
        def once() -> Iterator[Answer]:
            futures = client.map(echo, range(parameters["tasks"]), pure=False)
            yield {"value": sum(client.gather(futures))}

        yield once
