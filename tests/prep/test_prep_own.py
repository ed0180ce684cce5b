"""Our own transformers against pandas and plain counting, and their graphs against themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prep_oracle import split
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.utils import murmurhash3_32
from test_prep_rules import check

from engine.lake import InlineRunner
from engine.prep import DatetimeParts, TextHasher, feed, fit
from engine.prep.transformers.datetimes import CYCLES, PARTS

ROWS = 500
RANDOM = np.random.default_rng(3)
# Ends of years, of eras and of February, before and after 1970; the year 1 and the year 9999.
EDGES = [0, -1, 951782400, 951868799, 4107542400, -62135596800, 253402300799, 68169599, 68169600]


def times() -> pa.Table:
    seconds = RANDOM.integers(-(10**10), 10**10, ROWS)
    seconds[: len(EDGES)] = EDGES
    holes = RANDOM.random(ROWS) < 0.1
    return pa.table(
        {
            "fine": pa.array(seconds * 10**6 + 123_456, mask=holes).cast(pa.timestamp("us")),
            "coarse": pa.array(seconds, mask=holes).cast(pa.timestamp("s")),
            "zoned": pa.array(np.abs(seconds) % 2**31).cast(pa.timestamp("ms", tz="Europe/Berlin")),
            "day": pa.array((seconds // 86_400).astype(np.int32), mask=holes).cast(pa.date32()),
        }
    )


PANDAS_NAMES = {"dayofyear": "day_of_year", "weekday": "day_of_week"}


@pytest.mark.parametrize("cyclic", [False, True])
def test_the_parts_of_times(cyclic: bool) -> None:
    check(DatetimeParts(PARTS, cyclic=cyclic), times())


def test_parts_are_those_of_pandas_on_the_clock_of_their_zone() -> None:
    table = times()
    fitted = fit(DatetimeParts(PARTS), split(table, [7, 90]), InlineRunner())
    matrix = fitted.preparation.matrix(table)
    names = list(fitted.preparation.feature_names)
    for column in table.column_names:
        seen = pd.Series(pd.DatetimeIndex(table[column].to_pandas(date_as_object=False)))
        for part in PARTS:
            wanted = getattr(seen.dt, PANDAS_NAMES.get(part, part)).to_numpy(
                dtype=np.float32, na_value=np.nan
            )
            np.testing.assert_array_equal(matrix[:, names.index(f"{column}_{part}")], wanted)


@settings(max_examples=100, deadline=None)
@given(st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)))
def test_any_date_is_that_of_the_calendar(when: dt.datetime) -> None:
    table = pa.table({"t": pa.array([when, None], pa.timestamp("us"))})
    parts = ("year", "month", "day", "weekday", "hour", "minute", "second", "dayofyear")
    matrix = PREPARED.matrix(table)
    wanted = [*when.timetuple()[:3], when.weekday(), *when.timetuple()[3:6], when.timetuple().tm_yday]
    assert PREPARED.feature_names == tuple(f"t_{part}" for part in parts)
    assert matrix[0].tolist() == wanted
    assert np.isnan(matrix[1]).all()


PREPARED = fit(
    DatetimeParts(("year", "month", "day", "weekday", "hour", "minute", "second", "dayofyear")),
    split(pa.table({"t": pa.array([0], pa.timestamp("us"))}), []),
    InlineRunner(),
).preparation


def test_cyclic_parts_lie_on_a_circle() -> None:
    hours = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=24, freq="h")})
    circle = DatetimeParts(("hour",), cyclic=True).fit_transform(hours)
    np.testing.assert_allclose((circle**2).sum(axis=1), 1)
    steps = np.linalg.norm(circle - np.roll(circle, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])
    assert set(CYCLES) == set(PARTS) - {"year"}


def test_selectors_find_times_by_their_dtype() -> None:
    table = times().append_column("n", pa.array(RANDOM.normal(size=ROWS)))
    transformer = ColumnTransformer(
        [("t", DatetimeParts(("month",)), make_column_selector(dtype_include=["datetime", "datetimetz"]))],
        remainder="passthrough",
    )
    names = fit(transformer, split(table, [100]), InlineRunner()).preparation.feature_names
    assert names == (*(f"t__{name}_month" for name in times().column_names), "remainder__n")


def test_a_time_is_fed_as_microseconds_and_a_missing_one_as_the_least_number() -> None:
    signature = PREPARED.signature
    fed = feed(pa.table({"t": pa.array([1, None], pa.timestamp("s"))}), signature)["t"]
    assert fed.dtype == np.int64
    assert fed.ravel().tolist() == [1_000_000, np.iinfo(np.int64).min]
    assert signature.from_json(signature.as_json()) == signature


TEXTS = pa.table(
    {
        "text": pa.array(
            RANDOM.choice(
                np.array(
                    ["rot", "blau grün", "  zwei  blanks ", "ü", "日本 語", "", None, "a\tb c", "x" * 300],
                    dtype=object,
                ),
                ROWS,
            )
        ),
        "code": pa.array(RANDOM.choice(["A", "B", None], ROWS)).dictionary_encode(),
    }
)
HASHERS = [
    TextHasher(),
    TextHasher(7, words=True),
    TextHasher(5, words=True, signed=True),
    TextHasher(1, signed=True),
]


@pytest.mark.parametrize("hasher", HASHERS, ids=str)
def test_hashed_texts(hasher: Any) -> None:
    check(hasher, TEXTS)


def test_only_missing_texts() -> None:
    check(TextHasher(3, words=True), pa.table({"t": pa.array(["", None] * 20)}))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1))
def test_words_are_counted_by_their_hash(texts: list[str]) -> None:
    table = pa.table({"t": pa.array(texts)})
    for prepared, pieces in ((WHOLE, [[t] for t in texts]), (WORDS, [t.split(" ") for t in texts])):
        counts = np.zeros((len(texts), 6))
        for row, words in enumerate(pieces):
            for word in filter(None, words):
                counts[row, murmurhash3_32(word, positive=True) % 2**31 % 6] += 1
        np.testing.assert_array_equal(prepared.matrix(table), counts)


WHOLE, WORDS = (
    fit(
        TextHasher(6, words=words), split(TEXTS.select(["text"]).rename_columns(["t"]), []), InlineRunner()
    ).preparation
    for words in (False, True)
)


@pytest.mark.parametrize("step", [DatetimeParts(("year",), cyclic=True), *HASHERS], ids=str)
def test_they_are_transformers_of_scikit_learn(step: Any) -> None:
    assert clone(step).get_params() == step.get_params()
    with pytest.raises(ValueError, match="column of"):
        clone(step).fit(pd.DataFrame({"n": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="1 dimensions"):
        clone(step).fit(np.array(["a"], dtype=object))
