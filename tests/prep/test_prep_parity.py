"""The check of every graph against scikit-learn on the first rows: what it lets through, and what not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from prep_oracle import split
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    QuantileTransformer,
    StandardScaler,
)

from engine.errors import ParityError
from engine.lake import InlineRunner
from engine.prep import fit
from engine.prep.graph import leaves
from engine.prep.parity import check_parity

SECONDS = pa.table({"at": 1_700_000_000 + np.random.default_rng(0).permutation(4000)})


@pytest.mark.parametrize(
    "step",
    [KBinsDiscretizer(40, encode="ordinal"), QuantileTransformer(), MinMaxScaler(), StandardScaler()],
    ids=str,
)
def test_digits_that_float32_does_not_have_are_no_error(step: Any) -> None:
    """Seconds since 1970 lie 128 apart in float32: hardly any value keeps its place, and no graph is to
    blame."""
    ours = fit(step, split(SECONDS, [1000, 2000]), InlineRunner())
    assert np.isfinite(ours.preparation.matrix(SECONDS)).all()


def test_decimals_keep_their_categories() -> None:
    table = pa.table({"price": [0.1, 0.7, 0.3, 1e-7] * 30})
    ours = fit(OneHotEncoder(), split(table, [7]), InlineRunner())
    np.testing.assert_array_equal(ours.preparation.matrix(table).sum(axis=0), [30, 30, 30, 30])


def test_a_graph_that_forgets_something_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(leaves.WRITERS, MinMaxScaler, leaves.WRITERS[StandardScaler])
    monkeypatch.setitem(leaves.WRITERS, StandardScaler, lambda graph, fitted, cells: list(cells))
    table = pa.table({"x": [1.0, 2.0, 4.0]})
    assert fit(MinMaxScaler(), split(table, [1]), InlineRunner()).preparation.matrix(table).shape == (3, 1)
    with pytest.raises(ParityError, match="feature 'x'"):
        fit(StandardScaler(), split(table, [1]), InlineRunner())


@pytest.mark.parametrize("wrong", [np.nan, 0.0, np.inf, 1.1])
def test_one_wrong_value_is_found_and_named(wrong: float) -> None:
    head = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 1.0, 1.0]})
    scaler = MinMaxScaler(feature_range=(1, 2)).fit(head)
    features = scaler.transform(head).astype(np.float32)
    check_parity(scaler, head, features, ("a", "b"))
    features[1, 1] = wrong
    with pytest.raises(ParityError, match="'b'"):
        check_parity(scaler, head, features, ("a", "b"))
