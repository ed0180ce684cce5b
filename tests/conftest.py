"""Fixtures for every test: a pool that is there for the session, and proof that nothing is left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest
from leaks import Footprint

from pools import Pool, PoolSpec, warm

# How long an example takes says more of who else uses the machine than of the code. The default run draws
# the same examples each time, so that a red run speaks of the change; `make explore` draws new ones.
hypothesis.settings.register_profile("tarn", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=500, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tarn"))


@pytest.fixture(scope="session", autouse=True)
def nothing_left_by_the_session() -> Iterator[None]:
    """The whole session leaves no process, thread or listening port."""
    before = Footprint.now()
    yield
    before.check()
    warm.servers.reap(current=True)


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
