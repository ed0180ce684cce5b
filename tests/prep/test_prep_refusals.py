"""What cannot be honoured is refused by name before anything is read; bad data is refused when it is met."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ids import id_of
from prep_oracle import split
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

from engine.errors import DataError, SignatureError, TarnError, UnsupportedError
from engine.lake import InlineRunner
from engine.prep import Blocks, DatetimeParts, TextHasher, fit
from engine.prep.views import Inflow, View

SCHEMA = pa.schema(
    [
        ("n", pa.float64()),
        ("m", pa.int64()),
        ("word", pa.string()),
        ("when", pa.timestamp("us")),
        ("y", pa.float64()),
    ]
)


def unread(part: Any, columns: Sequence[str]) -> pa.Table:
    raise AssertionError("something was read")


NOTHING_READ = Blocks(SCHEMA, (0, 1), unread)


class OwnScaler(StandardScaler):
    """A subclass may do anything."""


UNSUPPORTED: list[tuple[Any, str]] = [
    (OwnScaler(), "OwnScaler"),
    (KNNImputer(), "KNNImputer"),
    (PowerTransformer(), "PowerTransformer"),
    (SplineTransformer(), "SplineTransformer"),
    (TargetEncoder(cv=[(0, 1)]), "TargetEncoder.*cv="),
    (TargetEncoder(cv=KFold(3)), "TargetEncoder.*cv=KFold"),
    (TargetEncoder(shuffle=False), "TargetEncoder.*shuffle=False"),
    (SelectKBest(mutual_info_classif), "SelectKBest.*mutual_info_classif"),
    (DatetimeParts(parts=("century",)), "DatetimeParts.*century"),
    (TextHasher(0), "TextHasher.*n_features=0"),
    (IncrementalPCA(), "IncrementalPCA"),
    (CountVectorizer(), "CountVectorizer"),
    (LogisticRegression(), "LogisticRegression"),
    (make_union(StandardScaler(), KNNImputer()), "KNNImputer"),
    (FunctionTransformer(str.upper), "FunctionTransformer.*upper.*np.log1p"),
    (FunctionTransformer(np.log1p, kw_args={"where": True}), "FunctionTransformer.*kw_args"),
    (FunctionTransformer(np.clip, kw_args={"a_min": "low"}), "FunctionTransformer.*clip"),
    (SimpleImputer(missing_values=[-1]), r"SimpleImputer.*missing_values=\[-1\]"),
    (SimpleImputer(strategy=np.max), "SimpleImputer.*strategy"),
    (SimpleImputer(strategy="constant", fill_value=""), "SimpleImputer.*fill_value=''"),
    (OneHotEncoder(dtype=object), "OneHotEncoder.*dtype"),
    (KBinsDiscretizer(quantile_method="hazen"), "KBinsDiscretizer.*hazen"),
    (QuantileTransformer(ignore_implicit_zeros=True), "QuantileTransformer.*ignore_implicit_zeros"),
    (StandardScaler, "not a transformer"),
    ("scale", "not a transformer"),
    (make_pipeline(StandardScaler(), KNNImputer()), "KNNImputer"),
    (make_pipeline(StandardScaler(), memory="somewhere"), "memory"),
    (Pipeline([("s", StandardScaler()), ("s", MinMaxScaler())]), "without a name of their own: 's'"),
    (ColumnTransformer([("remainder", StandardScaler(), ["n"])]), "without a name of their own: 'remainder'"),
    (ColumnTransformer([("s", StandardScaler())]), "not made of tuples"),
]


@pytest.mark.parametrize(("step", "named"), UNSUPPORTED, ids=id_of)
@pytest.mark.parametrize("depth", ["branch", "remainder", "pipeline"])
def test_unsupported_steps_at_any_depth(step: Any, named: str, depth: str) -> None:
    transformer = {
        "branch": ColumnTransformer([("a", "passthrough", ["m"]), ("b", step, ["n"])]),
        "remainder": ColumnTransformer([("a", "drop", ["word", "when"])], remainder=step),
        "pipeline": make_pipeline(ColumnTransformer([("a", step, ["n"])]), StandardScaler()),
    }[depth]
    with pytest.raises(UnsupportedError, match=f"(?s){named}") as caught:
        fit(transformer, NOTHING_READ, InlineRunner(), target="y")
    assert caught.value.hint
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


SELECTIONS: list[tuple[Any, type[TarnError], str]] = [
    (ColumnTransformer([("s", StandardScaler(), ["n", "nowhere"])]), SignatureError, "'nowhere'"),
    (ColumnTransformer([("s", StandardScaler(), ["y"])]), SignatureError, "'y'"),
    (ColumnTransformer([("s", StandardScaler(), [4])]), SignatureError, "only 4"),
    (ColumnTransformer([("s", StandardScaler(), [True, False])]), SignatureError, "mask of 2"),
    (ColumnTransformer([("s", StandardScaler(), [1.5])]), UnsupportedError, "1.5"),
    (ColumnTransformer([("s", StandardScaler(), "n")]), UnsupportedError, "'n'"),
    (ColumnTransformer([("s", StandardScaler(), ["when"])]), SignatureError, "'when'"),
    (ColumnTransformer([("s", StandardScaler(), ["n"])], remainder="passthrough"), SignatureError, "'when'"),
    (ColumnTransformer([("p", "passthrough", ["n", "word"])]), UnsupportedError, "'word'"),
    (
        ColumnTransformer([("p", make_pipeline(SimpleImputer(strategy="constant")), ["word"])]),
        UnsupportedError,
        "'word'",
    ),
    (ColumnTransformer([("d", "drop", ["n"])]), UnsupportedError, "no column"),
    (
        ColumnTransformer([("s", StandardScaler(), lambda frame: [frame.no])]),
        SignatureError,
        "branch 's' fails",
    ),
    (StandardScaler(), SignatureError, "'when'"),
]


@pytest.mark.parametrize(("transformer", "error", "named"), SELECTIONS, ids=id_of)
def test_wrong_columns(transformer: Any, error: type[TarnError], named: str) -> None:
    with pytest.raises(error, match=named):
        fit(transformer, NOTHING_READ, InlineRunner(), target="y")


def test_a_target_that_is_not_there() -> None:
    with pytest.raises(SignatureError, match="'z'"):
        fit(ColumnTransformer([("s", StandardScaler(), ["n"])]), NOTHING_READ, InlineRunner(), target="z")


NUMERIC = [
    StandardScaler(),
    MinMaxScaler(),
    RobustScaler(),
    KBinsDiscretizer(),
    PCA(),
    PolynomialFeatures(),
    SimpleImputer(),
]


@pytest.mark.parametrize("step", NUMERIC, ids=lambda s: type(s).__name__)
def test_texts_where_numbers_are_needed(step: Any) -> None:
    table = pa.table({"n": [1.0, 2.0], "word": ["a", "b"]})
    with pytest.raises(UnsupportedError, match="'word'"):
        fit(make_pipeline(step), split(table, [1]), InlineRunner())


@pytest.mark.parametrize(
    "step", [*NUMERIC, OneHotEncoder(), SimpleImputer(strategy="most_frequent")], ids=id_of
)
def test_infinite_values_are_refused_by_name(step: Any) -> None:
    table = pa.table({"fine": [1.0, 2.0, 3.0], "endless": [1.0, 2.0, np.inf]})
    with pytest.raises(DataError, match="'endless'"):
        fit(step, split(table, [1, 2]), InlineRunner())


@pytest.mark.parametrize(
    "step", [KBinsDiscretizer(), PCA(), TruncatedSVD(1), PolynomialFeatures()], ids=id_of
)
def test_missing_values_where_scikit_learn_takes_none(step: Any) -> None:
    table = pa.table({"fine": [1.0, 2.0, 3.0], "holes": [1.0, 2.0, None]})
    with pytest.raises(DataError, match="'holes'") as caught:
        fit(step, split(table, [1, 2]), InlineRunner())
    assert "SimpleImputer" in caught.value.hint


BAD_PARAMETERS = [
    KBinsDiscretizer(n_bins=1),
    KBinsDiscretizer(n_bins=[2, 3]),
    QuantileTransformer(n_quantiles=0),
    RobustScaler(quantile_range=(90, 10)),
    MinMaxScaler(feature_range=(1, 0)),
    OneHotEncoder(categories=[["a"]]),
    OrdinalEncoder(handle_unknown="use_encoded_value"),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=0),
    OneHotEncoder(drop=["nothing"]),
]


@pytest.mark.parametrize("step", BAD_PARAMETERS, ids=id_of)
def test_parameters_that_scikit_learn_refuses_are_told_in_our_words(step: Any) -> None:
    values = ["a", "b", "c"] if "Encoder" in type(step).__name__ else [1.0, 2.0, 4.0]
    table = pa.table({"column": values})
    with pytest.raises(DataError, match=f"{type(step).__name__} cannot be fitted on 'column'"):
        fit(step, split(table, [1]), InlineRunner())


def test_a_step_after_an_imputer_that_dropped_everything() -> None:
    table = pa.table({"gone": pa.nulls(3, pa.float64()), "here": [1.0, 2.0, 3.0]})
    chain = make_pipeline(SimpleImputer(), StandardScaler())
    with pytest.raises(DataError, match="no column is left for StandardScaler of 'gone'"):
        fit(ColumnTransformer([("c", chain, ["gone"])]), split(table, [1]), InlineRunner())


def test_more_axes_than_columns() -> None:
    table = pa.table({"a": [1.0, 2.0, 5.0], "b": [0.0, 1.0, 0.0]})
    for step in (PCA(3), TruncatedSVD(3)):
        with pytest.raises(DataError, match="n_components"):
            fit(step, split(table, [1]), InlineRunner())


@pytest.mark.parametrize("cuts", [[], [0, 0]])
def test_no_rows(cuts: list[int]) -> None:
    with pytest.raises(DataError, match="no rows"):
        fit(StandardScaler(), split(pa.table({"x": pa.array([], pa.float64())}), cuts), InlineRunner())


class Listing:
    """A step whose output is neither a frame nor an array, as that of set_output(transform="polars")."""

    def transform(self, block: Any) -> list[Any]:
        return list(block.to_numpy())


def test_an_output_that_is_neither_frame_nor_array_is_refused() -> None:
    head = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(UnsupportedError, match="Listing puts out a list"):
        Inflow(View(("x",)), head, head, ("x",)).through(Listing())


def test_a_step_that_names_nothing_takes_no_names_away() -> None:
    table = pa.table({"x": [1.0, 2.0]})
    step = make_pipeline(FunctionTransformer(), ColumnTransformer([("s", StandardScaler(), ["x"])]))
    ours = fit(step, split(table, [1]), InlineRunner()).preparation
    np.testing.assert_array_equal(ours.matrix(table), [[-1.0], [1.0]])
    assert ours.feature_names == ("x0",)


def test_what_scikit_learn_cannot_put_together() -> None:
    table = pa.table({"x": [1.0, 2.0], "word": ["a", "b"]})
    sparse = ColumnTransformer([("w", OneHotEncoder(), ["word"])]).set_output(transform="pandas")
    with pytest.raises(UnsupportedError, match="sparse"):
        fit(sparse, split(table, [1]), InlineRunner())
    twice = [("s", StandardScaler(), ["x"]), ("m", MinMaxScaler(), ["x"])]
    with pytest.raises(UnsupportedError, match="clash"):
        fit(ColumnTransformer(twice, verbose_feature_names_out=False), split(table, [1]), InlineRunner())


def test_a_pipeline_that_does_nothing() -> None:
    table = pa.table({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    for step in (Pipeline([("p", "passthrough")]), Pipeline([("p", "passthrough"), ("s", MinMaxScaler())])):
        ours = fit(step, split(table, [1]), InlineRunner(), target="y").preparation
        assert ours.matrix(table).shape == (2, 1)


@pytest.mark.parametrize("step", [TargetEncoder(), SelectKBest(k=1)], ids=id_of)
def test_what_learns_from_a_label_needs_one(step: Any) -> None:
    with pytest.raises(UnsupportedError, match="learns from the label") as caught:
        fit(ColumnTransformer([("s", step, ["n"])]), NOTHING_READ, InlineRunner())
    assert "target=" in str(caught.value.hint)


def test_encoders_that_deal_out_rows_in_different_ways() -> None:
    transformer = ColumnTransformer([("a", TargetEncoder(cv=3), ["word"]), ("b", TargetEncoder(cv=4), ["m"])])
    with pytest.raises(UnsupportedError, match="different ways"):
        fit(transformer, NOTHING_READ, InlineRunner(), target="y")


def test_times_that_nothing_makes_numbers_of() -> None:
    parts = DatetimeParts()
    for transformer in (
        ColumnTransformer([("t", make_pipeline(StandardScaler(), parts), ["when"])]),
        ColumnTransformer([("t", make_union(parts, "passthrough"), ["when"])]),
    ):
        with pytest.raises(SignatureError, match="'when'") as caught:
            fit(transformer, NOTHING_READ, InlineRunner(), target="y")
        assert "DatetimeParts" in str(caught.value.hint)
