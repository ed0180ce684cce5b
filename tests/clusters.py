"""A Dask scheduler and workers that nobody of ours has started, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from waiting import eventually

from pools import TLS, Pool, PoolSpec


@dataclass(frozen=True)
class Cluster:
    """Where a scheduler with two workers listens, and what it takes to be let in."""

    address: str
    tls: TLS | None
    processes: tuple[psutil.Process, ...]

    def spec(self, nodes: int, **options: float) -> PoolSpec:
        """A pool of this cluster's workers."""
        return PoolSpec.dedicated("far", nodes=nodes, address=self.address, tls=self.tls, **options)


@contextmanager
def cluster(folder: Path, tls: TLS | None = None, *, modules: Path | None = None) -> Iterator[Cluster]:
    """A scheduler and two workers while the block runs.

    Args:
        folder: Where they run and log.
        tls: Certificates that they and their clients show.
        modules: A folder of test modules whose functions the workers shall be able to load.
    """
    told = folder / "scheduler.json"
    secure = [] if tls is None else ["--tls-ca-file", tls.ca, "--tls-cert", tls.cert, "--tls-key", tls.key]
    scheme = "tcp" if tls is None else "tls"
    scheduler = ["scheduler", "--host", f"{scheme}://127.0.0.1:0", "--dashboard-address", "127.0.0.1:0"]
    worker = ["worker", "--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, filter(None, (modules, *sys.path))))}
    with ExitStack() as running:
        log = running.enter_context((folder / "log").open("w"))
        processes = []
        for role in (scheduler, worker):
            command = [sys.executable, "-m", "dask", *role, *map(str, secure), "--scheduler-file", str(told)]
            process = subprocess.Popen(command, cwd=folder, stderr=log, env=environment)
            running.callback(process.wait)
            running.callback(process.terminate)
            processes.append(psutil.Process(process.pid))
            eventually(lambda: told.exists() and told.read_text().endswith("}"))
        there = Cluster(json.loads(told.read_text())["address"], tls, tuple(processes))
        with Pool(there.spec(2)):
            pass
        yield there
