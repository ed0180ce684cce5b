"""A graph under construction, and its columns as values."""

from __future__ import annotations

from collections import Counter
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
# onnxruntime 1.31 loads opset <= 26, ml <= 5, IR <= 13; 20 is the first opset that splits strings.
# Also loaded is its own domain, from which comes the one hash of strings that a graph can have.
OPSETS = {"": 20, ML_DOMAIN: 3}
CONTRIB_DOMAIN = "com.microsoft"
IR_VERSION = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a tensor of the graph.

    Attributes:
        tensor: The tensor's name; its shape is `[None, width]`.
        place: The column's position in it.
        width: How many columns the tensor has.
        kind: What it holds: float32 numbers, strings, or times as int64 microseconds since 1970.
        label: The column's name, for node names and messages.
        wide: Whether its numbers are float64, on their way from one step to the next.
    """

    tensor: str
    place: int
    width: int
    kind: Kind
    label: str
    wide: bool = False


class Graph:
    """Collects nodes and constants; names follow from the order of the calls: equal fits give equal bytes."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._taken = {*signature.tensors.values(), signature.matrix_name}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._integers: dict[int, str] = {}
        self._names: Counter[str] = Counter()
        self._count = 0

    def raw(self) -> dict[str, Cell]:
        """Return the raw columns by name."""
        tensors = self._signature.tensors
        return {
            spec.name: Cell(tensors[spec.name], 0, 1, spec.kind, spec.name) for spec in self._signature.inputs
        }

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

    def integer(self, value: int) -> str:
        """Add a constant int64 `[1, 1]`, once per value."""
        if value not in self._integers:
            self._integers[value] = self.constant(np.array([[value]], dtype=np.int64))
        return self._integers[value]

    def node(
        self, kind: str, *inputs: str, name: str = "", domain: str = "", outputs: int = 1, **attributes: Any
    ) -> str:
        """Add a node and return the name of its first output."""
        output = self.fresh(kind.lower())
        names = [output, *(self.fresh(kind.lower()) for _ in range(outputs - 1))]
        self._nodes.append(
            helper.make_node(
                kind, inputs, names, name=self._named(name) or output, domain=domain, **attributes
            )
        )
        return output

    def _named(self, name: str) -> str:
        """A node's name; two encoders of one column give the same one, which a number then tells apart."""
        self._names[name] += 1
        return name if self._names[name] == 1 or not name else f"{name} ({self._names[name]})"

    def inline(self, graph: onnx.GraphProto, inputs: Sequence[str]) -> str:
        """Add another graph of one output, its names made fresh, and return the name of its output."""
        prefix = self.fresh("part")
        renamed: dict[str, str] = dict(zip((v.name for v in graph.input), inputs, strict=True))

        def rename(name: str) -> str:
            if name and name not in renamed:
                renamed[name] = self.fresh(f"{prefix}_{name}")
            return renamed.get(name, name)

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
        """Return one tensor of these columns, which must be of one type, side by side."""
        runs = [list(run) for _, run in groupby(cells, key=lambda cell: cell.tensor)]
        parts = [self._columns(run) for run in runs]
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=1)

    def _columns(self, run: Sequence[Cell]) -> str:
        places = [cell.place for cell in run]
        if places == list(range(run[0].width)):
            return run[0].tensor
        return self.node("Gather", run[0].tensor, self.constant(np.array(places, dtype=np.int64)), axis=1)

    def numbers(self, cells: Sequence[Cell], step: str) -> str:
        """Return one float32 tensor of these columns; see `check_numbers` for what it refuses."""
        return self._numbers(cells, step, wide=False)

    def wide_numbers(self, cells: Sequence[Cell], step: str) -> str:
        """Return one float64 tensor of these columns; see `check_numbers` for what it refuses."""
        return self._numbers(cells, step, wide=True)

    def _numbers(self, cells: Sequence[Cell], step: str, *, wide: bool) -> str:
        self.check_numbers(cells, step)
        parts = []
        for has, run in groupby(cells, key=lambda cell: cell.wide):
            tensor = self.matrix(list(run))
            kind = TensorProto.DOUBLE if wide else TensorProto.FLOAT
            parts.append(tensor if has is wide else self.node("Cast", tensor, to=kind))
        return parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=1)

    def check_numbers(self, cells: Sequence[Cell], step: str) -> None:
        """Raise UnsupportedError if one of these columns holds texts or times."""
        times = [cell.label for cell in cells if cell.kind == "time"]
        if times:
            message = f"{step} gets times in {', '.join(map(repr, times))}"
            raise UnsupportedError(message, "Make numbers of them first, with DatetimeParts.", columns=times)
        texts = [cell.label for cell in cells if cell.kind == "text"]
        if texts:
            message = f"{step} gets texts in {', '.join(map(repr, texts))}"
            raise UnsupportedError(
                message, "Encode the column first, with OneHotEncoder or OrdinalEncoder.", columns=texts
            )

    def model(self, features: str, width: int) -> onnx.ModelProto:
        """Close the graph: raw columns in, one matrix out."""
        kinds = {"number": TensorProto.FLOAT, "text": TensorProto.STRING, "time": TensorProto.INT64}
        output = self._signature.matrix_name
        self._nodes.append(helper.make_node("Identity", [features], [output], name=output))
        graph = helper.make_graph(
            self._nodes,
            "preparation",
            [
                helper.make_tensor_value_info(self._signature.tensors[spec.name], kinds[spec.kind], [None, 1])
                for spec in self._signature.inputs
            ],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None, width])],
            self._constants,
        )
        domains = OPSETS | {node.domain: 1 for node in self._nodes if node.domain == CONTRIB_DOMAIN}
        opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="tarn")
        onnx.checker.check_model(model)
        return model


def cells_of(tensor: str, labels: Sequence[str], kind: Kind = "number", *, wide: bool = False) -> list[Cell]:
    """Return the columns of a tensor as cells."""
    return [Cell(tensor, place, len(labels), kind, label, wide) for place, label in enumerate(labels)]
