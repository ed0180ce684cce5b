"""What is missing to a SimpleImputer (null under any name, a number, a text), against scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from prep_oracle import assert_same_fit, dense, split, whole
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from test_prep_rules import ROWS, check, numbers, words

from engine.errors import DataError
from engine.lake import InlineRunner
from engine.prep import fit

STRATEGIES = ("mean", "median", "most_frequent", "constant")


@pytest.mark.parametrize("missing", [0, 3, -1.0, 4.25, 1e6], ids=str)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_number_stands_for_missing(strategy: str, missing: float) -> None:
    """4.25 is all of one column, 1e6 in none, 0 most of one."""
    for keep in (True, False):
        imputer = SimpleImputer(
            missing_values=missing, strategy=strategy, add_indicator=True, keep_empty_features=keep
        )
        check(imputer, numbers(gaps=False))


def test_the_mean_may_be_the_number_that_means_missing() -> None:
    table = pa.table({"x": pa.array([-2.0, 0.0, -1.0, -2.0, 0.0]), "y": pa.array([5.0, 1.0, -1.0, 0.0, 0.5])})
    for strategy in ("mean", "median"):
        check(SimpleImputer(missing_values=-1, strategy=strategy), table)


def test_a_number_that_float32_rounds_is_found_behind_a_fill_that_it_cannot_hold() -> None:
    values = np.where(np.arange(ROWS) % 5 == 0, 9999.1, np.arange(ROWS) / 7)
    table = pa.table({"x": pa.array(values)})
    check(
        make_pipeline(SimpleImputer(), SimpleImputer(missing_values=9999.1), StandardScaler()),
        table,
        atol=1e-5,
    )


@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
def test_a_text_stands_for_missing(strategy: str) -> None:
    columns = {name: pa.compute.fill_null(words()[name].cast(pa.string()), "?") for name in ("word", "coded")}
    table = pa.table(
        {
            name: pa.compute.if_else(pa.compute.equal(column, ""), "?", column)
            for name, column in columns.items()
        }
    )
    imputer = SimpleImputer(missing_values="?", strategy=strategy, fill_value="none")
    check(make_pipeline(imputer, OneHotEncoder()), table)
    indicated = make_pipeline(imputer.set_params(add_indicator=True), OneHotEncoder(handle_unknown="ignore"))
    check(indicated, table)


@pytest.mark.parametrize(
    ("missing", "table"),
    [(-1, pa.table({"x": [1.0, None, -1.0]})), ("?", pa.table({"x": ["a", None, "?"]}))],
    ids=["number", "text"],
)
def test_null_is_refused_where_something_else_is_missing(missing: Any, table: pa.Table) -> None:
    imputer = SimpleImputer(missing_values=missing, strategy="most_frequent")
    seen = table.to_pandas().astype(object if isinstance(missing, str) else float)
    with pytest.raises(ValueError, match="NaN"):
        imputer.fit(seen.where(seen.notna(), np.nan))
    with pytest.raises(DataError, match=r"missing_values=.* meets missing values in 'x'"):
        fit(make_pipeline(imputer, OneHotEncoder()), split(table, [1]), InlineRunner())


@pytest.mark.parametrize("missing", [None, pd.NA], ids=str)
@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
def test_null_under_another_name(missing: Any, strategy: str) -> None:
    table = words().select(["word", "coded"])
    imputer = SimpleImputer(missing_values=missing, strategy=strategy, fill_value="none", add_indicator=True)
    step = ColumnTransformer(
        [("w", make_pipeline(imputer, OneHotEncoder(handle_unknown="ignore")), ["word", "coded"])]
    )
    ours = fit(step, split(table, [300, 700]), InlineRunner())
    rows = whole(table, ours)
    named = rows.where(rows.notna(), missing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = clone(step).fit(named)
        wanted = dense(theirs.transform(named))
        assert_same_fit(ours.transformer, theirs)
        np.testing.assert_array_equal(dense(ours.transformer.transform(named)), wanted)
    np.testing.assert_array_equal(ours.preparation.matrix(table), wanted)
    assert step.transformers[0][1][0].missing_values is missing, "the user's own is left as it is"
