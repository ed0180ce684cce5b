"""Every rule against scikit-learn's own fit on all rows: fitted attributes, transform, graph."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ids import id_of
from prep_oracle import assert_same_fit, dense, fit_both, whole
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from engine.prep.graph.calls import CALLS

ROWS = 997


def numbers(*, gaps: bool) -> pa.Table:
    """Skewed, discrete, boolean, offset, constant and tiny columns, of several Arrow types.

    All values are float32, so that the graph, which sees float32, has the same to work on as scikit-learn.
    """
    random = np.random.default_rng(5)
    columns = {
        "skewed": pa.array((random.exponential(size=ROWS) * 40).astype(np.float32).astype(float)),
        "codes": pa.array(random.integers(0, 6, ROWS)),
        "flag": pa.array(random.random(ROWS) < 0.3),
        "offset": pa.array((1e6 + random.normal(size=ROWS)).astype(np.float32).astype(float)),
        "constant": pa.array(np.full(ROWS, 4.25)),
        "tiny": pa.array((random.normal(size=ROWS) * 1e-5).astype(np.float32)),
        "zeros": pa.array(np.where(random.random(ROWS) < 0.8, 0.0, random.integers(1, 9, ROWS))),
    }
    table = pa.table(columns)
    if not gaps:
        return table
    holes = {name: pa.array(random.random(ROWS) < 0.2) for name in columns}
    return pa.table({name: pa.compute.if_else(holes[name], None, table[name]) for name in columns})


def words() -> pa.Table:
    random = np.random.default_rng(6)
    choices = np.array(["a", "b", 'ü, "x"', "Zürich", " a", "", None], dtype=object)
    return pa.table(
        {
            "word": pa.array(random.choice(choices, ROWS)),
            "coded": pa.array(random.choice(choices[:4], ROWS)).dictionary_encode(),
            "rare": pa.array(["once", *["often"] * (ROWS - 1)]),
            "code": pa.array(random.choice([1, 2, 30, None], ROWS), pa.int32()),
            "price": pa.array(random.choice([0.1, 0.25, -0.0, 1e-3], ROWS)),
        }
    )


SAME_FIT = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False),
    MinMaxScaler(),
    MinMaxScaler(feature_range=(-2, 3), clip=True),
    MaxAbsScaler(),
    MaxAbsScaler(clip=True),
    RobustScaler(),
    RobustScaler(quantile_range=(60, 90), unit_variance=True),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False),
    SimpleImputer(),
    SimpleImputer(strategy="median"),
    SimpleImputer(strategy="most_frequent"),
    SimpleImputer(strategy="constant"),
    SimpleImputer(strategy="constant", fill_value=-7.5),
    FunctionTransformer(),
    FunctionTransformer(feature_names_out="one-to-one"),
    QuantileTransformer(subsample=None),
    QuantileTransformer(n_quantiles=20, subsample=None),
    VarianceThreshold(),
    VarianceThreshold(0.3),
    make_union(StandardScaler(), "passthrough", make_pipeline(SimpleImputer(), MinMaxScaler()), "drop"),
    FeatureUnion([("a", StandardScaler()), ("b", MaxAbsScaler())], transformer_weights={"a": 2}),
    *(
        SimpleImputer(strategy=strategy, add_indicator=True, keep_empty_features=keep)
        for strategy in ("mean", "median", "most_frequent", "constant")
        for keep in (True, False)
    ),
]
NO_GAPS = [
    KBinsDiscretizer(encode="ordinal", subsample=None),
    KBinsDiscretizer(n_bins=3, encode="onehot-dense", strategy="uniform"),
    KBinsDiscretizer(n_bins=[2, 3, 4, 5, 6, 7, 8], encode="onehot", quantile_method="linear", subsample=None),
    KBinsDiscretizer(encode="ordinal", quantile_method="inverted_cdf", subsample=None),
    PolynomialFeatures(),
    PolynomialFeatures(degree=3, interaction_only=True, include_bias=False),
    KBinsDiscretizer(n_bins=3, strategy="kmeans", encode="ordinal", subsample=None),
    KBinsDiscretizer(n_bins=4, strategy="kmeans", subsample=None),
]
CATEGORIES = [
    OneHotEncoder(),
    OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32),
    OneHotEncoder(drop="first"),
    OneHotEncoder(drop="if_binary", handle_unknown="ignore"),
    OneHotEncoder(min_frequency=200),
    OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist"),
    OneHotEncoder(max_categories=2, handle_unknown="warn", drop="first"),
    OneHotEncoder(min_frequency=0.3, drop="if_binary", handle_unknown="ignore"),
    OneHotEncoder(drop=["a", "a", "once", 1, 0.1]),
    OneHotEncoder(feature_name_combiner=lambda name, value: f"{name}={value}"),
    OrdinalEncoder(),
    OrdinalEncoder(encoded_missing_value=-1),
    OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-5, encoded_missing_value=-6, dtype=np.int32
    ),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
    OrdinalEncoder(max_categories=3),
    OrdinalEncoder(min_frequency=0.2, encoded_missing_value=9),
    OrdinalEncoder(
        min_frequency=200,
        handle_unknown="use_encoded_value",
        unknown_value=4,
        encoded_missing_value=-3,
    ),
    make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()),
    make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder()),
]


def check(transformer: Any, table: pa.Table, *, atol: float = 1e-6) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = fit_both(transformer, table)
        rows = whole(table, ours)
        wanted = dense(theirs.transform(rows)).astype(np.float64)
        assert_same_fit(ours.transformer, theirs)
        np.testing.assert_allclose(
            dense(ours.transformer.transform(rows)).astype(float), wanted, rtol=1e-9, atol=1e-9
        )
    np.testing.assert_allclose(ours.preparation.matrix(table), wanted, rtol=1e-6, atol=atol)


@pytest.mark.parametrize("transformer", SAME_FIT, ids=id_of)
def test_numbers_with_gaps(transformer: Any) -> None:
    check(transformer, numbers(gaps=True))


@pytest.mark.parametrize("transformer", [*SAME_FIT, *NO_GAPS], ids=id_of)
def test_numbers_without_gaps(transformer: Any) -> None:
    check(transformer, numbers(gaps=False))


@pytest.mark.parametrize("transformer", CATEGORIES, ids=id_of)
def test_categories(transformer: Any) -> None:
    table = words()
    if isinstance(transformer, Pipeline):
        table = table.select(["word", "coded", "rare"])
    check(transformer, table)


DECOMPOSITIONS = [
    PCA(),
    PCA(3),
    PCA(0.9),
    PCA("mle"),
    PCA(2, whiten=True),
    PCA(2, svd_solver="randomized", iterated_power=50, random_state=0),
    TruncatedSVD(3, n_iter=50, random_state=0),
]


@pytest.mark.parametrize("transformer", DECOMPOSITIONS, ids=id_of)
@pytest.mark.parametrize("rows", [ROWS, 3], ids=["many rows", "fewer rows than columns"])
def test_decompositions(transformer: Any, rows: int) -> None:
    if transformer.n_components == "mle" and rows < 4:
        pytest.skip("scikit-learn's mle needs as many rows as columns")
    table = numbers(gaps=False).drop_columns(["offset", "constant", "tiny"]).slice(0, rows)
    ours, theirs = fit_both(transformer, table)
    for name, value in vars(theirs).items():
        if name.endswith("_") and name not in ("noise_variance_", "feature_names_in_"):
            np.testing.assert_allclose(
                getattr(ours.transformer, name), value, rtol=1e-6, atol=1e-9, err_msg=name
            )
    if hasattr(theirs, "noise_variance_"):
        np.testing.assert_allclose(
            ours.transformer.noise_variance_, theirs.noise_variance_, atol=1e-9, rtol=1e-6
        )
    wanted = theirs.transform(whole(table, ours))
    np.testing.assert_allclose(ours.transformer.transform(whole(table, ours)), wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.preparation.matrix(table), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("quantiles", [5, 1000])
@pytest.mark.parametrize("gaps", [True, False])
def test_quantiles_of_a_normal_distribution(quantiles: int, gaps: bool) -> None:
    transformer = QuantileTransformer(n_quantiles=quantiles, output_distribution="normal", subsample=None)
    check(transformer, numbers(gaps=gaps), atol=2e-5)


def _within(function: Any, table: pa.Table) -> pa.Table:
    """The columns on which a function has finite values that float32 can hold."""
    if function in (np.log, np.log2, np.log10, np.reciprocal):
        return table.select(["skewed", "offset"])
    if function in (np.sqrt, np.log1p):
        return table.select(["skewed", "codes", "zeros"])
    return table.select(["codes", "tiny", "zeros"])


@pytest.mark.parametrize("function", list(CALLS), ids=lambda f: f.__name__)
@pytest.mark.parametrize("gaps", [True, False])
def test_functions_of_whole_columns(function: Any, gaps: bool) -> None:
    table = _within(function, numbers(gaps=gaps))
    check(FunctionTransformer(function, feature_names_out="one-to-one"), table)


def test_the_functions_keep_their_digits_near_zero() -> None:
    tiny = pa.table({"x": pa.array([1e-12, -1e-12, 1e-20, 0.0, 3.0], pa.float32())})
    for function in (np.log1p, np.expm1):
        graph = fit_both(FunctionTransformer(function), tiny, parts=1)[0].preparation.matrix(tiny)[:, 0]
        np.testing.assert_allclose(graph, function(tiny["x"].to_numpy().astype(float)), rtol=1e-6)


def test_clip_between_two_numbers() -> None:
    check(FunctionTransformer(np.clip, kw_args={"a_min": 1, "a_max": 4}), numbers(gaps=True))


def test_fill_values_keep_their_digits_on_the_way_to_a_scaler() -> None:
    table = numbers(gaps=True).select(["offset"])
    check(make_pipeline(SimpleImputer(), MinMaxScaler()), table, atol=1e-6)


def test_columns_that_are_always_missing() -> None:
    table = numbers(gaps=True)
    table = table.append_column("empty", pa.nulls(ROWS, pa.float64())).append_column("null", pa.nulls(ROWS))
    for keep in (True, False):
        check(SimpleImputer(add_indicator=True, keep_empty_features=keep), table)
