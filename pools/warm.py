"""A warm fork server: worker processes are forked from one that has the heavy imports done.

Measured on two cores, time to a worker's first task: 1.4 s spawned and 4 s more for the imports, 0.1 s
forked from a warm server. The server itself needs 3 to 6 s, once per client process, and ends with that.

It is not the fork server of `multiprocessing`, for two reasons. That one belongs to the user's code, whose
preload list and environment are not ours to set. And its children import the client's `__main__` again, so
that a script without the `if __name__ == "__main__"` guard would run again in every worker; Dask sends what
is defined in `__main__` by value, so our children do not need it.
"""

from __future__ import annotations

import io
import json
import multiprocessing.context
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, popen_forkserver, process, reduction, spawn, util
from typing import Any

from pools import preloaded

# The name under which distributed finds our processes (`distributed.worker.multiprocessing-method`).
METHOD = "tarn"

# A thread pool takes its size when its library is loaded, which is in the server; `pools.equip` then gives
# each worker its share. The hash seed makes string hashes agree among workers, and the trim threshold hands
# freed memory back to the system: both as distributed's nannies set them. Arrow's allocator waits a second
# with that, not 10 ms: between two batches it would have pages cleared again (10 % of a scoring task).
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "6640",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MIMALLOC_PURGE_DELAY": "1000",
}


class _Servers:
    """The warm server of this process, and those it has replaced, which end after their last child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._modules: tuple[str, ...] = ()
        self._current: Any = None
        self._replaced: list[Any] = []

    def ensure(self, modules: Sequence[str]) -> Any:
        """The running server, which knows at least `modules`; returns before it has loaded them."""
        with self._lock:
            if self._owner != os.getpid():  # forked by the user: the servers are the parent's
                self._owner, self._current, self._replaced = os.getpid(), None, []
            if self._current is None or not set(modules) <= set(self._modules):
                if self._current is not None:
                    self._replaced.append(self._current)
                self._modules = tuple(dict.fromkeys((*self._modules, *modules)))
                self._current = forkserver.ForkServer()
                self._current.set_forkserver_preload([preloaded.__name__])
            if not _runs(self._current):
                with _environment(_server_environment(self._modules)):
                    self._current.ensure_running()
            return self._current

    def pids(self) -> list[int]:
        """The processes that are warm servers, whose children are workers."""
        known = [*self._replaced, *([self._current] if self._current is not None else [])]
        return [server._forkserver_pid for server in known if self._owner == os.getpid()]  # noqa: SLF001

    def reap(self, *, current: bool = False) -> None:
        """Wait for the replaced servers to end, whose children must be gone; `current` ends that one too."""
        with self._lock:
            if self._owner != os.getpid():
                return
            while self._replaced:
                self._replaced.pop()._stop()  # noqa: SLF001 - the one way there is to stop a fork server
            if current and self._current is not None:
                self._current._stop()  # noqa: SLF001
                self._current, self._modules = None, ()


servers = _Servers()


class _Popen(popen_forkserver.Popen):
    """Starts a process through our server, and without the client's `__main__`."""

    def _launch(self, process_obj: Any) -> None:
        preparation = spawn.get_preparation_data(process_obj.name)
        preparation.pop("init_main_from_name", None)
        preparation.pop("init_main_from_path", None)
        message = io.BytesIO()
        multiprocessing.context.set_spawning_popen(self)
        try:
            reduction.dump(preparation, message)
            reduction.dump(process_obj, message)
        finally:
            multiprocessing.context.set_spawning_popen(None)
        self.sentinel, pipe = servers.ensure(()).connect_to_new_process(self._fds)  # type: ignore[attr-defined]
        # The child takes the end of this pipe for the end of its parent: it stays open as long as we live.
        ends = (os.dup(pipe), self.sentinel)
        self.finalizer = util.Finalize(self, util.close_fds, ends)  # type: ignore[attr-defined]
        with open(pipe, "wb", closefd=True) as stream:  # noqa: PTH123 - a file descriptor has no path
            stream.write(message.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


class _Process(process.BaseProcess):
    _start_method = METHOD

    @staticmethod
    def _Popen(process_obj: Any) -> _Popen:  # noqa: N802 - multiprocessing's name
        return _Popen(process_obj)


class _Context(multiprocessing.context.BaseContext):
    _name = METHOD
    Process = _Process


multiprocessing.context._concrete_contexts[METHOD] = _Context()  # type: ignore[attr-defined]  # noqa: SLF001


def _runs(server: Any) -> bool:
    pid = server._forkserver_pid  # noqa: SLF001
    # Only looks: the exit of one that has died is for `ensure_running` to collect.
    return pid is not None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _server_environment(modules: Sequence[str]) -> dict[str, str]:
    path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109 - import paths are strings
    return {**_ENVIRONMENT, preloaded.REQUEST: json.dumps({"path": path, "modules": list(modules)})}


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
