"""The parts of a graph that make something of one column of texts alone, row by row, cut out of it.

What such a part says of a row depends on that row's text and on nothing else. So it need be asked once for
each distinct text, and its answers dealt out to the rows: an encoder of a million rows of 200 zones looks up
200.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.inference.graphs import inputs_of
from engine.inference.stages import needed, reads

if TYPE_CHECKING:
    import onnx

# Value for value, or row for row of a matrix. Whatever mixes rows must not stand here; what is a sum of
# products does not either, for the order of such a sum may depend on how many rows there are.
_BY_ROW = frozenset(
    "Identity Cast Sub Add Mul Div Neg Abs Sqrt Exp Log Pow Mod Where Equal Less LessOrEqual Greater "
    "GreaterOrEqual And Or Not Xor IsNaN IsInf Clip Min Max Relu Floor Ceil Round Sign Reshape Squeeze "
    "Unsqueeze Flatten Concat Gather ArrayFeatureExtractor OneHot LabelEncoder OneHotEncoder CategoryMapper "
    "Scaler Imputer Binarizer StringConcat StringNormalizer RegexFullMatch StringSplit TfIdfVectorizer "
    "Tokenizer MurmurHash3".split()
)
_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})

Column = tuple[str, int]
"""An input of the graph and which of its columns."""


@dataclass(frozen=True, slots=True)
class WordPart:
    """What is made of one column of texts.

    Attributes:
        column: Whose texts.
        word: What the part calls the texts, a tensor `[N, 1]`, or `[N]` where the input is that.
        flat: Whether they are `[N]`.
        nodes: In the order of the graph.
        outputs: The tensors that the rest of the graph reads, or that are its outputs.
    """

    column: Column
    word: str
    flat: bool
    nodes: tuple[onnx.NodeProto, ...]
    outputs: tuple[str, ...]


@dataclass(slots=True)
class _Cones:
    """For each tensor that depends on one column of texts alone, which; and the nodes on the way to it."""

    model: onnx.ModelProto
    columns: dict[str, tuple[Column, ...]] = field(default_factory=dict)
    flat: set[str] = field(default_factory=set)
    made_of: dict[str, Column] = field(default_factory=dict)
    nodes: dict[Column, list[onnx.NodeProto]] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import onnx

        self.fixed = {one.name: one for one in self.model.graph.initializer}
        for value in inputs_of(self.model):
            tensor = value.type.tensor_type
            width = _width(tensor.shape.dim)
            if tensor.elem_type == onnx.TensorProto.STRING and width:
                self.columns[value.name] = tuple((value.name, at) for at in range(width))
                if len(tensor.shape.dim) == 1:
                    self.flat.add(value.name)

    def take(self, node: onnx.NodeProto) -> None:
        """Go on past a node."""
        given = [name for name in reads(node) if name not in self.fixed]
        if node.op_type == "Constant" and not given:
            self.fixed[node.output[0]] = next((one.t for one in node.attribute if one.name == "value"), None)
            return
        if self._passes_columns(node):
            return
        found = {self._column(name) for name in given}
        if len(found) != 1 or None in found or not self._is_by_row(node):
            return
        [column] = found
        assert column is not None
        self.made_of |= dict.fromkeys((name for name in node.output if name), column)
        self.nodes.setdefault(column, []).append(node)

    def _column(self, tensor: str) -> Column | None:
        own = self.columns.get(tensor, ())
        return own[0] if len(own) == 1 else self.made_of.get(tensor)

    def _passes_columns(self, node: onnx.NodeProto) -> bool:
        """Whether it hands columns of texts on as they are, joined or picked."""
        settings = {one.name: one.i for one in node.attribute}
        if any(name in self.flat for name in node.input):
            return False
        known = [self.columns.get(name) for name in node.input]
        if node.op_type == "Identity" and known[0]:
            self.columns[node.output[0]] = known[0]
        elif node.op_type == "Concat" and settings.get("axis") in (1, -1) and all(known):
            self.columns[node.output[0]] = tuple(one for own in known for one in own or ())
        elif self._picks(node, settings) and known[0]:
            places = self._numbers(node.input[1])
            if places is None or places.ndim > 2 or not all(0 <= at < len(known[0]) for at in places.flat):
                return False
            self.columns[node.output[0]] = tuple(known[0][at] for at in places.flat)
        else:
            return False
        return True

    def _picks(self, node: onnx.NodeProto, settings: dict[str, int]) -> bool:
        if node.op_type == "ArrayFeatureExtractor":
            return True
        places = self._numbers(node.input[1]) if node.op_type == "Gather" else None
        return places is not None and places.ndim == 1 and settings.get("axis") in (1, -1)

    def _numbers(self, name: str) -> Any:
        import onnx

        tensor = self.fixed.get(name)
        return None if tensor is None else onnx.numpy_helper.to_array(tensor)

    def _is_by_row(self, node: onnx.NodeProto) -> bool:
        if node.domain not in _DOMAINS or node.op_type not in _BY_ROW:
            return False
        axis = next((one.i for one in node.attribute if one.name == "axis"), None)
        if node.op_type == "Concat":
            return axis in (1, -1) and not any(name in self.fixed for name in node.input)
        if node.op_type == "Gather":  # rows of a fixed table, or columns of what is made of the texts
            of_table = node.input[0] in self.fixed and not axis and node.input[1] not in self.fixed
            return of_table or (axis in (1, -1) and node.input[1] in self.fixed)
        return True


def word_parts(model: onnx.ModelProto, outputs: Sequence[str]) -> list[WordPart]:
    """The parts of a graph that can be asked once for each distinct text, if they hold (`word_proof`)."""
    nodes = needed(model.graph, outputs)
    cones = _Cones(model)
    for node in nodes:
        cones.take(node)
    inside = {id(node) for found in cones.nodes.values() for node in found}
    outside = {name for node in nodes if id(node) not in inside for name in reads(node)} | set(outputs)
    parts = []
    for column, own in cones.nodes.items():
        made = [name for node in own for name in node.output if name in outside]
        if made:
            flat = column[0] in cones.flat
            words = [name for name, found in cones.columns.items() if found == (column,)]
            word = column[0] if column[0] in words else f"{column[0]} {column[1]}"
            renamed = tuple(_reading(node, dict.fromkeys(words, word)) for node in own)
            parts.append(WordPart(column, word, flat, renamed, tuple(dict.fromkeys(made))))
    return parts


def without(
    model: onnx.ModelProto, outputs: Sequence[str], parts: Iterable[tuple[WordPart, Any]]
) -> bytes | None:
    """The graph whose inputs are what the parts put out; None where nothing is left to do.

    Args:
        model: The whole graph.
        outputs: Its outputs that are wanted.
        parts: Each part, and the types of its outputs as `onnx.ValueInfoProto`.
    """
    import onnx

    ready = [value for _, values in parts for value in values]
    names = {value.name for value in ready}
    rest = onnx.ModelProto()
    rest.CopyFrom(model)
    left = needed(model.graph, [one for one in outputs if one not in names], names)
    if not left:
        return None
    read = {name for node in left for name in reads(node)}
    fixed = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name in read and one.name not in names]
    del rest.graph.node[:], rest.graph.input[:], rest.graph.output[:], rest.graph.value_info[:]
    rest.graph.node.extend(left)
    rest.graph.input.extend([*inputs, *(one for one in ready if one.name in read and one.name not in fixed)])
    rest.graph.output.extend(
        [one for one in model.graph.output if one.name in outputs and one.name not in names]
    )
    return bytes(rest.SerializeToString())


def part_graph(model: onnx.ModelProto, part: WordPart) -> bytes:
    """The ONNX file of a part."""
    import onnx

    shape = ["rows"] if part.flat else ["rows", 1]
    read = {name for node in part.nodes for name in reads(node)}
    constants = [node for node in model.graph.node if node.op_type == "Constant" and node.output[0] in read]
    graph = onnx.helper.make_graph(
        [*constants, *part.nodes],
        "words",
        [onnx.helper.make_tensor_value_info(part.word, onnx.TensorProto.STRING, shape)],
        [onnx.ValueInfoProto(name=name) for name in part.outputs],
        [one for one in model.graph.initializer if one.name in read],
    )
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    made.ir_version = model.ir_version
    return bytes(made.SerializeToString())


def _width(dims: Sequence[Any]) -> int:
    """Columns of an input of texts; 0 where they cannot be told apart."""
    if len(dims) == 1:
        return 1
    return int(dims[1].dim_value) if len(dims) == 2 else 0


def _reading(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    import onnx

    made = onnx.NodeProto()
    made.CopyFrom(node)
    for at, name in enumerate(node.input):
        made.input[at] = names.get(name, name)
    return made
