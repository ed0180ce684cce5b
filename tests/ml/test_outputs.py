from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.ml.outputs import output_columns


def test_one_value_per_row_keeps_its_name() -> None:
    made = output_columns({"score": np.ones((2, 1), np.float32), "label": np.array(["x", "y"], object)}, {})
    assert {name: column.type for name, column in made.items()} == {
        "score": pa.float32(),
        "label": pa.string(),
    }


def test_probabilities_are_named_by_class_and_others_by_number() -> None:
    made = output_columns(
        {"probabilities": np.eye(3, dtype=np.float32), "score": np.zeros((3, 2), np.float32)},
        {"probabilities": ("a", 2, "c d")},
    )
    assert list(made) == ["probability_a", "probability_2", "probability_c d", "score_0", "score_1"]
    assert made["probability_2"].to_pylist() == [0.0, 1.0, 0.0]


def test_no_rows_have_the_same_columns() -> None:
    outputs = {"label": np.array([1, 2]), "probabilities": np.zeros((2, 2), np.float32)}
    some = output_columns(outputs, {"probabilities": ("a", "b")})
    none = output_columns(
        {name: values[:0] for name, values in outputs.items()}, {"probabilities": ("a", "b")}
    )
    assert {n: c.type for n, c in some.items()} == {n: c.type for n, c in none.items()}
