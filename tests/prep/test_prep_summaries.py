"""Summaries against numpy on all values, however the values are cut."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import DataError
from engine.prep.passes import MergeTree
from engine.prep.summaries import Statistic, distinct, quantiles
from engine.prep.summaries.distinct import DISTINCT
from engine.prep.summaries.extent import EXTENT
from engine.prep.summaries.moments import MOMENTS
from engine.prep.summaries.presence import PRESENCE
from engine.prep.summaries.quantiles import QUANTILES, Ranked
from engine.prep.summaries.variety import variety


def summary(statistic: Statistic, values: np.ndarray, cuts: list[int]) -> Any:
    """Merge the summaries of the pieces between these cuts; those without rows are left out, as in a pass."""
    pieces = [
        piece for piece in np.split(values, sorted(cut % (len(values) + 1) for cut in cuts)) if len(piece)
    ]
    labels = tuple(f"c{i}" for i in range(values.shape[1]))
    return reduce(statistic.merge, (statistic.summarise(piece, labels) for piece in pieces))


def matrices(elements: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
    return hnp.arrays(np.float64, shapes, elements=elements)


FLOATS = st.one_of(st.floats(-1e6, 1e6), st.just(np.nan), st.sampled_from([0.0, -0.0, 1.0, 1e9, 1e9 + 1]))
TINY = float(np.finfo(np.float64).tiny)
CUTS = st.lists(st.integers(0, 40), max_size=6)


@given(matrices(FLOATS), CUTS)
def test_moments(values: np.ndarray, cuts: list[int]) -> None:
    found = summary(MOMENTS, values, cuts)
    for place, column in enumerate(values.T):
        there = column[~np.isnan(column)]
        assert (found.rows, found.count[place]) == (len(column), len(there))
        if not len(there):
            assert np.isnan([found.mean[place], found.variance[place]]).all()
            continue
        scale = np.abs(there).max()
        # Below TINY a float64 has fewer digits than the tolerances ask for.
        np.testing.assert_allclose(found.mean[place], there.mean(), rtol=1e-12, atol=1e-12 * scale + TINY)
        np.testing.assert_allclose(
            found.variance[place], there.var(), rtol=1e-9, atol=1e-14 * scale**2 + TINY
        )


def test_moments_far_from_zero_keep_their_digits() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(100_000, 1))
    found = summary(MOMENTS, values + 1e9, [1, 2, 30_000, 77_777])
    exact = (values + 1e9 - 1e9).var()  # what float64 keeps of them at that offset
    np.testing.assert_allclose(found.variance[0], exact, rtol=1e-9)
    constant = summary(MOMENTS, np.full((1000, 1), 0.1), [1, 500])
    assert (constant.mean[0], constant.variance[0]) == (0.1, 0.0)


@given(matrices(FLOATS), CUTS)
def test_extent(values: np.ndarray, cuts: list[int]) -> None:
    found = summary(EXTENT, values, cuts)
    for place, column in enumerate(values.T):
        there = column[~np.isnan(column)]
        assert (found.rows, found.count[place]) == (len(column), len(there))
        wanted = (there.min(), there.max()) if len(there) else (np.nan, np.nan)
        np.testing.assert_array_equal((found.low[place], found.high[place]), wanted)


TEXTS = st.one_of(st.text(max_size=3), st.just(np.nan))


@given(st.lists(st.tuples(TEXTS, FLOATS), min_size=1, max_size=40), CUTS)
def test_distinct_and_presence(rows: list[tuple[Any, float]], cuts: list[int]) -> None:
    values = np.empty((len(rows), 2), dtype=object)
    values[:] = rows
    found = summary(DISTINCT, values, cuts)
    present = summary(PRESENCE, values, cuts)
    assert present.rows == len(rows)
    for column, answer, count in zip(values.T, found, present.count, strict=True):
        there = [value for value in column if value == value]
        assert answer.missing == len(column) - len(there)
        assert count == len(there)
        categories = answer.categories
        known = categories[: len(categories) - bool(answer.missing)]
        assert known.tolist() == sorted(set(there))
        assert dict(zip(answer.values, answer.counts, strict=True)) == {v: there.count(v) for v in there}
        if there:
            assert answer.mode == min(set(there), key=lambda value: (-there.count(value), value))


def test_a_column_with_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "LIMIT", 100)
    values = np.arange(60.0).reshape(-1, 1)
    left = DISTINCT.summarise(values, ("key",))
    assert len(DISTINCT.merge(left, left)[0].values) == 60
    with pytest.raises(DataError, match="'key' has more than 100 distinct"):
        DISTINCT.merge(left, DISTINCT.summarise(values + 50, ("key",)))


@given(matrices(FLOATS), CUTS, st.sampled_from(["linear", "inverted_cdf", "averaged_inverted_cdf"]))
def test_quantiles_are_exact_while_nothing_is_thinned(
    values: np.ndarray, cuts: list[int], method: Any
) -> None:
    found = summary(QUANTILES, values, cuts)
    shares = np.linspace(0, 100, 14) / 100
    for column, answer in zip(values.T, found, strict=True):
        there = column[~np.isnan(column)]
        assert (answer.rows, answer.missing) == (len(column), len(column) - len(there))
        if len(there):
            wanted = np.quantile(there, shares, method=method)
            np.testing.assert_allclose(answer.at(shares, method), wanted, rtol=1e-12, atol=1e-12)
        else:
            assert np.isnan(answer.at(shares, method)).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([1.0, 0.3, 3.0]))
def test_thinned_quantiles_keep_their_bound(seed: int, parts: int, power: float) -> None:
    """With 16 points per part and 64 when merged, the bound is wide enough to be missed."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 3000, 6000).astype(float) ** power
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantiles, "POINTS", 16)
        patch.setattr(quantiles, "MERGED", 64)
        tree = MergeTree(QUANTILES.merge)
        cuts = np.sort(random.integers(0, len(values), parts - 1))
        pieces = [piece for piece in np.split(values, cuts) if len(piece)]
        for place, piece in enumerate(pieces):
            tree.add(place, QUANTILES.summarise(piece.reshape(-1, 1), ("x",)))
        (found,) = tree.root()
    assert int(found.weights.sum()) == len(values)
    assert (found.values[0], found.values[-1]) == (values.min(), values.max())
    levels = int(np.ceil(np.log2(len(pieces)))) if len(pieces) > 1 else 0
    bound = 1 / (2 * 16) + levels / (2 * 64) + 2 / len(values)
    shares = np.linspace(0, 1, 101)
    ordered = np.sort(values)
    for share, value in zip(shares, found.at(shares, "inverted_cdf"), strict=True):
        low = np.searchsorted(ordered, value, side="left") / len(values)
        high = np.searchsorted(ordered, value, side="right") / len(values)
        assert low - bound <= share <= high + bound


def test_default_sizes_thin_a_large_column_and_no_small_one() -> None:
    small = QUANTILES.summarise(np.arange(4098.0).reshape(-1, 1), ("x",))[0]
    assert len(small.values) == 4098
    large = QUANTILES.summarise(np.arange(1_000_000.0).reshape(-1, 1), ("x",))[0]
    assert len(large.values) == 4098
    shares = np.linspace(0, 1, 1001)
    assert np.abs(large.at(shares) - shares * 999_999).max() <= 1e6 / (2 * 4096) + 1
    repeated = QUANTILES.summarise(np.arange(1_000_000.0).reshape(-1, 1) % 1000, ("x",))[0]
    assert isinstance(repeated, Ranked)
    assert repeated.weights.tolist() == [1000] * 1000


@given(st.lists(st.sampled_from(["a", "b", "c", "d", np.nan]), min_size=1), CUTS)
def test_variety(texts: list[Any], cuts: list[int]) -> None:
    (found,) = summary(variety(3), np.array(texts, dtype=object).reshape(-1, 1), cuts)
    words = {text for text in texts if isinstance(text, str)}
    assert found.texts == (words if len(words) <= 3 else None)
    assert found.missing == any(not isinstance(text, str) for text in texts)


@given(st.permutations(range(11)), st.integers(1, 11))
def test_the_merge_tree_depends_on_the_number_of_parts_alone(order: list[int], count: int) -> None:
    def run(indices: list[int]) -> str:
        tree = MergeTree(lambda left, right: f"({left} {right})")
        for index in indices:
            tree.add(index, str(index))
        return str(tree.root())

    shape = run(list(range(count)))
    assert run([index for index in order if index < count]) == shape
    assert [int(word) for word in shape.replace("(", " ").replace(")", " ").split()] == list(range(count))
