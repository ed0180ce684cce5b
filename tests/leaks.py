"""What a process has outside of its memory: child processes, threads and ports it listens on."""

from __future__ import annotations

import multiprocessing.resource_tracker
import threading
from dataclasses import dataclass
from typing import Self

import psutil

from pools import warm

# Threads that a library starts once for a process and keeps; none of them belongs to a pool.
KEPT_THREADS = (
    "Dask-Offload",  # distributed's one thread for (de)serialising large messages
    "Dask-Callback-Thread",  # distributed's one thread for callbacks of futures
    "Profile",  # distributed's sampler in in-process workers
    "ThreadPoolExecutor",  # dask's thread scheduler
    "pytest_timeout",
)
# A process or socket that is on its way out is given so long.
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Footprint:
    """Process ids, thread identities and listening addresses."""

    processes: frozenset[int]
    threads: frozenset[int]
    ports: frozenset[tuple[str, int]]

    @classmethod
    def now(cls) -> Self:
        """Of this process and its children, without what may outlive a pool."""
        me = psutil.Process()
        listening = [line for line in me.net_connections("inet") if line.status == psutil.CONN_LISTEN]
        return cls(
            frozenset(child.pid for child in me.children(recursive=True)) - _servers(),
            frozenset(thread.ident or 0 for thread in threading.enumerate()),
            frozenset((line.laddr.ip, line.laddr.port) for line in listening),
        )

    def check(self) -> None:
        """Fail unless everything that came after this footprint has gone again."""
        children = [psutil.Process(pid) for pid in Footprint.now().processes - self.processes]
        _, processes = psutil.wait_procs(children, timeout=PATIENCE_SECONDS)
        assert not processes, f"processes left behind: {processes}"
        for thread in threading.enumerate():
            if thread.ident not in self.threads and not thread.name.startswith(KEPT_THREADS):
                thread.join(PATIENCE_SECONDS)
                assert not thread.is_alive(), f"thread left behind: {thread.name}"
        ports = Footprint.now().ports - self.ports
        assert not ports, f"ports left behind: {ports}"


def _servers() -> set[int]:
    tracker = multiprocessing.resource_tracker._resource_tracker._pid
    return {pid for pid in (*warm.servers.pids(), tracker) if pid is not None}
