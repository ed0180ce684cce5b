"""Sketches against numpy: quantiles to half a percent, counts that add up, the stability index."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ml.scoring.limits import allowance, excess
from engine.ml.scoring.sketch import Sketch, stability_index

VALUES = st.lists(
    st.one_of(
        st.floats(-1e6, 1e6, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-6),
        st.just(float("nan")),
    ),
    max_size=200,
)


@given(VALUES, VALUES, st.floats(0, 1))
def test_two_sketches_add_up_to_the_quantiles_of_both(
    left: list[float], right: list[float], share: float
) -> None:
    both = Sketch.of(np.array(left)).plus(Sketch.of(np.array(right)))
    assert both == Sketch.of(np.array(left + right))
    assert Sketch.from_json(json.loads(json.dumps(both.to_json()))) == both
    known = np.array([value for value in left + right if not np.isnan(value)])
    assert (both.total, both.missing) == (len(known), len(left) + len(right) - len(known))
    if len(known):
        wanted = np.quantile(known, share, method="inverted_cdf")
        assert both.quantile(share) == pytest.approx(wanted, rel=0.006, abs=1e-9)


def test_the_stability_index_is_that_of_deciles() -> None:
    chance = np.random.default_rng(5)
    expected, found = chance.beta(2, 5, 200_000), chance.beta(2.6, 5, 200_000)
    edges = np.quantile(expected, np.linspace(0.1, 0.9, 9))
    shares = [np.bincount(np.searchsorted(edges, one), minlength=10) / len(one) for one in (expected, found)]
    exact = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    assert stability_index(Sketch.of(expected), Sketch.of(found)) == pytest.approx(exact, rel=0.05)
    assert stability_index(Sketch.of(expected), Sketch.of(expected)) == 0
    assert np.isnan(stability_index(Sketch(), Sketch.of(found)))


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), min_size=1, max_size=40),
    st.one_of(st.none(), st.floats(0, 1)),
    st.booleans(),
)
def test_a_job_is_stopped_if_and_only_if_it_ends_over_its_limit(
    parts: list[tuple[int, int]], limit: float | None, known: bool
) -> None:
    good, bad = sum(part[0] for part in parts), sum(part[1] for part in parts)
    rows = good + bad if known else None
    at_the_end = excess(limit, rows, good, bad, ended=True)
    seen_good = seen_bad = 0
    early = []
    for one in parts:
        seen_good, seen_bad = seen_good + one[0], seen_bad + one[1]
        early.append(bool(excess(limit, rows, seen_good, seen_bad, ended=False)))
    over = (limit is not None and bad > int(limit * (good + bad))) or (bad > 0 and good == 0)
    assert bool(at_the_end) == over
    if known:
        assert not any(early) or over
        most = allowance(limit, rows)
        assert (most is None) == (limit is None)
