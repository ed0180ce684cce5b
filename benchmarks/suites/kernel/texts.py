"""Rows of numbers and texts, and a pipeline of scikit-learn that reads both; the same on every side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

if TYPE_CHECKING:
    from benchmarks.case import Parameters

# Columns of texts, and how many different ones each has; the first are one-hot encoded, the others numbered.
FEW = {"payment": 5, "vendor": 3, "weekday": 7}
MANY = {"pickup": 260, "dropoff": 260, "route": 5_000}


def numbers(parameters: Parameters) -> list[str]:
    return [f"n{at}" for at in range(parameters["columns"])]


def table(rows: int, parameters: Parameters, seed: int = 1) -> pa.Table:
    """Rows to score: float32, and texts as Parquet's readers give them, as dictionaries."""
    random = np.random.default_rng(seed)
    columns = {name: pa.array(random.standard_normal(rows, dtype=np.float32)) for name in numbers(parameters)}
    for name, many in (FEW | MANY).items():
        words = pa.array([f"{name} {at}" for at in range(many)])
        codes = pa.array(random.integers(0, many, rows, dtype=np.int32))
        columns[name] = pa.DictionaryArray.from_arrays(codes, words)
    return pa.table(columns)


def pipeline(parameters: Parameters) -> bytes:
    """Encoders and a forest as an ONNX graph with one input per column."""
    rows = table(parameters["train"], parameters, seed=0).to_pandas()
    rows = rows.astype(dict.fromkeys(FEW | MANY, object))
    signal = rows["n0"] + (rows["payment"] == "payment 1") + rows["route"].str.len() * 0.1
    encoders = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), list(FEW)),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), list(MANY)),
        ("passthrough", numbers(parameters)),
    )
    forest = RandomForestClassifier(parameters["trees"], max_depth=parameters["depth"], random_state=0)
    fitted = make_pipeline(encoders, forest).fit(rows, signal > signal.median())
    kinds = {name: StringTensorType([None, 1]) for name in FEW | MANY}
    kinds |= {name: FloatTensorType([None, 1]) for name in numbers(parameters)}
    made = to_onnx(fitted, initial_types=list(kinds.items()), options={id(fitted): {"zipmap": False}})
    return bytes(made.SerializeToString())
