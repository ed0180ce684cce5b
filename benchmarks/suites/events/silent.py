"""The main job with a log that writes nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from benchmarks.suites.events import ours

if TYPE_CHECKING:
    from benchmarks.case import Once, Parameters


def tasks(parameters: Parameters) -> AbstractContextManager[Once]:
    return ours.tasks(parameters, writes=False)


def demo(parameters: Parameters) -> AbstractContextManager[Once]:
    return ours.demo(parameters, writes=False)
