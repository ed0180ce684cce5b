"""What runs inside a measured process: one side of one case, a repetition per line on standard input."""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from importlib import metadata
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from benchmarks.case import Once, Prepare


def main(arguments: list[str]) -> None:
    """Arguments: the number of an open pipe for replies, then package, side, case and parameters as JSON."""
    number, package, side, case, parameters = arguments
    os.set_inheritable(int(number), False)  # its end must tell of this process alone
    with os.fdopen(int(number), "w", buffering=1) as replies:
        try:
            prepare: Prepare = getattr(importlib.import_module(f"{package}.{side}"), case)
            with prepare(json.loads(parameters)) as once:
                _reply(replies, ready=True)
                _serve(once, sys.stdin, replies)
        except Exception as problem:  # noqa: BLE001  whatever it is, it is the reply
            traceback.print_exc()
            _reply(replies, problem=f"{type(problem).__name__}: {problem}")
            sys.exit(1)


def _serve(once: Once, requests: TextIO, replies: TextIO) -> None:
    for _ in requests:
        gc.collect()  # not within the measured time, and not that of an earlier repetition
        started = time.perf_counter()
        with once() as answer:
            _reply(replies, seconds=time.perf_counter() - started)
            _reply(replies, answer=answer() if callable(answer) else answer)


def _reply(replies: TextIO, **message: object) -> None:
    replies.write(json.dumps(message) + "\n")


def versions(distributions: list[str]) -> dict[str, str]:
    """Versions of those of the distributions that this interpreter has."""
    found = {}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    if sys.argv[1] == "versions":
        sys.stdout.write(json.dumps(versions(sys.argv[2:])))
    else:
        main(sys.argv[1:])
