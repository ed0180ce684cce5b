"""A graph cut at its tree operators: parts for onnxruntime, and trees between them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import UnsupportedError
from engine.inference.attributes import is_tree_node
from engine.inference.graphs import inputs_of

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True)
class Part:
    """Nodes that onnxruntime runs together.

    Attributes:
        nodes: In the order of the graph.
        inputs, outputs: The tensors that go in and come out.
    """

    nodes: tuple[onnx.NodeProto, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Columns side by side that become one matrix: a Concat that only trees read.

    Attributes:
        inputs, output: Tensors `[N, *]`, and the matrix.
    """

    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Trees:
    """One tree operator.

    Attributes:
        node: It.
        input: Its matrix.
        outputs: What it puts out; an empty name for what nobody reads.
    """

    node: onnx.NodeProto
    input: str
    outputs: tuple[str, ...]


Stage = Part | Joined | Trees


def cut(model: onnx.ModelProto, outputs: Sequence[str]) -> list[Stage]:
    """The stages of a graph in the order in which they run; without trees there is one part.

    Raises:
        UnsupportedError: An output is none of a node.
    """
    nodes = needed(model.graph, outputs)
    made = {name for node in nodes for name in node.output}
    if not set(outputs) <= made:
        raise UnsupportedError("An output of the graph is no node's.", "onnxruntime runs such a model.")
    level = _levels(nodes)
    stages: list[Stage] = []
    for depth in range(max(level, default=0) + 1):
        here = [node for node, at in zip(nodes, level, strict=True) if at == depth]
        joins = [node for node in here if _is_join(node, nodes, outputs)]
        plain = [node for node in here if not is_tree_node(node) and node not in joins]
        trees = [node for node in here if is_tree_node(node)]
        if plain:
            stages.append(_part(plain, nodes, outputs, model))
        stages += [Joined(tuple(node.input), node.output[0]) for node in joins]
        stages += [Trees(node, node.input[0], tuple(node.output)) for node in trees]
    return stages


def needed(
    graph: onnx.GraphProto, outputs: Sequence[str], given: Collection[str] = ()
) -> list[onnx.NodeProto]:
    """The nodes that the outputs depend on, if some tensors are given."""
    wanted, kept = set(outputs), []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= reads(node) - set(given)
    return kept[::-1]


def reads(node: onnx.NodeProto) -> set[str]:
    """The tensors that a node reads, those of graphs within it too."""
    found = {name for name in node.input if name}
    for attribute in node.attribute:
        for inner in [attribute.g, *attribute.graphs]:
            for one in inner.node:
                found |= reads(one)
    return found


def _levels(nodes: Sequence[onnx.NodeProto]) -> list[int]:
    """How many tree operators stand, one behind the other, before each node."""
    known: dict[str, int] = {}
    levels = []
    for node in nodes:
        own = max((known.get(name, 0) for name in reads(node)), default=0)
        levels.append(own)
        known |= dict.fromkeys(node.output, own + is_tree_node(node))
    return levels


def _is_join(node: onnx.NodeProto, nodes: Sequence[onnx.NodeProto], outputs: Sequence[str]) -> bool:
    if node.op_type != "Concat" or node.output[0] in outputs:
        return False
    axis = next((one.i for one in node.attribute if one.name == "axis"), 0)
    readers = [one for one in nodes if node.output[0] in reads(one)]
    return axis in (1, -1) and all(is_tree_node(one) for one in readers)


def _part(
    here: Sequence[onnx.NodeProto],
    nodes: Sequence[onnx.NodeProto],
    outputs: Sequence[str],
    model: onnx.ModelProto,
) -> Part:
    made = {name for node in here for name in node.output if name}
    inside = {id(node) for node in here}
    outside = {name for node in nodes if id(node) not in inside for name in reads(node)}
    fixed = {one.name for one in model.graph.initializer}
    fixed |= {one.values.name for one in model.graph.sparse_initializer}
    known = {one.name for one in inputs_of(model)} | {name for node in nodes for name in node.output}
    inputs = dict.fromkeys(name for node in here for name in sorted(reads(node)))
    return Part(
        tuple(here),
        tuple(name for name in inputs if name in known and name not in made and name not in fixed),
        tuple(name for name in sorted(made) if name in outside or name in outputs),
    )


def part_model(model: onnx.ModelProto, part: Part, types: dict[str, int]) -> bytes:
    """The ONNX file of a part.

    Args:
        model: The whole graph.
        part: The part.
        types: The ONNX type of every tensor that goes in and is no input of the whole graph.
    """
    import onnx

    declared = {one.name: one for one in model.graph.input}
    inputs = [
        declared.get(name) or onnx.helper.make_tensor_value_info(name, types[name], None)
        for name in part.inputs
    ]
    read = {name for node in part.nodes for name in reads(node)}
    graph = onnx.helper.make_graph(
        list(part.nodes),
        "part",
        inputs,
        [onnx.ValueInfoProto(name=name) for name in part.outputs],  # onnxruntime infers their types
        [one for one in model.graph.initializer if one.name in read],
        sparse_initializer=[one for one in model.graph.sparse_initializer if one.values.name in read],
    )
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import, functions=model.functions)
    made.ir_version = model.ir_version
    return bytes(made.SerializeToString())
