"""Starts the processes of a side, asks them for repetitions and measures these."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import psutil

from benchmarks.measure import Usage, Watch, ended

if TYPE_CHECKING:
    from benchmarks.case import Answer, Case, Verdict

ROOT: Final = Path(__file__).resolve().parent.parent

# A side's helper processes may outlive it this long before they count as left behind.
_GRACE: Final = 10.0
_LOG_TAIL: Final = 2_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of the parties, and the interpreter that has its libraries."""

    name: str
    python: Path


@dataclass(frozen=True, slots=True)
class Measured:
    """One repetition. With a problem, the figures may be missing (0)."""

    seconds: float = 0.0
    usage: Usage = field(default_factory=lambda: Usage(0.0, 0))
    answer: Answer = field(default_factory=dict)
    problem: Verdict = None


class Fresh:
    """A new process per repetition: the time is that of the whole process, from its start to its end."""

    def __init__(self, case: Case, side: Side) -> None:
        self._case, self._side = case, side

    def once(self) -> Measured:
        started = time.perf_counter()
        child = Child(self._case, self._side)
        reply = child.hear()
        if "ready" in reply:
            reply = child.answered(child.ask())
        left = None if "problem" in reply else child.leave()
        seconds = time.perf_counter() - started
        usage, late = child.end()
        return Measured(seconds, usage, reply.get("answer", {}), reply.get("problem") or left or late)

    def close(self) -> Verdict:
        """Nothing is kept between repetitions."""
        return None


class Warm:
    """One process for all repetitions: the time is that of the call inside it."""

    def __init__(self, case: Case, side: Side) -> None:
        self._case, self._side = case, side
        self._child: Child | None = None
        self._failed = False

    def once(self) -> Measured:
        if self._child is None:
            self._child = Child(self._case, self._side)
            reply = self._child.hear()
            if "problem" in reply:
                self._failed = True
                return Measured(problem=reply["problem"])
        self._child.watch.begin()
        reply = self._child.ask()
        usage = self._child.watch.end()
        reply = self._child.answered(reply)
        self._failed = "problem" in reply
        return Measured(reply.get("seconds", 0.0), usage, reply.get("answer", {}), reply.get("problem"))

    def close(self) -> Verdict:
        """Tears down; what goes wrong there counts too."""
        if self._child is None:
            return None
        left = None if self._failed else self._child.leave()
        _, late = self._child.end()
        return left or late


Player = Fresh | Warm


class Child:
    """A process that plays one side of one case; see `benchmarks.child` for what is said on the pipes."""

    def __init__(self, case: Case, side: Side) -> None:
        self._timeout = case.timeout
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed in `end`
        self._replies, theirs = os.pipe()
        self._unread = b""
        words = [str(theirs), case.package, side.name, case.name, json.dumps(dict(case.parameters))]
        self._process = subprocess.Popen(
            [side.python, "-m", "benchmarks.child", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[theirs],
            start_new_session=True,
        )
        os.close(theirs)
        self.watch = Watch(self._process.pid)
        self.watch.start()

    def ask(self) -> dict[str, Any]:
        """One repetition, up to the end of what is measured."""
        with contextlib.suppress(BrokenPipeError):  # it has ended; its last words are in the other pipe
            self._requests.write(b"go\n")
            self._requests.flush()
        return self.hear()

    def answered(self, reply: dict[str, Any]) -> dict[str, Any]:
        """A repetition's reply with its answer, which may take a while to write down."""
        return reply if "problem" in reply else reply | self.hear()

    def hear(self) -> dict[str, Any]:
        """The next reply: "ready" when set up; "seconds", then "answer" of a repetition; or a "problem"."""
        line = self._read_line(time.monotonic() + self._timeout)
        if line is None:
            return {"problem": f"no answer within {self._timeout:g} s"}
        return dict(json.loads(line)) if line else {"problem": self._last_words()}

    def leave(self) -> Verdict:
        """Lets it tear down and end."""
        deadline = time.monotonic() + self._timeout
        self._hang_up()
        line = self._read_line(deadline)
        if line:
            return str(json.loads(line)["problem"])
        if line is None or not ended(psutil.Process(self._process.pid), deadline - time.monotonic()):
            return f"did not end within {self._timeout:g} s"
        return None

    def end(self) -> tuple[Usage, Verdict]:
        """Ends what is left of the process and its helpers; returns what it all cost."""
        self._hang_up()
        usage, late = self.watch.finish(_GRACE)
        self._process.wait()
        os.close(self._replies)
        self._log.close()
        return usage, f"left behind: {', '.join(late)}" if late else None

    @property
    def _requests(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise RuntimeError("the child was started without a pipe")
        return self._process.stdin

    def _hang_up(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()

    def _read_line(self, deadline: float) -> bytes | None:
        """A line, nothing when the process has ended, None when the time has."""
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._replies], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            more = os.read(self._replies, 1 << 16)
            if not more:
                return b""
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _last_words(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL))
        lines = self._log.read().decode(errors="replace").split("\n")
        return f"ended without an answer: {next(filter(None, reversed(lines)), 'nothing was said')}"
