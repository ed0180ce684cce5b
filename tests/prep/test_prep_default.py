"""The preparation for whoever gives none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from prep_oracle import CountingRunner, split
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from engine.errors import DataError
from engine.lake import InlineRunner
from engine.prep import default, default_features, fit

ROWS = 300


def table() -> pa.Table:
    random = np.random.default_rng(2)
    return pa.table(
        {
            "": pa.array(np.arange(ROWS)),
            "amount": pa.array(random.normal(size=ROWS), mask=random.random(ROWS) < 0.1),
            "flag": pa.array(random.random(ROWS) < 0.5),
            "colour": random.choice(["red", "blue"], ROWS),
            "street": [f"street {i % 90}" for i in range(ROWS)],
            "account": [f"id {i}" for i in range(ROWS)],
            "version": np.full(ROWS, 7),
            "country": ["NL"] * ROWS,
            "sometimes": pa.array(np.ones(ROWS), mask=np.arange(ROWS) == 3),
            "never": pa.nulls(ROWS, pa.float64()),
            "unsaid": pa.array([""] * ROWS),
            "when": pa.array(np.arange(ROWS), pa.timestamp("ms")),
            "tags": [["a"]] * ROWS,
            "label": random.integers(0, 2, ROWS),
        }
    )


def test_each_column_goes_its_way_and_what_stays_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "ORDINAL_CATEGORIES", 200)
    runner = CountingRunner()
    chosen = default_features(split(table(), [0, 100, 101]), runner, target="label")
    assert runner.passes == ["prep-look"]
    branches = {name: (step, columns) for name, step, columns in chosen.transformer.transformers}
    assert branches["numbers"] == ("passthrough", ["amount", "flag", "sometimes"])
    assert isinstance(branches["onehot"][0], OneHotEncoder)
    assert branches["onehot"][1] == ["colour"]
    assert isinstance(branches["ordinal"][0], OrdinalEncoder)
    assert branches["ordinal"][1] == ["street"]
    notes = dict(
        zip(["", "when", "tags", "version", "never", "account", "country", "unsaid"], [""] * 8, strict=True)
    )
    for note in chosen.notes:
        name = note.split("'")[1]
        assert name in notes
        notes[name] = note
    assert "no name" in notes[""]
    assert "timestamp" in notes["when"]
    assert "list" in notes["tags"]
    assert "always 7" in notes["version"]
    assert "always missing" in notes["never"]
    assert "more than 200" in notes["account"]
    assert "always 'NL'" in notes["country"]
    assert "always missing" in notes["unsaid"]


def test_the_matrix_keeps_missing_numbers_and_unknown_texts() -> None:
    blocks = split(table().drop_columns(["account"]), [7, 7, 200])
    ours = fit(
        default_features(blocks, InlineRunner(), target="label").transformer,
        blocks,
        InlineRunner(),
        target="label",
    )
    preparation = ours.preparation
    names = ("amount", "flag", "sometimes", "colour_blue", "colour_red", "street")
    assert preparation.feature_names == names
    new = pa.table(
        {"amount": [None, 2.5], "flag": [True, None], "sometimes": [1.0, 1.0], "colour": ["green", "red"],
         "street": ["street 9", "no such street"]}
    )  # fmt: skip
    streets = sorted({f"street {i % 90}" for i in range(ROWS)})
    wanted = [[np.nan, 1, 1, 0, 0, streets.index("street 9")], [2.5, np.nan, 1, 0, 1, np.nan]]
    np.testing.assert_array_equal(preparation.matrix(new), np.array(wanted, np.float32))


def test_names_are_prefixed_only_where_they_would_clash() -> None:
    blocks = split(pa.table({"a_x": [1.0, 2.0], "a": ["x", "y"]}), [1])
    ours = fit(default_features(blocks, InlineRunner()).transformer, blocks, InlineRunner())
    assert ours.preparation.feature_names == ("numbers__a_x", "onehot__a_x", "onehot__a_y")


def test_nothing_to_make_features_of() -> None:
    blocks = split(pa.table({"when": pa.array([1, 2], pa.date32()), "same": [1, 1], "y": [0, 1]}), [1])
    with pytest.raises(DataError, match="no column is left") as caught:
        default_features(blocks, InlineRunner(), target="y")
    assert "'when'" in caught.value.hint
    assert "'same'" in caught.value.hint
    with pytest.raises(DataError, match="no rows"):
        default_features(split(table().slice(0, 0), [0]), InlineRunner(), target="label")


@pytest.mark.shared
@pytest.mark.parametrize("shared_table", ["diamonds.csv", "taxis.csv", "pollution.csv"], indirect=True)
def test_real_data_need_no_help(shared_table: pa.Table) -> None:
    blocks = split(shared_table, range(5000, len(shared_table), 5000))
    chosen = default_features(blocks, InlineRunner(), target=shared_table.column_names[-1])
    preparation = fit(
        chosen.transformer, blocks, InlineRunner(), target=shared_table.column_names[-1]
    ).preparation
    matrix = preparation.matrix(shared_table)
    assert matrix.shape == (len(shared_table), len(preparation.feature_names))
    numbers = chosen.transformer.transformers[0][2]
    for place, name in enumerate(numbers):
        column = shared_table[name].cast(pa.float32()).to_numpy()
        np.testing.assert_array_equal(matrix[:, place], column)
