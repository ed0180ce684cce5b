"""Packing: every unit once, in order, parts of even weight, and no core idle for long."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from engine.ml.scoring.packing import _LEAST, _MOST, heaviest_first, pack

MIB = 1 << 20
UNITS = st.lists(st.tuples(st.integers(0, 300 * MIB), st.integers(0, 200)), min_size=0, max_size=300).map(
    lambda units: sorted(units, key=lambda unit: unit[1])
)


@given(UNITS, st.integers(1, 16))
def test_every_unit_is_in_one_part_and_parts_are_not_too_heavy(
    units: list[tuple[int, int]], cores: int
) -> None:
    weights, files = [weight for weight, _ in units], [str(file) for _, file in units]
    parts = pack(weights, files, cores)
    assert [at for part in parts for at in part] == list(range(len(units)))
    share = sum(weights) // (cores * 6)
    most = min(_MOST, max(_LEAST, share))
    for part in parts:
        assert len(part) == 1 or sum(weights[at] for at in part) <= most
    if len(set(files)) <= 64:
        assert all(len({files[at] for at in part}) == 1 for part in parts)


@given(UNITS, st.integers(1, 16))
def test_no_core_waits_longer_than_a_part(units: list[tuple[int, int]], cores: int) -> None:
    weights, files = [weight for weight, _ in units], [str(file) for _, file in units]
    parts = pack(weights, files, cores)
    loads = [sum(weights[at] for at in part) for part in parts]
    order = heaviest_first(parts, weights)
    assert sorted(order) == list(range(len(parts)))
    busy = [0] * cores
    for at in order:
        heapq.heappush(busy, heapq.heappop(busy) + loads[at])
    # Whoever ends last began when everybody else was at work still.
    assert max(busy) <= sum(weights) / cores + max(loads, default=0)


def test_many_tiny_files_share_parts() -> None:
    parts = pack([1000] * 5000, [str(at) for at in range(5000)], cores=2)
    assert 1 < len(parts) < 10
