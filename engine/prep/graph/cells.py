"""A graph under construction, and its columns as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.errors import UnsupportedError

if TYPE_CHECKING:
    from engine.prep.inputs import Kind, Signature

ML_DOMAIN = "ai.onnx.ml"
# onnxruntime 1.31 loads opset <= 26, ml <= 5, IR <= 13; 19 is the first opset whose Equal takes strings.
OPSETS = {"": 19, ML_DOMAIN: 3}
IR_VERSION = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a tensor of the graph.

    Attributes:
        tensor: The tensor's name; its shape is `[None, width]`.
        place: The column's position in it.
        width: How many columns the tensor has.
        kind: What it holds: float32 numbers or strings.
        label: The column's name, for node names and messages.
    """

    tensor: str
    place: int
    width: int
    kind: Kind
    label: str


class Graph:
    """Collects nodes and constants; names follow from the order of the calls: equal fits give equal bytes."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._taken = {*signature.names, signature.matrix_name}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._count = 0

    def raw(self) -> dict[str, Cell]:
        """Return the raw columns by name."""
        return {spec.name: Cell(spec.name, 0, 1, spec.kind, spec.name) for spec in self._signature.inputs}

    def fresh(self, stem: str) -> str:
        """Return a name that neither a column nor another tensor has."""
        while True:
            self._count += 1
            name = f"{stem}_{self._count}"
            if name not in self._taken:
                return name

    def constant(self, values: np.ndarray | Sequence[str]) -> str:
        """Add a constant tensor; strings are given as a sequence and become `[1, n]`."""
        name = self.fresh("constant")
        if isinstance(values, np.ndarray):
            tensor = numpy_helper.from_array(values, name)
        else:
            tensor = helper.make_tensor(
                name, TensorProto.STRING, [1, len(values)], [v.encode() for v in values]
            )
        self._constants.append(tensor)
        return name

    def node(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        output = self.fresh(kind.lower())
        self._nodes.append(
            helper.make_node(kind, inputs, [output], name=name or output, domain=domain, **attributes)
        )
        return output

    def inline(self, graph: onnx.GraphProto, inputs: Sequence[str]) -> str:
        """Add another graph of one output, its names made fresh, and return the name of its output."""
        prefix = self.fresh("part")
        renamed = dict(zip((value.name for value in graph.input), inputs, strict=True))

        def rename(name: str) -> str:
            return name and renamed.setdefault(name, f"{prefix}_{name}")

        for tensor in graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(tensor)
            copy.name = rename(tensor.name)
            self._constants.append(copy)
        for node in graph.node:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{prefix}_{node.name}"
            copy.input[:] = map(rename, node.input)
            copy.output[:] = map(rename, node.output)
            self._nodes.append(copy)
        return rename(graph.output[0].name)

    def matrix(self, cells: Sequence[Cell]) -> str:
        """Return one tensor of these columns side by side."""
        runs = [list(run) for _, run in groupby(cells, key=lambda cell: cell.tensor)]
        parts = [self._columns(run) for run in runs]
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=1)

    def _columns(self, run: Sequence[Cell]) -> str:
        places = [cell.place for cell in run]
        if places == list(range(run[0].width)):
            return run[0].tensor
        return self.node("Gather", run[0].tensor, self.constant(np.array(places, dtype=np.int64)), axis=1)

    def numbers(self, cells: Sequence[Cell], step: str) -> str:
        """Return one float32 tensor of these columns.

        Raises:
            UnsupportedError: One of them holds texts.
        """
        texts = [cell.label for cell in cells if cell.kind == "text"]
        if texts:
            message = f"{step} gets texts in {', '.join(map(repr, texts))}"
            raise UnsupportedError(
                message, "Encode the column first, with OneHotEncoder or OrdinalEncoder.", columns=texts
            )
        return self.matrix(cells)

    def model(self, features: str, width: int) -> onnx.ModelProto:
        """Close the graph: raw columns in, one matrix out."""
        kinds = {"number": TensorProto.FLOAT, "text": TensorProto.STRING}
        output = self._signature.matrix_name
        self._nodes.append(helper.make_node("Identity", [features], [output], name=output))
        graph = helper.make_graph(
            self._nodes,
            "preparation",
            [
                helper.make_tensor_value_info(spec.name, kinds[spec.kind], [None, 1])
                for spec in self._signature.inputs
            ],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None, width])],
            self._constants,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="tarn")
        onnx.checker.check_model(model)
        return model


def cells_of(tensor: str, labels: Sequence[str], kind: Kind = "number") -> list[Cell]:
    """Return the columns of a tensor as cells."""
    return [Cell(tensor, place, len(labels), kind, label) for place, label in enumerate(labels)]
