"""What learns from the label, against scikit-learn on all rows; and cross-fits against one done by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ids import id_of
from prep_oracle import CountingRunner, assert_same_fit, dense, split
from scipy import stats
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import (
    SelectFdr,
    SelectFpr,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    chi2,
    f_regression,
    r_regression,
)
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from test_prep_rules import ROWS, numbers, words

from engine.errors import DataError
from engine.lake import InlineRunner
from engine.prep import FittedFeatures, Signature, fit, frame
from engine.prep.summaries import encoding

RANDOM = np.random.default_rng(8)
LABELS = {
    "words": pa.array(RANDOM.choice(["ja", "nein", "ü"], ROWS)),
    "flags": pa.array((numbers(gaps=False)["skewed"].to_numpy() > 20) ^ (RANDOM.random(ROWS) < 0.3)),
    "ints": pa.array(RANDOM.integers(0, 2, ROWS)),
    "amounts": pa.array(RANDOM.normal(size=ROWS)),
}


def fit_with_label(
    transformer: Any, table: pa.Table, label: pa.Array, *, rtol: float, parts: int = 5
) -> FittedFeatures:
    """Fit on partitions and on all rows; the two must be alike, and the graph like both."""
    full = table.append_column("y", label)
    cuts = [len(table) * i // parts for i in range(1, parts)]
    ours = fit(transformer, split(full, cuts), InlineRunner(), target="y")
    rows = frame(table, Signature.of(table.schema, table.column_names))
    theirs = clone(transformer).fit(rows, label.to_numpy(zero_copy_only=False))
    if isinstance(getattr(theirs, "cv", None), KFold):  # equal settings, but another object
        theirs.cv = ours.transformer.cv
    assert_same_fit(ours.transformer, theirs, rtol=rtol)
    np.testing.assert_allclose(
        ours.preparation.matrix(full), dense(theirs.transform(rows)), rtol=1e-6, atol=1e-6
    )
    return ours


SELECTIONS = [
    SelectKBest(k=2),
    SelectKBest(k="all"),
    SelectKBest(chi2, k=2),
    SelectPercentile(percentile=40),
    SelectFpr(alpha=0.4),
    SelectFdr(alpha=0.95),
    SelectFwe(alpha=0.95),
]


# scikit-learn's sum of squares loses digits at an offset of 1e6, so that column has a test of its own.
@pytest.mark.parametrize("selector", SELECTIONS, ids=id_of)
@pytest.mark.parametrize("label", ["words", "flags", "ints"])
def test_selections_by_classes(selector: Any, label: str) -> None:
    table = numbers(gaps=False).select(["skewed", "codes", "flag", "zeros"])
    fit_with_label(selector, table, LABELS[label], rtol=1e-7)


@pytest.mark.parametrize(
    "selector", [SelectKBest(f_regression, k=2), SelectKBest(r_regression, k=3)], ids=id_of
)
def test_selections_by_amounts(selector: Any) -> None:
    table = numbers(gaps=False).drop_columns(["constant", "offset"])
    amounts = table["codes"].to_numpy() + LABELS["amounts"].to_numpy()
    fit_with_label(selector, table, pa.array(amounts), rtol=1e-7)


def test_scores_keep_their_digits_at_an_offset() -> None:
    values = numbers(gaps=False)["offset"].to_numpy()
    table = pa.table({"offset": values, "other": RANDOM.normal(size=ROWS), "y": LABELS["ints"]})
    found = fit(SelectKBest(k=1), split(table, [300]), InlineRunner(), target="y").transformer
    groups = [values[table["y"].to_numpy() == value] - 1e6 for value in (0, 1)]
    np.testing.assert_allclose(found.scores_[0], stats.f_oneway(*groups).statistic, rtol=1e-7)


ENCODERS = [
    TargetEncoder(),
    TargetEncoder(smooth=5.0, cv=3),
    TargetEncoder(smooth=0),
    TargetEncoder(cv=KFold(4, shuffle=True, random_state=3)),
]


@pytest.mark.parametrize("encoder", ENCODERS, ids=id_of)
@pytest.mark.parametrize("label", list(LABELS))
def test_target_encoders(encoder: Any, label: str) -> None:
    fit_with_label(encoder, words(), LABELS[label], rtol=1e-9)


# of the columns of `words`: in another order, some left out, one that never comes, the missing one in or out
GIVEN = [
    ["Zürich", "never", "a"],
    ["b", " a", np.nan],
    ["often", "once"],
    [1, 2, 30, np.nan],
    [0.0, 0.1, 7.0],
]


@pytest.mark.parametrize("label", list(LABELS))
def test_target_encoders_of_given_categories(label: str) -> None:
    fit_with_label(TargetEncoder(categories=GIVEN), words(), LABELS[label], rtol=1e-9)
    fit_with_label(TargetEncoder(categories=GIVEN, smooth=3.0), words(), LABELS[label], rtol=1e-9)


def test_given_categories_are_of_each_column() -> None:
    full = words().append_column("y", LABELS["ints"])
    with pytest.raises(DataError, match="categories= has 1 lists for 5 columns"):
        fit(TargetEncoder(categories=GIVEN[:1]), split(full, [100]), InlineRunner(), target="y")


def test_an_amount_may_be_a_whole_number() -> None:
    fit_with_label(TargetEncoder(target_type="continuous"), words(), LABELS["ints"], rtol=1e-9)


def crossed_by_hand(
    fitted: FittedFeatures, encoder: Any, table: pa.Table, label: np.ndarray, columns: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Encode every fold by scikit-learn fitted on the others; the folds are those that the fit dealt."""
    assert fitted.crossed is not None
    folds = fitted.crossed.target.fold_of(table)
    rows = frame(table, Signature.of(table.schema, columns))
    out: np.ndarray | None = None
    for fold in range(fitted.crossed.target.folds):
        here = folds == fold
        made = clone(encoder).fit(rows[~here], label[~here]).transform(rows[here])
        out = np.empty((len(rows), made.shape[1])) if out is None else out
        out[here] = made
    assert out is not None
    return out, folds


@pytest.mark.parametrize("label", list(LABELS))
def test_training_rows_are_encoded_without_their_own_fold(label: str) -> None:
    encoder = TargetEncoder(cv=3)
    full = words().append_column("y", LABELS[label])
    full = full.append_column("row", pa.array(np.arange(ROWS)))
    columns = ColumnTransformer([("t", encoder, words().column_names)])
    fitted = fit(columns, split(full, [10, 500]), InlineRunner(), target="y", key=["row"])
    truth = LABELS[label].to_numpy(zero_copy_only=False)
    by_hand, folds = crossed_by_hand(fitted, encoder, full, truth, words().column_names)
    np.testing.assert_allclose(fitted.training_matrix(full), by_hand, rtol=1e-6, atol=1e-6)
    assert np.bincount(folds).min() > ROWS / 4
    assert not np.allclose(fitted.training_matrix(full), fitted.preparation.matrix(full))


def test_folds_do_not_depend_on_where_rows_lie() -> None:
    full = words().append_column("y", LABELS["amounts"])
    order = np.random.default_rng(2).permutation(ROWS)
    one = fit(TargetEncoder(), split(full, []), InlineRunner(), target="y")
    other = fit(TargetEncoder(), split(full.take(order), [5, 600]), InlineRunner(), target="y")
    np.testing.assert_allclose(
        other.training_matrix(full.take(order)), one.training_matrix(full)[order], rtol=1e-6
    )


def test_a_step_behind_is_fitted_on_what_training_rows_look_like() -> None:
    full = words().append_column("y", LABELS["amounts"])
    pipeline = make_pipeline(
        ColumnTransformer([("t", TargetEncoder(cv=4), ["word", "code"])]), StandardScaler()
    )
    fitted = fit(pipeline, split(full, [100, 300]), InlineRunner(), target="y")
    truth = LABELS["amounts"].to_numpy()
    by_hand, _ = crossed_by_hand(fitted, TargetEncoder(cv=4), full, truth, ["word", "code"])
    scaler = StandardScaler().fit(by_hand)
    np.testing.assert_allclose(fitted.transformer[-1].mean_, scaler.mean_, rtol=1e-9)
    np.testing.assert_allclose(fitted.transformer[-1].var_, scaler.var_, rtol=1e-9)
    np.testing.assert_allclose(fitted.training_matrix(full), scaler.transform(by_hand), rtol=1e-5, atol=1e-5)


def test_all_of_a_preparation_shares_its_passes() -> None:
    full = numbers(gaps=False).append_column("word", words()["word"]).append_column("y", LABELS["ints"])
    transformer = ColumnTransformer(
        [
            ("t", TargetEncoder(), ["word"]),
            ("s", SelectKBest(k=1), ["skewed", "codes"]),
            ("o", OneHotEncoder(), ["word"]),
        ]
    )
    runner = CountingRunner()
    fit(transformer, split(full, [200]), runner, target="y")
    assert runner.passes == ["prep-head", "prep-fit", "prep-fit"]


def test_rows_without_a_label_teach_nothing() -> None:
    holes = pa.array(np.random.default_rng(4).random(ROWS) < 0.3)
    label = pa.compute.if_else(holes, pa.scalar(None, pa.float64()), LABELS["amounts"])
    full = words().append_column("y", label)
    fitted = fit(TargetEncoder(), split(full, [50]), InlineRunner(), target="y").transformer
    there = ~holes.to_numpy(zero_copy_only=False)
    rows = frame(words(), Signature.of(words().schema, words().column_names))[there]
    theirs = TargetEncoder().fit(rows, LABELS["amounts"].to_numpy()[there])
    np.testing.assert_allclose(fitted.target_mean_, theirs.target_mean_, rtol=1e-9)
    for mine, wanted in zip(fitted.encodings_, theirs.encodings_, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-9)


BAD: list[tuple[Any, pa.Array, str]] = [
    (TargetEncoder(), pa.nulls(ROWS, pa.float64()), "no row has a label"),
    (TargetEncoder(), pa.array([1] * ROWS), "always 1"),
    (TargetEncoder(target_type="continuous"), LABELS["words"], "texts, not amounts"),
    (TargetEncoder(target_type="binary"), LABELS["words"], "3 values, not two"),
    (TargetEncoder(), pa.array(np.arange(ROWS)), "too many values"),
    (SelectKBest(chi2, k=1), LABELS["ints"], "negative"),
    (SelectKBest(k=1), pa.array([1] * ROWS), "one class only"),
    (SelectKBest(f_regression, k=1), LABELS["words"], "texts"),
]


@pytest.mark.parametrize(("step", "label", "named"), BAD, ids=id_of)
def test_labels_that_cannot_teach(
    step: Any, label: pa.Array, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = pa.table({"x": RANDOM.normal(size=ROWS), "y": label})
    monkeypatch.setattr(encoding, "MOST_CLASSES", ROWS - 1)
    with pytest.raises(DataError, match=named):
        fit(step, split(full, [400]), InlineRunner(), target="y")


def test_a_pipeline_hands_the_label_on() -> None:
    table = numbers(gaps=False).select(["skewed", "codes", "flag", "zeros"])
    pipeline = Pipeline([("scale", StandardScaler()), ("best", SelectKBest(k=2))])
    fit_with_label(pipeline, table, LABELS["flags"], rtol=1e-6)
