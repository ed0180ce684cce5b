from __future__ import annotations

import decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, NotFoundError, UnsupportedError
from engine.ml.label import MAX_CLASSES, Label, encode, merge, resolve, summarise
from engine.ml.label_column import check_column, check_type


def column(*parts: list[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(part, kind) for part in parts])


def seen_in(*parts: pa.ChunkedArray, objective: str | None = None) -> Label:
    return resolve("y", merge([summarise(part) for part in parts]), objective=objective, metric=None)


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        ([0, 1, 1, None], "binary", (0, 1)),
        ([0.0, 1.0, float("nan")], "binary", (0, 1)),
        (["cash", "card", None], "binary", ("card", "cash")),
        ([True, False], "binary", (False, True)),
        (["a", "b", "c"], "multiclass", ("a", "b", "c")),
        ([3, 1, 2], "multiclass", (1, 2, 3)),
        ([0.5, 1.5], "regression", None),
        (list(range(21)), "regression", None),
        ([decimal.Decimal("1.5"), decimal.Decimal("2.5")], "regression", None),
    ],
)
def test_values_decide_the_task(values: list[object], kind: str, classes: tuple[object, ...] | None) -> None:
    label = seen_in(column(values))
    assert (label.kind, label.classes) == (kind, classes)


def test_a_dictionary_column_counts_by_its_values() -> None:
    assert seen_in(column(["b", "a"]).dictionary_encode()).classes == ("a", "b")


def test_an_all_null_partition_of_no_type_does_not_disturb_text() -> None:
    assert seen_in(column([None, None], kind=pa.null()), column(["x", "y"])).classes == ("x", "y")


def test_softmax_keeps_its_probabilities() -> None:
    assert seen_in(column([1, 2, 3]), objective="multi:softmax").objective == "multi:softprob"


@pytest.mark.parametrize(
    ("values", "objective", "words"),
    [
        ([None, None], None, "no value in any of its 2 rows"),
        (["a", "a"], None, "one class only: 'a'"),
        ([1, 1], None, "one class only: 1"),
        ([1, 2, 3], "binary:logistic", "has 3 values"),
        ([0.5, 1.5], "binary:logistic", "amounts"),
        (["a", "b"], "reg:squarederror", "holds text or booleans"),
        ([0.0, 1.5], "reg:gamma", "above 0"),
        ([-1, 5], "count:poisson", "at least 0"),
        (list(range(MAX_CLASSES + 1)), "multi:softprob", "more than"),
    ],
)
def test_what_cannot_be_learned_is_named(values: list[object], objective: str | None, words: str) -> None:
    with pytest.raises(DataError, match=words):
        seen_in(column(values), objective=objective)


def test_types_that_are_no_label_are_refused() -> None:
    with pytest.raises(DataError, match="'y' is of type timestamp"):
        check_type("y", pa.timestamp("us"))


def test_a_number_that_is_nan_has_no_label_whatever_the_task() -> None:
    for values in ([0.0, 1.0, float("nan")], [0.0, 1.0, 2.0, float("nan")], [0.5, float("nan"), 1.5]):
        given = column(values)
        codes = encode(given, seen_in(given))
        assert np.isnan(codes).tolist() == np.isnan(values).tolist()


def test_whole_numbers_beyond_what_a_float_holds_are_amounts_but_no_classes_beyond_int64() -> None:
    large = column([2**60 + 3 * place for place in range(30)])
    assert encode(large, seen_in(large)).tolist() == [float(np.float32(2**60))] * 30
    least = column([-(2**63), 5])
    assert encode(least, seen_in(least)).tolist() == [0.0, 1.0]
    for beyond in (column([2**64 - 2, 2**64 - 1], kind=pa.uint64()), column([1e30, 2.0])):
        with pytest.raises(DataError, match="no 64-bit integer"):
            seen_in(beyond)


def test_an_unknown_objective_lists_the_known_ones() -> None:
    with pytest.raises(UnsupportedError, match="binary:logistic"):
        seen_in(column([0, 1]), objective="survival:cox")


def test_a_missing_label_column_lists_the_columns() -> None:
    with pytest.raises(NotFoundError, match="a, b"):
        check_column("y", ["a", "b"])


def test_codes_follow_the_classes_and_missing_is_nan() -> None:
    label = seen_in(column(["cash", "card", None]))
    codes = encode(column(["card", None], ["cash"]), label)
    np.testing.assert_array_equal(codes, np.array([0, np.nan, 1], np.float32))


def test_a_value_that_came_later_is_an_error_not_a_missing_label() -> None:
    label = seen_in(column(["a", "b"]))
    with pytest.raises(DataError, match="'c'"):
        encode(column(["a", "c"]), label)


@given(st.lists(st.lists(st.sampled_from(["x", "y", "z", None]), max_size=8), min_size=1, max_size=5))
def test_the_cut_into_partitions_does_not_matter(parts: list[list[str | None]]) -> None:
    whole = summarise(column([value for part in parts for value in part], kind=pa.string()))
    merged = merge([summarise(column(part, kind=pa.string())) for part in parts])
    assert (merged.rows, merged.nulls, merged.counts) == (whole.rows, whole.nulls, whole.counts)
