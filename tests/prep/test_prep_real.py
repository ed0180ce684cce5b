"""Every transformer on every file of real data, gaps and all, against scikit-learn on the whole of it."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from prep_oracle import assert_same_fit, split
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from engine.lake import InlineRunner
from engine.prep import FittedFeatures, Signature, fit, frame
from engine.prep.inputs import kind_of

FILES = ["diamonds.csv", "nyc_weather_2013.csv", "pollution.csv", "taxis.csv"]
UNSEEN = "no such word"

# On numbers as they are: a scaler in float32 would move those that lie on the edge of a bin.
BINS = [
    KBinsDiscretizer(4, encode="onehot-dense", subsample=None, quantile_method="averaged_inverted_cdf"),
    KBinsDiscretizer(4, encode="ordinal", strategy="uniform"),
]
FILLED = [
    PolynomialFeatures(2, include_bias=False),
    PCA(2),
    TruncatedSVD(2, n_iter=50, random_state=0),
    SelectKBest(f_regression, k=2),
]
NUMBERS = [
    StandardScaler(),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    RobustScaler(),
    VarianceThreshold(0.01),
    QuantileTransformer(n_quantiles=50, subsample=None),
    *(SimpleImputer(strategy=s, add_indicator=True) for s in ("mean", "median", "most_frequent", "constant")),
    *(make_pipeline(SimpleImputer(strategy="median"), step) for step in BINS),
    *(make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler(), step) for step in FILLED),
]
WORDS = [
    make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
    make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OrdinalEncoder()),
    OneHotEncoder(drop="first"),
    OrdinalEncoder(encoded_missing_value=-1),
    TargetEncoder(target_type="continuous"),
    TargetEncoder(target_type="continuous", smooth=20.0),
]
RARE = list(itertools.product((None, 0.02, 60), (None, 4)))
ONE_HOT = [
    OneHotEncoder(handle_unknown=unknown, min_frequency=least, max_categories=most)
    for unknown in ("error", "ignore", "infrequent_if_exist", "warn")
    for least, most in RARE
]
ORDINAL = [
    OrdinalEncoder(
        min_frequency=least, max_categories=most, encoded_missing_value=missing,
        **({} if unknown is None else {"handle_unknown": "use_encoded_value", "unknown_value": unknown}),
    )
    for unknown in (None, -1, np.nan)
    for missing in (np.nan, -2)
    for least, most in RARE
]  # fmt: skip


def sampled(table: pa.Table, rows: int) -> pa.Table:
    """Rows from all over the file; numbers as float32, so that no graph rounds one over the edge of a bin."""
    table = table.take(np.unique(np.linspace(0, len(table) - 1, rows).astype(np.int64)))
    kinds = {field.name: kind_of(field.type) for field in table.schema}
    return pa.table(
        {
            name: table[name].cast(pa.float32(), safe=False) if kind == "number" else table[name]
            for name, kind in kinds.items()
            if kind in ("number", "text")
        }
    )


def fit_side_by_side(
    numbers: list[Any], words: list[Any], table: pa.Table, target: str
) -> tuple[FittedFeatures, Any, list[str]]:
    """All steps as branches of one ColumnTransformer, fitted on partitions and on the whole."""
    kinds = {field.name: kind_of(field.type) for field in table.schema if field.name != target}
    columns = {kind: [name for name, k in kinds.items() if k == kind] for kind in ("number", "text")}
    steps = [*((s, columns["number"]) for s in numbers), *((s, columns["text"]) for s in words)]
    branches = [(f"b{place}", step, names) for place, (step, names) in enumerate(steps) if names]
    both = ColumnTransformer(branches, sparse_threshold=0)
    ours = fit(both, split(table, range(3000, len(table), 3000)), InlineRunner(), target=target)
    rows = frame(table, Signature.of(table.schema, kinds))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = clone(both).fit(rows, table[target].to_numpy().astype(np.float64))
    return ours, theirs, [name for name, _, _ in branches]


def compare(ours: FittedFeatures, theirs: Any, names: list[str], table: pa.Table) -> None:
    """The graph's columns of every branch are scikit-learn's."""
    rows = frame(table, Signature.of(table.schema, theirs.feature_names_in_))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = np.asarray(theirs.transform(rows), dtype=np.float64)
    found = ours.preparation.matrix(table)
    for name in names:
        step, place = theirs.named_transformers_[name], theirs.output_indices_[name]
        np.testing.assert_allclose(found[:, place], wanted[:, place], rtol=1e-4, atol=2e-5, err_msg=str(step))


def rows_of(table: pa.Table, rows: int) -> tuple[pa.Table, str]:
    """Rows and the column that is learned: the last number, filled where it has gaps."""
    table = sampled(table, rows)
    target = [field.name for field in table.schema if kind_of(field.type) == "number"][-1]
    place = table.column_names.index(target)
    return table.set_column(place, target, pa.compute.fill_null(table[target], 0.0)), target


@pytest.mark.shared
@pytest.mark.parametrize("shared_table", FILES, indirect=True)
@pytest.mark.parametrize("rows", [3_500, pytest.param(30_000, marks=pytest.mark.slow)])
def test_every_transformer_is_scikit_learns(shared_table: pa.Table, rows: int) -> None:
    table, target = rows_of(shared_table, rows)
    ours, theirs, names = fit_side_by_side(NUMBERS, WORDS, table, target)
    for name in names:
        wanted = theirs.named_transformers_[name]
        if not isinstance(getattr(wanted, "steps", [(name, wanted)])[-1][1], PCA | TruncatedSVD):
            # those are solved in another way, which a private attribute names
            assert_same_fit(ours.transformer.named_transformers_[name], wanted, rtol=1e-5)
    compare(ours, theirs, names, table)


@pytest.mark.shared
@pytest.mark.parametrize("shared_table", FILES, indirect=True)
def test_every_way_with_rare_and_unknown_categories(shared_table: pa.Table) -> None:
    """Then on rows with unseen words and gaps in new places, for those that take them."""
    table, target = rows_of(shared_table, 3_500)
    ours, theirs, names = fit_side_by_side([], [*ONE_HOT, *ORDINAL], table, target)
    for name in names:
        assert_same_fit(ours.transformer.named_transformers_[name], theirs.named_transformers_[name])
    compare(ours, theirs, names, table)
    lenient = [step for step in (*ONE_HOT, *ORDINAL) if step.handle_unknown != "error"]
    ours, theirs, names = fit_side_by_side([], lenient, table, target)
    compare(ours, theirs, names, strange(table, target))


def strange(table: pa.Table, target: str) -> pa.Table:
    """The rows with an unseen word in every tenth place, and nothing in every seventh."""
    place = np.arange(len(table))
    columns = {}
    for name in table.column_names:
        column = table[name]
        if name != target and kind_of(column.type) == "text":
            column = pa.compute.if_else(pa.array(place % 10 == 0), UNSEEN, column)
            column = pa.compute.if_else(pa.array(place % 7 == 0), pa.scalar(None, pa.string()), column)
        columns[name] = column
    return pa.table(columns)
