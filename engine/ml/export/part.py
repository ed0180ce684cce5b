"""The trees as a piece of a graph, before they are part of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import onnx


class Converter(StrEnum):
    """Who writes trees as ONNX nodes."""

    ONNXMLTOOLS = "onnxmltools"
    TARN = "tarn"


@dataclass(frozen=True, slots=True)
class TreePart:
    """The trees as ONNX nodes, from the matrix to XGBoost's answer.

    Attributes:
        nodes: In order of evaluation.
        initializers: Constants of the nodes.
        matrix: The value that the nodes read, float32 [N, features].
        answer: The value they make, float32 [N, targets]: P(class 1) for a binary model, a probability per
            class for a multiclass one, else what `Booster.predict` gives.
        converter: Who wrote the nodes.
    """

    nodes: Sequence[onnx.NodeProto]
    initializers: Sequence[onnx.TensorProto]
    matrix: str
    answer: str
    converter: Converter
