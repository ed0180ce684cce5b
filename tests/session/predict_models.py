"""Models of others for PREDICT: trained by scikit-learn, exported by skl2onnx, kept in a table or by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from engine.errors import NotFoundError
from engine.ml.model import Model

ROWS = 240


@cache
def trips() -> pd.DataFrame:
    """The columns of Microsoft's taxi sample."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "tripId": np.arange(ROWS),
            "fareAmount": random.integers(5, 80, ROWS) / 2,
            "paymentType": random.integers(1, 3, ROWS),
            "passengerCount": random.integers(1, 7, ROWS),
            "tripDistance": np.round(random.gamma(2.0, 2.0, ROWS), 2),
            "tripTimeSecs": random.integers(60, 4000, ROWS),
            "pickupTimeBin": random.choice(["AMRush", "Night", "PMRush"], ROWS),
        }
    )
    chance = (frame.paymentType == 1) * 0.6 + (frame.fareAmount > 20) * 0.3
    return frame.assign(tipped=(random.random(ROWS) < chance).astype(int))


@cache
def taxi() -> bytes:
    """One input per column, a text column, ZipMap: as MLflow registers scikit-learn pipelines."""
    frame = trips()
    features = [
        "fareAmount",
        "paymentType",
        "passengerCount",
        "tripDistance",
        "tripTimeSecs",
        "pickupTimeBin",
    ]
    numbers = features[:-1]
    pipeline = make_pipeline(
        make_column_transformer(
            ("passthrough", numbers), (OneHotEncoder(handle_unknown="ignore"), ["pickupTimeBin"])
        ),
        LogisticRegression(max_iter=5000),
    ).fit(frame[features], frame.tipped)
    kinds: dict[str, Any] = {name: FloatTensorType([None, 1]) for name in numbers}
    kinds |= {name: Int64TensorType([None, 1]) for name in ("paymentType", "passengerCount", "tripTimeSecs")}
    kinds["pickupTimeBin"] = StringTensorType([None, 1])
    made = to_onnx(pipeline, initial_types=list(kinds.items()), target_opset={"": 18, "ai.onnx.ml": 3})
    return bytes(made.SerializeToString())


@cache
def tensor() -> bytes:
    """One input `[None, 3]`, class probabilities as a matrix, trees."""
    frame = trips()
    trees = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(
        frame[["fareAmount", "tripDistance", "paymentType"]].to_numpy(np.float32), frame.tipped
    )
    made = to_onnx(
        trees,
        initial_types=[("features", FloatTensorType([None, 3]))],
        options={"zipmap": False},
        target_opset={"": 18, "ai.onnx.ml": 3},
    )
    return bytes(made.SerializeToString())


@cache
def fares() -> bytes:
    """A regression whose batch is fixed to one row."""
    frame = trips()
    forest = RandomForestRegressor(n_estimators=10, max_depth=5, random_state=0).fit(
        frame[["tripDistance", "tripTimeSecs"]].to_numpy(np.float32), frame.fareAmount
    )
    made = to_onnx(
        forest, initial_types=[("X", FloatTensorType([1, 2]))], target_opset={"": 18, "ai.onnx.ml": 3}
    )
    return bytes(made.SerializeToString())


@dataclass
class Shelf:
    """Stands for the registry: models by name."""

    graphs: dict[str, bytes]

    def current(self, name: str) -> Model:
        if name not in self.graphs:
            raise NotFoundError(f"There is no model '{name}'.", "Register it.")
        return Model(name, 1, self.graphs[name])

    def get(self, name: str, alias: str) -> Model:
        return self.current(name)
