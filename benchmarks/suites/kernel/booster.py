"""The rows and the booster that all sides score; each side trains the same one, untimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost as xgb
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

if TYPE_CHECKING:
    from benchmarks.case import Parameters


def matrix(parameters: Parameters) -> Any:
    """Rows to score, float32 `[rows, columns]`."""
    shape = (parameters["rows"], parameters["columns"])
    return np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


def booster(parameters: Parameters) -> xgb.Booster:
    """A booster whose trees are as deep and as many as the case says."""
    random = np.random.default_rng(0)
    rows = random.standard_normal((parameters["train"], parameters["columns"]), dtype=np.float32)
    signal = rows[:, :8] @ random.standard_normal(8) + rows[:, 0] * rows[:, 1] + np.sin(3 * rows[:, 2])
    labels = signal + random.standard_normal(len(rows)) > 0
    settings = {"objective": "binary:logistic", "max_depth": parameters["depth"], "eta": 0.1, "nthread": 2}
    return xgb.train(settings, xgb.DMatrix(rows, labels), parameters["trees"])


def onnx_of(trained: xgb.Booster, columns: int) -> bytes:
    """The booster as an ONNX graph: input `x`, outputs `label` and `probabilities`."""
    made = convert_xgboost(trained, initial_types=[("x", FloatTensorType([None, columns]))])
    return bytes(made.SerializeToString())


def judged(chances: Any) -> dict[str, Any]:
    """What is compared of the probabilities of the positive class."""
    step = max(1, len(chances) // 500)
    return {"rows": len(chances), "sample": [float(one) for one in chances[::step]]}
