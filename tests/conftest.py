"""Fixtures for every test: a pool that is there for the session, and proof that nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from leaks import Footprint

from pools import Pool, PoolSpec, warm


@pytest.fixture(scope="session", autouse=True)
def nothing_left_by_the_session() -> Iterator[None]:
    """The whole session leaves no process, thread or listening port."""
    before = Footprint.now()
    yield
    warm.servers.reap(current=True)
    before.check()


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """A test with this fixture leaves no process, thread or listening port; the warm server may stay."""
    before = Footprint.now()
    yield
    before.check()


@pytest.fixture(scope="session")
def dedicated_pool(nothing_left_by_the_session: None) -> Iterator[Pool]:
    """A started dedicated pool of two workers with one thread each, shared by all tests of the session."""
    with Pool(PoolSpec.dedicated("dedicated_pool", nodes=2)) as pool:
        yield pool
