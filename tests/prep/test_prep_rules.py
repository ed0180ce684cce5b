"""Every rule against scikit-learn's own fit on all rows: fitted attributes, transform, graph."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from prep_oracle import assert_same_fit, dense, fit_both, whole
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
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
]
NO_GAPS = [
    KBinsDiscretizer(encode="ordinal", subsample=None),
    KBinsDiscretizer(n_bins=3, encode="onehot-dense", strategy="uniform"),
    KBinsDiscretizer(n_bins=[2, 3, 4, 5, 6, 7, 8], encode="onehot", quantile_method="linear", subsample=None),
    KBinsDiscretizer(encode="ordinal", quantile_method="inverted_cdf", subsample=None),
    PolynomialFeatures(),
    PolynomialFeatures(degree=3, interaction_only=True, include_bias=False),
]
CATEGORIES = [
    OneHotEncoder(),
    OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32),
    OneHotEncoder(drop="first"),
    OneHotEncoder(drop="if_binary", handle_unknown="ignore"),
    OneHotEncoder(feature_name_combiner=lambda name, value: f"{name}={value}"),
    OrdinalEncoder(),
    OrdinalEncoder(encoded_missing_value=-1),
    OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-5, encoded_missing_value=-6, dtype=np.int32
    ),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
    make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()),
    make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder()),
]


def name_of(value: Any) -> str:
    return str(value).replace(" ", "").replace("\n", "")[:60]


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


@pytest.mark.parametrize("transformer", SAME_FIT, ids=name_of)
def test_numbers_with_gaps(transformer: Any) -> None:
    check(transformer, numbers(gaps=True))


@pytest.mark.parametrize("transformer", [*SAME_FIT, *NO_GAPS], ids=name_of)
def test_numbers_without_gaps(transformer: Any) -> None:
    check(transformer, numbers(gaps=False))


@pytest.mark.parametrize("transformer", CATEGORIES, ids=name_of)
def test_categories(transformer: Any) -> None:
    table = words()
    if isinstance(transformer, Pipeline):
        table = table.select(["word", "coded", "rare"])
    check(transformer, table)


DECOMPOSITIONS = [
    PCA(),
    PCA(3),
    PCA(0.9),
    PCA(2, whiten=True),
    PCA(2, svd_solver="randomized", iterated_power=50, random_state=0),
    TruncatedSVD(3, n_iter=50, random_state=0),
    TruncatedSVD(2, algorithm="arpack"),
]


@pytest.mark.parametrize("transformer", DECOMPOSITIONS, ids=name_of)
@pytest.mark.parametrize("rows", [ROWS, 3], ids=["many rows", "fewer rows than columns"])
def test_decompositions(transformer: Any, rows: int) -> None:
    if rows < 5 and isinstance(transformer, TruncatedSVD) and transformer.algorithm == "arpack":
        pytest.skip("ARPACK starts from a random vector and does not converge here")
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
