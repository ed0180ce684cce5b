"""The pipeline: everything once, in order, on no more cores than given, whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ml.scoring.pipeline import AHEAD, overlap
from pools.worker import native_threads


class Cores:
    """Counts how many steps are at work."""

    def __init__(self) -> None:
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.now -= 1


@given(st.integers(0, 30), st.integers(1, 4))
def test_everything_once_in_order_on_the_cores_that_there_are(count: int, threads: int) -> None:
    cores, read = Cores(), []

    def given_things() -> Iterator[int]:
        for at in range(count):
            with cores:
                read.append(at)
            yield at

    def step(at: int) -> tuple[int, int]:
        with cores:
            return at * 2, native_threads()

    made = []
    for at, one in enumerate(overlap(given_things(), step, threads=threads)):
        with cores:
            made.append(one)
            assert len(read) <= at + 1 + AHEAD + threads, "no more is read than is wanted soon"
    assert made == [(at * 2, 1) for at in range(count)]
    assert cores.most <= threads


@pytest.mark.parametrize("place", ["read", "step", "caller"])
def test_what_fails_ends_all_of_it(place: str) -> None:
    def given_things() -> Iterator[int]:
        yield from range(5)
        if place == "read":
            raise ValueError(place)
        yield from range(5, 100)

    def step(at: int) -> int:
        if place == "step" and at == 5:
            raise ValueError(place)
        return at

    before = threading.active_count()
    seen = []
    made = overlap(given_things(), step, threads=2)
    with pytest.raises(ValueError, match=place):
        _take(made, seen, place)
    assert seen == list(range(5))
    assert threading.active_count() == before


def _take(made: Generator[int], seen: list[int], place: str) -> None:
    for one in made:
        seen.append(one)
        if place == "caller" and one == 4:
            made.close()
            raise ValueError(place)
