"""What is known of a graph's inputs, carried to the features of its trees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.inference.pruning import Range
from engine.inference.stages import reads

if TYPE_CHECKING:
    import onnx

# The column of an input that a feature is, or None where it is computed.
Origin = tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class InputRange:
    """What is known of a column of an input of a graph.

    Attributes:
        input: The input's name.
        column: Which of its columns, from 0.
        low, high: The least and the greatest value, both included.
        missing: Whether values may be missing.
    """

    input: str
    column: int
    low: float
    high: float
    missing: bool = False


def feature_ranges(
    number: np.dtype[Any], origins: Sequence[Origin], ranges: Iterable[InputRange]
) -> dict[int, Range]:
    """What ranges of the inputs of a graph say of the features of a node's trees.

    Args:
        number: The format of the trees' splits.
        origins: Of each feature. Those that are computed from inputs, by a scaler say, keep all their ways.
        ranges: What is known of the inputs.
    """
    known = {(one.input, one.column): one for one in ranges}
    found: dict[int, Range] = {}
    with np.errstate(over="ignore"):
        for feature, origin in enumerate(origins):
            one = known.get(origin) if origin is not None else None
            if one is not None:  # rounding to the trees' format keeps the order, so bounds round as values do
                low, high = number.type(one.low), number.type(one.high)
                found[feature] = Range(float(low), float(high), one.missing)
    return found


def origins_of(model: onnx.ModelProto) -> dict[str, tuple[Origin, ...]]:
    """For tensors whose columns are inputs unchanged, which."""
    import onnx

    found: dict[str, tuple[Origin, ...]] = {}
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 2 and dims[1].dim_value > 0:
            found[value.name] = tuple((value.name, at) for at in range(dims[1].dim_value))
    numbers = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
    for node in model.graph.node:
        if not all(name in found for name in reads(node)):
            continue
        settings = {one.name: one.i for one in node.attribute}
        same = node.op_type == "Identity" or (node.op_type == "Cast" and settings.get("to") in numbers)
        if same:
            found[node.output[0]] = found[node.input[0]]
        elif node.op_type == "Concat" and settings.get("axis") in (1, -1):
            found[node.output[0]] = tuple(one for name in node.input for one in found[name])
    return found
