"""Composites: how columns are chosen, how many passes they take, and what comes back."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pytest
from prep_oracle import CountingRunner, ShuffledRunner, assert_same_fit, dense, split, usable, whole
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from engine.lake import InlineRunner
from engine.prep import FittedFeatures, fit, frame

ROWS = 400
CUTS = (0, 1, 2, 130, 130, 250, ROWS)  # partitions of no row, of one, of many


@pytest.fixture(scope="module")
def table() -> pa.Table:
    random = np.random.default_rng(11)
    return pa.table(
        {
            "a": pa.array(random.integers(-5, 5, ROWS).astype(float), mask=random.random(ROWS) < 0.1),
            "day": pa.array(random.integers(0, 1000, ROWS), pa.timestamp("s")),
            "b": pa.array(random.integers(0, 50, ROWS), pa.int64()),
            "word": pa.array(random.choice(["x", "y", "z", None], ROWS)),
            "flag": pa.array(random.random(ROWS) < 0.5),
            "shade": pa.array(random.choice(["light", "dark"], ROWS)).dictionary_encode(),
            "y": pa.array(random.normal(size=ROWS)),
        }
    )


def fit_and_compare(transformer: Any, table: pa.Table, runner: Any = None) -> FittedFeatures:
    """Fit on partitions and on all rows; hold transforms, names and the graph against scikit-learn."""
    before = repr(transformer), str(vars(transformer).keys())
    ours = fit(transformer, split(table, CUTS), runner or InlineRunner(), target="y")
    assert (repr(transformer), str(vars(transformer).keys())) == before, "the user's own object was touched"
    rows = frame(table, usable(table, without="y")).reindex(
        columns=[n for n in table.column_names if n != "y"]
    )
    theirs = clone(transformer).fit(rows.copy())  # some steps work in place
    wanted = dense(theirs.transform(rows.copy())).astype(float)
    np.testing.assert_allclose(
        dense(ours.transformer.transform(rows.copy())).astype(float), wanted, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(ours.preparation.matrix(table), wanted, rtol=1e-6, atol=1e-6)
    assert ours.preparation.feature_names == tuple(theirs.get_feature_names_out())
    check_is_fitted(ours.transformer)
    if not any(isinstance(step, PCA) for _, step in getattr(theirs, "steps", [])):
        assert_same_fit(ours.transformer, theirs)
    return ours


def test_every_attribute_of_a_composite_is_scikit_learns(table: pa.Table) -> None:
    transformer = ColumnTransformer(
        [
            ("fill", make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b"]),
            ("none", "drop", ["flag"]),
            ("words", OneHotEncoder(), ["word"]),
            ("empty", StandardScaler(), []),
            ("codes", OrdinalEncoder(), [4]),
        ],
        remainder="drop",
    )
    ours = fit(transformer, split(table, CUTS), InlineRunner(), target="y").transformer
    rows = frame(table, usable(table, without="y")).reindex(columns=table.column_names[:-1])
    theirs = clone(transformer).fit(rows)
    assert_same_fit(ours, theirs)


SELECTIONS = [
    ["a", "b"],
    [0, -4],
    slice("b", "b"),
    slice(2, 3),
    [True, False, True, False, False, False],
    np.array([False, False, True, False, True, False]),
    np.array([0, 4]),
    make_column_selector(dtype_include=np.number),
    make_column_selector(dtype_include="bool"),
    make_column_selector(pattern="^[ab]$"),
    lambda frame: [name for name in frame.columns if frame[name].dtype == np.int64],
]


@pytest.mark.parametrize("columns", SELECTIONS, ids=range(len(SELECTIONS)))
def test_columns_are_chosen_as_scikit_learn_chooses(table: pa.Table, columns: Any) -> None:
    """The oracle chooses by the pandas frame of the table: the dtypes that a user of pandas would see."""
    natural = table.drop_columns(["y"]).slice(0, 0).to_pandas()
    chosen = columns(natural) if callable(columns) else columns
    names = list(
        natural.loc[:, chosen]
        if isinstance(chosen, slice) and chosen.start == "b"
        else _columns(natural, chosen)
    )
    ours = fit(
        ColumnTransformer([("scale", MinMaxScaler(), columns)]),
        split(table, CUTS),
        InlineRunner(),
        target="y",
    )
    assert ours.preparation.signature.names == tuple(names)
    assert ours.preparation.feature_names == tuple(f"scale__{name}" for name in names)


def _columns(natural: Any, chosen: Any) -> list[str]:
    if isinstance(chosen, list) and isinstance(chosen[0], str):
        return chosen
    return list(natural.columns[chosen])


def test_selectors_by_dtype_find_texts_and_categories(table: pa.Table) -> None:
    transformer = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_include="category")),
        (OrdinalEncoder(), make_column_selector(dtype_include="str")),
    )
    ours = fit(transformer, split(table, CUTS), InlineRunner(), target="y")
    assert ours.preparation.signature.names == ("word", "shade")


NESTED = {
    "pipeline after columns": Pipeline(
        [
            ("fill", ColumnTransformer([("n", SimpleImputer(), ["a", "b"]), ("f", "passthrough", ["flag"])])),
            ("skip", "passthrough"),
            ("scale", StandardScaler()),
        ]
    ),
    "columns after columns, by position": make_pipeline(
        ColumnTransformer(
            [("n", SimpleImputer(), ["a", "b"]), ("w", OneHotEncoder(), ["word"])], sparse_threshold=0
        ),
        ColumnTransformer([("s", MinMaxScaler(), [1]), ("p", "passthrough", slice(3, 5))]),
    ),
    "columns after columns, by name": make_pipeline(
        ColumnTransformer(
            [("n", SimpleImputer(), ["a", "b"]), ("w", OrdinalEncoder(), ["word"])],
            verbose_feature_names_out=False,
        ).set_output(transform="pandas"),
        ColumnTransformer([("s", MinMaxScaler(), ["b", "word"])]),
    ),
    "columns within columns": ColumnTransformer(
        [("in", ColumnTransformer([("s", StandardScaler(), ["b"])], remainder="passthrough"), ["flag", "b"])],
        remainder="drop",
    ),
    "remainder is fitted too": ColumnTransformer(
        [("w", OneHotEncoder(), ["word", "shade"]), ("d", "drop", ["day"])],
        remainder=SimpleImputer(strategy="median"),
    ),
    "weights": ColumnTransformer(
        [("s", StandardScaler(), ["b"]), ("p", "passthrough", ["flag"])], transformer_weights={"s": 0.25}
    ),
    "filled texts": ColumnTransformer(
        [
            (
                "w",
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder(drop="first")
                ),
                ["word"],
            )
        ]
    ),
    "mixed fill": make_pipeline(
        ColumnTransformer([("m", SimpleImputer(strategy="most_frequent"), ["a", "word", "flag"])]),
        OneHotEncoder(),
    ),
    "bins of filled": ColumnTransformer(
        [
            ("k", make_pipeline(SimpleImputer(), KBinsDiscretizer(3, subsample=None)), ["a"]),
            ("p", "passthrough", ["b"]),
        ]
    ),
    "sparse, scaled": make_pipeline(
        ColumnTransformer([("w", OneHotEncoder(), ["word", "shade"])]), StandardScaler(with_mean=False)
    ),
    "products": make_pipeline(
        ColumnTransformer([("p", PolynomialFeatures(), ["b", "flag"])]), MinMaxScaler()
    ),
    "axes": make_pipeline(
        ColumnTransformer(
            [("n", SimpleImputer(), ["a", "b"]), ("w", OneHotEncoder(sparse_output=False), ["word"])]
        ),
        StandardScaler(),
        PCA(2),
    ),
    "in place": ColumnTransformer(
        [
            (
                "n",
                make_pipeline(
                    SimpleImputer(copy=False), StandardScaler(copy=False), MinMaxScaler(copy=False)
                ),
                ["a"],
            )
        ]
    ),
    "same": ColumnTransformer([("f", FunctionTransformer(feature_names_out="one-to-one"), ["b"])]),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested(table: pa.Table, name: str) -> None:
    fit_and_compare(NESTED[name], table)


def test_passes_are_as_many_as_the_longest_chain(table: pa.Table) -> None:
    one = [
        ("s", StandardScaler(), ["b"]),
        ("w", OneHotEncoder(), ["word"]),
        ("o", OrdinalEncoder(), ["shade"]),
    ]
    three = ("c", make_pipeline(SimpleImputer(), StandardScaler(), MinMaxScaler()), ["a"])
    for transformer, passes in [
        (ColumnTransformer([("p", "passthrough", ["b"])]), 0),
        (ColumnTransformer(one), 1),
        (ColumnTransformer([*one, three]), 3),
        (make_pipeline(ColumnTransformer([*one, three], sparse_threshold=0), StandardScaler()), 4),
        (ColumnTransformer([("g", OneHotEncoder(categories=[["x"]], handle_unknown="ignore"), ["word"])]), 0),
    ]:
        runner = CountingRunner()
        fit(transformer, split(table, CUTS), runner, target="y")
        assert runner.passes.count("prep-fit") == passes


def test_only_the_columns_asked_for_are_read(table: pa.Table) -> None:
    read: list[tuple[str, ...]] = []
    blocks = split(table, CUTS)

    def spy(part: pa.Table, columns: Any) -> pa.Table:
        read.append(tuple(columns))
        return part.select(list(columns))

    chain = make_pipeline(SimpleImputer(), StandardScaler())
    transformer = ColumnTransformer([("c", chain, ["a"]), ("w", OneHotEncoder(), ["word"])])
    fit(transformer, type(blocks)(blocks.schema, blocks.parts, spy), InlineRunner(), target="y")
    assert set(read) == {("a", "word"), ("a",)}


def test_the_order_in_which_partitions_come_changes_no_bit(table: pa.Table) -> None:
    transformer = NESTED["axes"]
    fits = [fit(transformer, split(table, CUTS), ShuffledRunner(seed), target="y") for seed in range(3)]
    assert len({f.preparation.model for f in fits}) == 1
    assert len({pickle.dumps(f.transformer) for f in fits}) == 1


def test_a_fit_survives_pickling_and_a_subset_of_columns(table: pa.Table) -> None:
    ours = fit_and_compare(NESTED["remainder is fitted too"], table)
    again = pickle.loads(pickle.dumps(ours))
    assert again.preparation == ours.preparation
    used = table.select(["shade", "word", "flag", "b", "a"])  # in another order, without the rest
    np.testing.assert_array_equal(again.preparation.matrix(used), ours.preparation.matrix(table))
    rows = whole(table, ours)
    np.testing.assert_array_equal(
        dense(again.transformer.transform(rows)), dense(ours.transformer.transform(rows))
    )


def test_n_jobs_starts_no_process(table: pa.Table) -> None:
    transformer = ColumnTransformer(
        [("s", StandardScaler(), ["b"]), ("p", MinMaxScaler(), ["flag"])], n_jobs=2
    )
    chained = make_pipeline(transformer, MinMaxScaler())
    before = set(psutil.Process().children(recursive=True))
    ours = fit(chained, split(table, CUTS), InlineRunner(), target="y")
    assert set(psutil.Process().children(recursive=True)) == before
    assert ours.transformer[0].n_jobs == 2
