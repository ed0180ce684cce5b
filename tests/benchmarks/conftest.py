"""What the harness changes of its own process is changed back: other tests run in the same one."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from benchmarks.measure import _PR_SET_CHILD_SUBREAPER


@pytest.fixture(autouse=True)
def orphans_go_to_the_system_again() -> Iterator[None]:
    """`adopt_orphans` would make the workers of every later test's dead client children of this process."""
    yield
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
