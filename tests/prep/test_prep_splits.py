"""Any frame, cut anywhere, read in any order, gives the fit of the whole."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prep_oracle import ShuffledRunner, assert_same_fit, dense, split
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from engine.prep import Signature, fit, frame

# Quarters, so that float32 and float64 agree and a mean has few roundings.
NUMBER = st.one_of(st.none(), st.integers(-40, 40).map(lambda n: n / 4))
WORD = st.one_of(st.none(), st.sampled_from(["", "a", "b", "ü", "a "]))
ROW = st.tuples(NUMBER, NUMBER, WORD, WORD, st.booleans())
CUTS = st.lists(st.integers(0, 30), max_size=5)

FILLED = SimpleImputer(strategy="constant", fill_value="?", keep_empty_features=True)
STEPS: list[Any] = [
    ColumnTransformer(
        [
            ("s", make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), ["n", "m"]),
            ("w", OneHotEncoder(handle_unknown="ignore"), ["v", "w"]),
        ]
    ),
    ColumnTransformer(
        [
            (
                "m",
                make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), MinMaxScaler()),
                ["n"],
            ),
            ("o", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["w", "m"]),
            ("f", "passthrough", ["f"]),
        ]
    ),
    ColumnTransformer(
        [
            ("r", RobustScaler(), ["n"]),
            ("q", QuantileTransformer(n_quantiles=7, subsample=None), ["m"]),
            ("v", make_pipeline(FILLED, OneHotEncoder()), ["v"]),
        ]
    ),
]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, min_size=1, max_size=30), CUTS, st.sampled_from(range(len(STEPS))), st.integers(0, 9))
def test_any_split_gives_the_same_fit(rows: list[Any], cuts: list[int], which: int, seed: int) -> None:
    types = [pa.float64(), pa.float64(), pa.string(), pa.string(), pa.bool_()]
    columns = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), types, strict=True)]
    table = pa.table(dict(zip("nmvwf", columns, strict=True)))
    blocks = split(table, [min(cut, len(table)) for cut in cuts])
    whole = frame(table, Signature.of(table.schema, table.column_names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = clone(STEPS[which]).fit(whole)
        if not theirs.get_feature_names_out().size:
            return
        ours = fit(STEPS[which], blocks, ShuffledRunner(seed))
        assert_same_fit(ours.transformer, theirs)
        wanted = dense(theirs.transform(whole)).astype(float)
    np.testing.assert_allclose(ours.preparation.matrix(table), wanted, rtol=2e-6, atol=2e-6)
