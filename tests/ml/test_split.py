"""Splits against plain counting: shares, what stays together, and that places and layouts play no part."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DataError, NotFoundError, OptionError
from engine.lake import InlineRunner
from engine.ml.split import FIRST_PART, TEST, TRAIN, UNUSED, VALID, Assignment, Split, plan_split
from engine.prep import blocks_of_tables

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
WAYS = [
    Split(seed=3),
    Split(key=("id",)),
    Split(stratify=True),
    Split(stratify="city"),
    Split(group="city"),
    Split(time="when"),
    Split(time="amount"),
    Split(column="fold"),
    Split(folds=5),
    Split(folds=3, stratify=True),
    Split(folds=4, time="when", test=0.1),
    Split(folds=3, group="city", test=0),
]


def rows(count: int, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    days = random.integers(0, 400, count)
    return pa.table(
        {
            "id": np.arange(count),
            "amount": random.normal(size=count) * 100,
            "city": pa.array(random.choice(["Zürich", "Bern", " ", None, "a b"], count)),
            "when": pa.array([START + dt.timedelta(days=int(d), hours=int(d) % 24) for d in days]),
            "fold": pa.array(random.choice(["train", "valid", "test"], count)),
            "label": pa.array(random.choice([0, 1, 2], count, p=[0.9, 0.09, 0.01])),
        }
    )


def assign(split: Split, table: pa.Table, cuts: tuple[int, ...] = ()) -> Assignment:
    bounds = [0, *sorted(cuts), len(table)]
    tables = [table.slice(a, b - a) for a, b in itertools.pairwise(bounds)]
    return plan_split(split, blocks_of_tables(tables), InlineRunner(), target="label")


def folds_of(split: Split, table: pa.Table) -> np.ndarray:
    return assign(split, table).folds(table)


def shares_of(folds: np.ndarray) -> np.ndarray:
    return np.bincount(folds, minlength=3) / len(folds)


def name_of(value: Any) -> str:
    return str(value)[6:-1].replace(" ", "").replace("None", "") if isinstance(value, Split) else ""


@pytest.mark.parametrize("split", WAYS, ids=name_of)
def test_a_row_keeps_its_fold_in_any_order_and_layout(split: Split) -> None:
    table = rows(3_000)
    whole = folds_of(split, table)
    order = np.random.default_rng(9).permutation(len(table))
    shuffled = table.take(order)
    again = assign(split, shuffled, (0, 1, 700, 700, 2_000))
    np.testing.assert_array_equal(again.folds(shuffled), whole[order])
    parts = [again.folds(shuffled.slice(a, 500)) for a in range(0, 3_000, 500)]
    np.testing.assert_array_equal(np.concatenate(parts), whole[order])


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(12)), st.lists(st.integers(0, 12), max_size=4), st.sampled_from(WAYS[:-4]))
def test_few_rows_keep_their_folds_too(order: list[int], cuts: list[int], split: Split) -> None:
    table = rows(12)
    shuffled = table.take(order)
    again = assign(split, shuffled, tuple(cuts))
    np.testing.assert_array_equal(again.folds(shuffled), folds_of(split, table)[order])


def test_shares_are_as_asked() -> None:
    folds = folds_of(Split(valid=0.1, test=0.3, seed=3), rows(100_000))
    np.testing.assert_allclose(shares_of(folds)[[TRAIN, VALID, TEST]], [0.6, 0.1, 0.3], atol=0.005)


def test_another_seed_is_another_split() -> None:
    table = rows(1_000)
    assert (folds_of(Split(seed=1), table) != folds_of(Split(seed=2), table)).mean() > 0.3


def test_a_stratified_split_is_exact_to_the_row_in_every_class() -> None:
    table = rows(20_000)
    folds = folds_of(Split(valid=0.2, test=0.1, stratify=True), table)
    labels = table["label"].to_numpy()
    for value in (0, 1, 2):
        inside = labels == value
        counts = np.bincount(folds[inside], minlength=3)
        np.testing.assert_allclose(
            counts[[TRAIN, VALID, TEST]], np.array([0.7, 0.2, 0.1]) * inside.sum(), atol=2
        )


def test_a_group_is_never_torn_apart() -> None:
    table = rows(5_000).append_column("who", pa.array(np.random.default_rng(1).integers(0, 400, 5_000)))
    folds = folds_of(Split(group="who"), table)
    assert all(len(set(folds[table["who"].to_numpy() == who])) == 1 for who in range(400))
    assert set(folds) == {TRAIN, VALID, TEST}


@pytest.mark.parametrize("column", ["when", "amount", "id"])
def test_the_past_trains_and_the_future_tests(column: str) -> None:
    table = rows(10_000)
    folds = folds_of(Split(valid=0.2, test=0.1, time=column), table)
    times = table[column].to_numpy()
    assert times[folds == TRAIN].max() < times[folds == VALID].min()
    assert times[folds == VALID].max() < times[folds == TEST].min()
    np.testing.assert_allclose(shares_of(folds)[[TRAIN, VALID, TEST]], [0.7, 0.2, 0.1], atol=0.003)


def test_times_that_are_nearly_all_one_are_not_torn_apart() -> None:
    table = pa.table(
        {"t": [*[5] * 90, -(2**62), 2**62, *range(8)], "label": [0] * 100, "amount": [1.0] * 100}
    )
    table = table.append_column("city", pa.array(["x"] * 100))
    folds = folds_of(Split(time="t"), table)
    assert len(set(folds[:90])) == 1


def test_a_column_says_which_rows_test() -> None:
    table = rows(100)
    folds = folds_of(Split(column="fold"), table)
    assert [["train", "valid", "test"][f] for f in folds] == table["fold"].to_pylist()


def test_the_parts_of_a_k_fold_split_take_turns() -> None:
    split = Split(folds=4, test=0.2)
    folds = folds_of(split, rows(20_000))
    assert split.rounds == 4
    held_out = np.zeros(len(folds), dtype=int)
    for turn in range(split.rounds):
        roles = split.roles(folds, turn)
        assert set(roles) == {TRAIN, VALID, TEST}
        np.testing.assert_array_equal(roles == TEST, folds == TEST)
        np.testing.assert_allclose((roles == VALID).mean(), 0.2, atol=0.01)
        held_out += roles == VALID
    np.testing.assert_array_equal(held_out, folds != TEST)


def test_k_folds_by_time_never_train_on_what_comes_later() -> None:
    table, split = rows(5_000), Split(folds=3, time="when", test=0.1)
    folds, times = folds_of(split, table), table["when"].to_numpy()
    for turn in range(split.rounds):
        roles = split.roles(folds, turn)
        assert times[roles == TRAIN].max() < times[roles == VALID].min()
        later = times[roles == UNUSED]
        assert (later > times[roles == VALID].max()).all()
    assert FIRST_PART + 3 in folds


def test_equal_values_are_one_whatever_their_type() -> None:
    plain = pa.table(
        {
            "amount": pa.array([1, 2, None, 2**53 + 1], pa.int64()),
            "city": pa.array(["a", None, "ü", ""]),
            "label": pa.array([0, 1, 0, 1], pa.int8()),
        }
    )
    other = pa.table(
        {
            "amount": pa.array([1.0, 2.0, float("nan"), None]),
            "city": pa.array(["a", "", "ü", None]).dictionary_encode(),
            "label": pa.array([0.0, 1.0, -0.0, 1.0]),
        }
    )
    for seed in range(30):
        mine = folds_of(Split(seed=seed), plain)
        np.testing.assert_array_equal(mine[:3], folds_of(Split(seed=seed), other)[:3])


def test_folds_do_not_tell_the_label() -> None:
    """If the label were hashed too, equal rows of one label would share a fold of their own."""
    random = np.random.default_rng(5)
    table = pa.table({"x": random.integers(0, 50, 4_000), "label": random.integers(0, 2, 4_000)})
    folds = folds_of(Split(), table)
    assert all(len(set(folds[table["x"].to_numpy() == x])) == 1 for x in range(50))


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid": 0.0},
        {"valid": 0.5, "test": 0.5},
        {"valid": -0.1},
        {"test": -0.2},
        {"valid": float("nan")},
        {"folds": 1},
        {"folds": 3, "test": 1.0},
        {"group": "a", "time": "b"},
        {"column": "a", "folds": 3},
        {"group": "a", "key": ("b",)},
        {"key": ()},
    ],
    ids=str,
)
def test_impossible_splits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Split(**wrong)


def test_columns_that_cannot_split_are_named() -> None:
    table = rows(50)
    with pytest.raises(NotFoundError, match="'nowhere'"):
        assign(Split(group="nowhere"), table)
    with pytest.raises(DataError, match="no order in time"):
        assign(Split(time="city"), table)
    with pytest.raises(DataError, match="which is no fold"):
        folds_of(Split(column="city"), table)
    gaps = table.set_column(3, "when", pa.array([None, *table["when"].to_pylist()[1:]]))
    with pytest.raises(DataError, match="no time in 1 rows"):
        assign(Split(time="when"), gaps)
    with pytest.raises(DataError, match="too many to stratify"):
        assign(Split(stratify="id"), rows(1_500))


def test_a_split_survives_json() -> None:
    for split in WAYS:
        assert Split(**split.as_json()) == split
