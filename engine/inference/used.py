"""Which inputs, and which columns of them, a graph's answers depend on: pure, from the graph alone.

A column that no tree splits on cannot change an answer, so it need not be read. Going from the outputs back,
each node says which columns of its inputs the wanted columns of its output need. What is not known needs all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import UnsupportedError
from engine.inference.attributes import is_tree_node, read_ensemble
from engine.inference.graphs import inputs_of, parse, plain
from engine.inference.stages import reads

if TYPE_CHECKING:
    import onnx

# The columns of a tensor; None for all of them.
Columns = frozenset[int] | None

# Column for column: what is wanted of the output is wanted of the inputs.
_ELEMENTWISE = frozenset(
    "Identity Cast Sub Add Mul Div Neg Abs Sqrt Exp Log Pow Mod Where Equal Less LessOrEqual Greater "
    "GreaterOrEqual And Or Not Xor IsNaN IsInf Clip Min Max Relu Sigmoid Tanh Floor Ceil Round Sign "
    "Scaler Imputer Binarizer".split()
)


@lru_cache(maxsize=64)
def used_inputs(graph: bytes, outputs: tuple[str, ...]) -> Mapping[str, Columns]:
    """For each input that the outputs depend on, its columns that matter.

    Args:
        graph: An ONNX file.
        outputs: Names of the outputs that are wanted.

    Returns:
        Input name to column numbers; None for all columns. Inputs that do not matter are left out.
    """
    model = parse(plain(graph).onnx)
    wanted = _Wanted(model, outputs)
    for node in reversed(model.graph.node):
        needs = wanted.of(node)
        if needs is None or needs:
            wanted.spread(node, needs)
    return {
        one.name: wanted.columns[one.name]
        for one in inputs_of(model)
        if wanted.columns.get(one.name, frozenset()) != frozenset()
    }


class _Wanted:
    """The columns that are wanted of each tensor so far."""

    def __init__(self, model: onnx.ModelProto, outputs: Sequence[str]) -> None:
        self.columns: dict[str, Columns] = dict.fromkeys(outputs)
        self.width = _widths(model)
        self.constants = _constants(model)

    def of(self, node: onnx.NodeProto) -> Columns:
        """What is wanted of any output of a node."""
        found: frozenset[int] = frozenset()
        for name in node.output:
            columns = self.columns.get(name, frozenset())
            if columns is None:
                return None
            found |= columns
        return found

    def want(self, name: str, columns: Columns) -> None:
        before = self.columns.get(name, frozenset())
        self.columns[name] = None if before is None or columns is None else before | columns

    def spread(self, node: onnx.NodeProto, needs: Columns) -> None:
        rule = _RULES.get(node.op_type)
        if is_tree_node(node):
            rule = _trees
        elif node.op_type in _ELEMENTWISE:
            rule = _elementwise
        if rule is None or not rule(self, node, needs):
            for name in reads(node):
                self.want(name, None)


def _elementwise(wanted: _Wanted, node: onnx.NodeProto, needs: Columns) -> bool:
    for name in node.input:
        width = wanted.width.get(name)
        if name and name not in wanted.constants:
            wanted.want(name, None if width is None else frozenset({0}) if width == 1 else needs)
    return True


def _trees(wanted: _Wanted, node: onnx.NodeProto, needs: Columns) -> bool:  # noqa: ARG001 - all outputs need all
    try:
        ensemble = read_ensemble(node, float64=False)
    except UnsupportedError:
        return False
    wanted.want(node.input[0], frozenset(ensemble.features))
    return True


def _concat(wanted: _Wanted, node: onnx.NodeProto, needs: Columns) -> bool:
    axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
    widths = [wanted.width.get(name) for name in node.input]
    if axis not in (1, -1) or None in widths or needs is None:
        return False
    start = 0
    for name, width in zip(node.input, widths, strict=True):
        here = frozenset(one - start for one in needs if start <= one < start + (width or 0))
        wanted.want(name, here)
        start += width or 0
    return True


def _gather(wanted: _Wanted, node: onnx.NodeProto, needs: Columns) -> bool:
    axis = next((one.i for one in node.attribute if one.name == "axis"), 0)
    if node.op_type == "Gather" and axis not in (1, -1):
        return False
    places, width = wanted.constants.get(node.input[1]), wanted.width.get(node.input[0])
    if places is None or width is None:
        return False
    flat = [int(one) % width for one in np.asarray(places).reshape(-1)]
    chosen = flat if needs is None else [flat[one] for one in needs if one < len(flat)]
    wanted.want(node.input[0], frozenset(chosen))
    return True


def _cells(wanted: _Wanted, node: onnx.NodeProto, needs: Columns) -> bool:  # noqa: ARG001
    """Encoders of a column: any of what they put out needs it."""
    wanted.want(node.input[0], None if wanted.width.get(node.input[0]) != 1 else frozenset({0}))
    return True


_RULES: dict[str, Callable[[_Wanted, Any, Columns], bool]] = {
    "Concat": _concat,
    "FeatureVectorizer": _concat,
    "Gather": _gather,
    "ArrayFeatureExtractor": _gather,
    "LabelEncoder": _cells,
    "OneHotEncoder": _cells,
}


def _widths(model: onnx.ModelProto) -> dict[str, int]:
    """The second dimension of every tensor of two whose second dimension is known."""
    import onnx

    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # noqa: BLE001 - inference is a help: without it all columns count
        inferred = model.graph
    found = {}
    for value in [*inferred.input, *inferred.value_info, *inferred.output]:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 2 and dims[1].dim_value > 0:
            found[value.name] = int(dims[1].dim_value)
    return found


def _constants(model: onnx.ModelProto) -> dict[str, Any]:
    import onnx

    found = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute:
            value = onnx.helper.get_attribute_value(node.attribute[0])
            tensor = isinstance(value, onnx.TensorProto)
            found[node.output[0]] = onnx.numpy_helper.to_array(value) if tensor else value
    return found
