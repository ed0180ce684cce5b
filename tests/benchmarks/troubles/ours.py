"""Sides that go right and wrong in every way that the harness has to see."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BURN = "import time; end = time.process_time() + {seconds}\nwhile time.process_time() < end: pass"
HOLD = "import sys; block = bytearray({size}); block[::4096] = b'x' * len(block[::4096]); sys.stdin.read(1)"


def simple(call: Any) -> Any:
    """A side without set-up, made of one function of the parameters."""

    @contextmanager
    def prepare(parameters: dict[str, Any]) -> Iterator[Any]:
        @contextmanager
        def once() -> Iterator[dict[str, Any]]:
            yield call(parameters)

        yield once

    return prepare


def _burn_reaped(parameters: dict[str, Any]) -> dict[str, Any]:
    subprocess.run([sys.executable, "-c", BURN.format(**parameters)], check=True)
    return {"value": 1}


def _burn_orphaned(parameters: dict[str, Any]) -> dict[str, Any]:
    """The middle process ends at once; nobody of this tree waits for the one that works."""
    inner = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BURN.format(**parameters)!r}])"
    subprocess.run([sys.executable, "-c", inner], check=True)
    return {"value": 1}


def _hold(parameters: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-c", HOLD.format(size=parameters["bytes"])]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        time.sleep(parameters["seconds"])  # what is measured takes time, and here is nothing but that
        process.communicate(b"x")
    return {"value": 1}


def _raise(_: dict[str, Any]) -> dict[str, Any]:
    raise ValueError("no luck")


def _die(_: dict[str, Any]) -> dict[str, Any]:
    sys.stderr.write("last words\n")
    sys.stderr.flush()
    os._exit(3)


def _leave_behind(_: dict[str, Any]) -> dict[str, Any]:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return {"value": 1}


def _talk(_: dict[str, Any]) -> dict[str, Any]:
    print("noise on standard output")
    multiprocessing.get_context("spawn").Process(target=print, args=("and from a child",)).start()
    return {"value": 1, "stages": {"talk": 0.5}}


def _slow_to_tell(parameters: dict[str, Any]) -> Any:
    def tell() -> dict[str, Any]:
        end = time.process_time() + parameters["seconds"]
        while time.process_time() < end:
            pass
        return {"value": 1}

    return tell


def _unable_to_tell(_: dict[str, Any]) -> Any:
    return lambda: _raise({})


right = simple(lambda parameters: {"value": parameters.get("value", 1)})
disagreeing = right
wrong = simple(lambda _: {"value": 2})
burn_reaped = simple(_burn_reaped)
burn_orphaned = simple(_burn_orphaned)
hold = simple(_hold)
raising = simple(_raise)
slow_to_tell = simple(_slow_to_tell)
unable_to_tell = simple(_unable_to_tell)
dying = simple(_die)
hanging = simple(lambda _: time.sleep(600))
leaving_behind = simple(_leave_behind)
talking = simple(_talk)


@contextmanager
def counting(_: dict[str, Any]) -> Iterator[Any]:
    """Tells how often this process was asked; its tear-down is slow, and none of that is in the time."""
    asked = 0

    @contextmanager
    def once() -> Iterator[dict[str, Any]]:
        nonlocal asked
        asked += 1
        yield {"value": asked}
        time.sleep(0.3)

    yield once


@contextmanager
def failing_at_the_end(parameters: dict[str, Any]) -> Iterator[Any]:
    with right(parameters) as once:
        yield once
    raise ValueError("could not tear down")


@contextmanager
def slow_to_prepare(parameters: dict[str, Any]) -> Iterator[Any]:
    _burn_reaped(parameters)
    with right({}) as once:
        yield once
