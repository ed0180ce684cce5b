"""A pool of processes of this machine."""

from __future__ import annotations

from pools import Pool, PoolSpec


def square(x: int) -> int:
    return x * x


def test_a_pool_maps_in_order(dedicated_pool: Pool) -> None:
    assert dedicated_pool.map(square, range(10), label="square") == [x * x for x in range(10)]


def test_close_leaves_nothing(no_leaks: None) -> None:
    with Pool(PoolSpec.dedicated("brief", nodes=1)) as pool:
        assert pool.submit(square, 3).result() == 9
