"""The outputs of a model: `score`, `probabilities` and `label`, made from what the trees answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from engine.ml.export.objectives import Task

SCORE, PROBABILITIES, LABEL = "score", "probabilities", "label"


def output_names(task: Task) -> tuple[str, ...]:
    """The outputs of a model of that task, in order."""
    if task is Task.BINARY:
        return SCORE, PROBABILITIES, LABEL
    return (PROBABILITIES, LABEL) if task is Task.MULTICLASS else (SCORE,)


@dataclass(frozen=True, slots=True)
class Head:
    """Nodes from the trees' answer to the outputs.

    Attributes:
        nodes: In order of evaluation.
        initializers: Constants of the nodes.
        outputs: The model's outputs, in order.
    """

    nodes: Sequence[onnx.NodeProto]
    initializers: Sequence[onnx.TensorProto]
    outputs: Sequence[onnx.ValueInfoProto]


def build_head(task: Task, targets: int, answer: str, *, labels: NDArray[Any] | None) -> Head:
    """Make the outputs of a task.

    Regression and ranking: `score` float32 [N, targets]. Binary: `score` float32 [N, 1], the probability of
    the second class, `probabilities` float32 [N, 2] and `label` [N]. Multiclass: `probabilities` float32
    [N, C] and `label` [N]. A label is the most probable class, the first of them on a tie, taken from
    `probabilities` itself, so the two cannot disagree. (For a binary model that is XGBoost's rule, p > 0.5:
    from there on 1 - p is exact in float32, and below it is not under 0.5.)
    """
    if labels is None:
        rename = helper.make_node("Identity", [answer], [SCORE], "head/score")
        return Head([rename], [], [_float_output(SCORE, targets)])
    label_nodes = [
        helper.make_node("ArgMax", [PROBABILITIES], ["head/code"], "head/argmax", axis=1, keepdims=0),
        helper.make_node("Gather", ["head/classes", "head/code"], [LABEL], "head/label"),
    ]
    constants = [_class_tensor(labels)]
    kind = TensorProto.STRING if labels.dtype == object else TensorProto.INT64
    outputs = [
        _float_output(PROBABILITIES, len(labels)),
        helper.make_tensor_value_info(LABEL, kind, ["N"]),
    ]
    if task is Task.MULTICLASS:
        rename = helper.make_node("Identity", [answer], [PROBABILITIES], "head/probabilities")
        return Head([rename, *label_nodes], constants, outputs)
    pair = [
        helper.make_node("Identity", [answer], [SCORE], "head/score"),
        helper.make_node("Sub", ["head/one", answer], ["head/other"], "head/complement"),
        helper.make_node("Concat", ["head/other", answer], [PROBABILITIES], "head/probabilities", axis=1),
    ]
    constants.append(numpy_helper.from_array(np.ones((), np.float32), "head/one"))
    return Head([*pair, *label_nodes], constants, [_float_output(SCORE, 1), *outputs])


def _class_tensor(labels: NDArray[Any]) -> onnx.TensorProto:
    if labels.dtype == object:
        texts = [text.encode() for text in labels]
        return helper.make_tensor("head/classes", TensorProto.STRING, [len(texts)], texts)
    return numpy_helper.from_array(labels, "head/classes")


def _float_output(name: str, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
