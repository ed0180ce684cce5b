"""Equips a process as a worker of its pool: its share of native threads, and randomness of its own."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from distributed.diagnostics.plugin import WorkerPlugin

from pools.guard import guard
from pools.worker import Membership, join_pool


class Equipment(WorkerPlugin):  # type: ignore[misc]
    """Registered with the scheduler: workers that come later, or back after a death, get it too."""

    name = "tarn-equipment"

    def __init__(self, membership: Membership) -> None:
        self.membership = membership

    def setup(self, worker: Any) -> None:
        first = join_pool(self.membership)
        if first and self.membership.token is not None:
            guard(worker.http_application, self.membership.token)  # it has metrics of its own
        limit_native_threads(self.membership.native_threads)
        if first:
            keep_worker_log_off_the_terminal()
        if first and "numpy" in sys.modules:
            # Forked processes inherit numpy's global generator, so all workers would draw the same numbers.
            import numpy as np

            np.random.seed()


def keep_worker_log_off_the_terminal() -> None:
    """Leave what `distributed.worker` logs to the dashboard and `Client.get_worker_logs`.

    A task's exception is raised where its result is asked for, and connections that break off when a worker
    goes are dealt with: on the terminal both are noise. Memory warnings have another logger and stay.
    """
    for handler in logging.getLogger("distributed").handlers:
        handler.addFilter(_not_of_the_worker)


def _not_of_the_worker(record: logging.LogRecord) -> bool:
    return record.name not in ("distributed.worker", "distributed.worker.state_machine")


def limit_native_threads(share: int) -> None:
    """Hold the thread pools that libraries of this process keep to `share` threads each."""
    import threadpoolctl

    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(share)  # for libraries that are loaded from now on
    threadpoolctl.threadpool_limits(share)
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        pa.set_cpu_count(share)
        # These wait for disks and sockets rather than compute; fewer than four leave an object store idle.
        pa.set_io_thread_count(max(4, share))
