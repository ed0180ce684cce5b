"""CPU time and memory of a process and all that it starts, as Linux accounts for them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import threading
import time
from dataclasses import dataclass
from typing import Final

import psutil

from engine.errors import OptionError

_PR_SET_CHILD_SUBREAPER: Final = 36
_PERIOD: Final = 0.1
# measured: reading the memory of a tree of 8 processes takes 5-15 ms; sampling stays below 5 % of a core.
_SHARE: Final = 0.05
_KILL_SECONDS: Final = 10.0  # for the kernel to take back the memory of a large process


@dataclass(frozen=True, slots=True)
class Usage:
    """What a stretch of work cost.

    Attributes:
        cpu_seconds: User and system time of every process of the tree, dead ones included.
        peak_bytes: Highest sum of proportional set sizes (shared pages count once) seen at any one moment.
    """

    cpu_seconds: float
    peak_bytes: int


def adopt_orphans() -> None:
    """Makes processes whose parent dies children of this one, so that their CPU time is not lost.

    Raises:
        OptionError: This is not Linux.
    """
    try:
        refused = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (AttributeError, OSError, TypeError):
        refused = True
    if refused:
        raise OptionError("Benchmarks need Linux.", "They read a process tree's costs from /proc.")


class Tree:
    """A child of ours and its descendants, followed by repeated sampling.

    The root must lead a session of its own. A process that has died stays readable until its parent has
    waited for it, and from then on its time is part of its parent's: the sum over all that are readable is
    exact, provided that orphans come to us.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._known = {self._root}

    def sample(self) -> tuple[float, int]:
        """CPU seconds so far and bytes now."""
        self._discover()
        while (cpu := self._read_cpu()) is None:
            pass
        size = 0
        for process in self._known:
            with contextlib.suppress(psutil.Error):  # dead, not yet waited for
                size += process.memory_full_info().pss
        return cpu, size

    def settle(self, grace: float) -> list[str]:
        """Waits at most `grace` seconds for all to end and kills the rest; returns the names of these."""
        deadline = time.monotonic() + grace
        self._discover()
        late = [process for process in self._known if not ended(process, deadline - time.monotonic())]
        names = [_name(process) for process in late]
        for process in late:
            with contextlib.suppress(psutil.Error):
                process.kill()
        for process in late:
            ended(process, _KILL_SECONDS)
        return names

    def bury(self) -> None:
        """Waits for those of the dead that are our children; they are readable no longer."""
        for process in self._known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)

    def _read_cpu(self) -> float | None:
        """None where a process went while being read: its time then counts twice or not at all."""
        cpu = 0.0
        for process in self._known:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
        left = {process for process in self._known if process.is_running()}
        complete = left == self._known
        self._known = left
        return cpu if complete else None

    def _discover(self) -> None:
        """Descendants, and orphans that came to us before they were seen as such: they share the session."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._known.update(self._root.children(recursive=True))
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(process.pid) == self._root.pid:
                    self._known.add(process)


class Watch:
    """Samples a tree in a thread from `start` to `finish`; `begin` and `end` bracket a stretch of work."""

    def __init__(self, pid: int) -> None:
        self._tree = Tree(pid)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._cpu_before = 0.0
        self._peak = 0
        self._thread = threading.Thread(target=self._keep_sampling, name="benchmarks-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def begin(self) -> None:
        with self._lock:
            self._cpu_before, self._peak = self._tree.sample()

    def end(self) -> Usage:
        """The cost since `begin`, or since the process began."""
        return Usage(self._sample() - self._cpu_before, self._peak)

    def finish(self, grace: float) -> tuple[Usage, list[str]]:
        """Waits for the whole tree to end, as `Tree.settle`; returns the cost and who was killed."""
        self._stop.set()
        self._thread.join()
        late = self._tree.settle(grace)
        usage = self.end()
        self._tree.bury()
        return usage, late

    def _sample(self) -> float:
        with self._lock:
            cpu, size = self._tree.sample()
            self._peak = max(self._peak, size)
        return cpu

    def _keep_sampling(self) -> None:
        pause = _PERIOD
        while not self._stop.wait(pause):
            started = time.thread_time()
            self._sample()
            pause = max(_PERIOD, (time.thread_time() - started) / _SHARE)


def ended(process: psutil.Process, seconds: float) -> bool:
    """Waits at most so long for a process to end; it need not be a child, and stays to be waited for."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        # A number that now belongs to another process counts as ended.
        return not process.is_running() or bool(select.select([handle], [], [], max(0.0, seconds))[0])
    finally:
        os.close(handle)


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "unknown"
