"""The main job with no log: nothing is written, and no pool has anybody who looks on or shows pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.suites.events import ours
from pools.observer import Observer

if TYPE_CHECKING:
    from benchmarks.case import Once, Parameters


def tasks(parameters: Parameters) -> AbstractContextManager[Once]:
    return ours.tasks(parameters, writes=False)


@contextmanager
def demo(parameters: Parameters) -> Iterator[Once]:
    with patch("engine.pool._recorder", _nobody), ours.demo(parameters, writes=False) as once:
        yield once


steady = demo


def _nobody(*_: Any) -> Observer:
    return Observer()
