"""How scores spread, beside numpy's own histogram."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from engine.ml.spread import Spread


def test_counts_are_those_of_a_histogram() -> None:
    scores = np.random.default_rng(3).beta(2, 5, 5000)
    spread = Spread.of(scores.astype(np.float32), probabilities=True)
    assert spread is not None
    assert Spread.from_text(spread.to_text()) == spread
    wanted, edges = np.histogram(scores, bins=len(spread.training), range=(0, 1))
    assert np.abs(np.array(spread.training) - wanted).sum() <= 4  # float32 lies on the other side of an edge
    assert spread.edges == pytest.approx(edges)
    answers = pa.table({"score": scores, "label": np.zeros(5000)})
    assert spread.count(answers).tolist() == wanted.tolist()


def test_what_lies_beyond_counts_at_the_ends() -> None:
    spread = Spread.of(np.array([10.0, 20.0]), probabilities=False)
    assert spread is not None
    counts = spread.count(pa.table({"score": [-1e30, 10.0, 15.0, 20.0, 1e30, float("inf")]}))
    assert (counts.sum(), counts[0], counts[-1]) == (6, 2, 3)


def test_of_several_classes_the_likeliest_counts() -> None:
    said = np.array([[0.2, 0.7, 0.1], [0.9, 0.05, 0.05]])
    spread = Spread.of(said, probabilities=True)
    assert spread is not None
    answers = pa.table({"label": [1, 0], **{f"probability_{at}": said[:, at] for at in range(3)}})
    assert spread.count(answers).tolist() == list(spread.training)
    assert spread.count(answers.slice(0, 0)).sum() == 0


def test_nothing_and_one_value() -> None:
    assert Spread.of(np.array([]), probabilities=True) is None
    flat = Spread.of(np.full(3, 7.0), probabilities=False)
    assert flat is not None
    assert flat.training[0] == 3
