"""Reading an ONNX file that somebody gives us: what it may be, what it takes, what it puts out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import FormatError, PathRefusedError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnx

# A graph is held in memory by every worker, and protobuf itself ends at 2 GiB.
LARGEST = 1 << 30
_LOCALE = "C.UTF-8"


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a graph.

    Attributes:
        name: As the graph calls it.
        kind: onnxruntime's name of its type, such as `tensor(float)`.
        shape: Its dimensions: a number, or None where it is open.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]

    @property
    def width(self) -> int | None:
        """Values of a row: the product of all dimensions but the first; None where one is open."""
        product = 1
        for one in self.shape[1:]:
            if one is None:
                return None
            product *= one
        return product


@dataclass(frozen=True, slots=True)
class PlainGraph:
    """A graph whose outputs are all tensors.

    Attributes:
        onnx: The graph's bytes.
        classes: For each output that was a sequence of maps, the keys of its maps, column by column.
        batch: The number of rows that the graph takes at a time; None where it takes any.
    """

    onnx: bytes
    classes: Mapping[str, tuple[object, ...]]
    batch: int | None


def parse(graph: bytes) -> onnx.ModelProto:
    """The graph of an ONNX file.

    Raises:
        FormatError: Bytes that are no ONNX file, or too many.
        PathRefusedError: It keeps weights in other files, which bytes alone cannot bring along.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    if len(graph) > LARGEST:
        raise FormatError(
            f"The ONNX graph has {len(graph):,} bytes; the limit is {LARGEST:,}.", "Export a smaller model."
        )
    try:
        model = onnx.load_from_string(graph)
    except DecodeError:
        model = None
    if model is None or not model.graph.node:
        raise FormatError(
            "These bytes are no ONNX graph.", "Load the file's bytes unchanged, as varbinary(max)."
        )
    outside = [tensor.name for tensor in _tensors(model) if _is_outside(tensor)]
    if outside:
        raise PathRefusedError(
            f"The ONNX graph keeps '{outside[0]}' in another file.",
            "Register it by its path, or save it with its weights inside (onnx.save without external data).",
            tensors=tuple(outside),
        )
    return model


def read_file(path: str | Path) -> bytes:
    """An ONNX file with its weights inside, even where the file keeps them in others beside it.

    Raises:
        FormatError: It is not there, no ONNX file, or too large.
        PathRefusedError: Weights lie outside the file's folder.
    """
    import onnx
    from google.protobuf.message import DecodeError

    path = Path(path)
    if not path.is_file():
        raise FormatError(f"There is no file '{path}'.", "Give the path of an ONNX file.", path=str(path))
    folder = path.resolve().parent
    try:
        model = onnx.load(str(path), load_external_data=False)
    except DecodeError:
        raise FormatError(f"'{path}' is no ONNX file.", "Is it the model itself?", path=str(path)) from None
    size = path.stat().st_size
    for tensor in _tensors(model):
        if _is_outside(tensor):
            size += _length(tensor, _checked(tensor, folder))
    if size > LARGEST:
        raise FormatError(
            f"'{path}' has {size:,} bytes of weights; the limit is {LARGEST:,}.", "Export a smaller model."
        )
    for tensor in _tensors(model):
        if _is_outside(tensor):
            onnx.external_data_helper.load_external_data_for_tensor(tensor, str(folder))
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]
    return bytes(model.SerializeToString())


def _checked(tensor: onnx.TensorProto, folder: Path) -> Path:
    named = {entry.key: entry.value for entry in tensor.external_data}.get("location", "")
    place: Path = (folder / named).resolve()
    if not named or not place.is_relative_to(folder) or not place.is_file():
        raise PathRefusedError(
            f"The ONNX file wants its weights '{tensor.name}' from '{named}'.",
            "Weights may only lie in files in the folder of the ONNX file.",
            path=named,
        )
    return place


def _length(tensor: onnx.TensorProto, place: Path) -> int:
    """Bytes of a file that are a tensor's: many tensors may share a file, and parts of it."""
    told, size = {entry.key: entry.value for entry in tensor.external_data}, place.stat().st_size
    try:
        offset = int(told.get("offset", 0))
        length = int(told.get("length", size - offset))
    except ValueError:
        offset = length = -1
    if offset < 0 or length < 0 or offset + length > size:
        raise FormatError(
            f"The ONNX file wants the weights '{tensor.name}' from bytes that '{place.name}' does not have.",
            "Copy both files again; they belong together.",
            path=str(place),
        )
    return length


def _is_outside(tensor: onnx.TensorProto) -> bool:
    import onnx

    return bool(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data)


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from _tensors_of(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _tensors_of_node(node)


def _tensors_of(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices
    for node in graph.node:
        yield from _tensors_of_node(node)


def _tensors_of_node(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        sparse = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
        for one in (*sparse, *attribute.sparse_tensors):
            yield one.values
            yield one.indices
        if attribute.HasField("g"):
            yield from _tensors_of(attribute.g)
        for inner in attribute.graphs:
            yield from _tensors_of(inner)


def plain(graph: bytes) -> PlainGraph:
    """The same graph with tensors in the place of sequences of maps.

    Raises:
        FormatError, PathRefusedError: As `parse`.
    """
    model = parse(graph)
    classes = _without_maps(model)
    changed = _with_common_locale(model) or bool(classes)
    return PlainGraph(
        bytes(model.SerializeToString()) if changed else graph, classes, _fixed_batch(model.graph)
    )


def _with_common_locale(model: onnx.ModelProto) -> bool:
    """Let texts be normalised by the locale that every Linux has; returns whether any was by another.

    Exporters write none, which onnxruntime takes for "en_US.UTF-8", and does not load the graph on a machine
    without it. Both say the same of letters, as all do but the Turkic and the Lithuanian ones.
    """
    import onnx

    changed = False
    for node in model.graph.node:
        if node.op_type != "StringNormalizer" or node.domain not in ("", "ai.onnx"):
            continue
        named = next((one.s.decode() for one in node.attribute if one.name == "locale"), "")
        if named[:2].lower() not in ("tr", "az", "lt") and named != _LOCALE:
            kept = [one for one in node.attribute if one.name != "locale"]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("locale", _LOCALE)])
            changed = True
    return changed


def _without_maps(model: onnx.ModelProto) -> dict[str, tuple[object, ...]]:
    """ZipMap makes a dictionary of every row; what it is made of is the matrix before it."""
    import onnx

    found: dict[str, tuple[object, ...]] = {}
    outputs = {one.name: one for one in model.graph.output}
    for node in model.graph.node:
        if node.op_type != "ZipMap" or node.output[0] not in outputs:
            continue
        keys = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        texts = keys.get("classlabels_strings")
        found[node.output[0]] = (
            tuple(one.decode() for one in texts) if texts else tuple(keys.get("classlabels_int64s", ()))
        )
        node.op_type, node.domain = "Identity", ""
        del node.attribute[:]
        outputs[node.output[0]].ClearField("type")  # onnxruntime infers it
    if found and all(one.domain not in ("", "ai.onnx") for one in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("", 17))
    return found


def inputs_of(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The inputs that a caller feeds: those that have no default."""
    known = {one.name for one in model.graph.initializer}
    return [one for one in model.graph.input if one.name not in known]


def _fixed_batch(graph: onnx.GraphProto) -> int | None:
    known = {one.name for one in graph.initializer}
    firsts = {
        value.type.tensor_type.shape.dim[0].dim_value
        for value in graph.input
        if value.name not in known and len(value.type.tensor_type.shape.dim) > 1
    }
    fixed = firsts - {0}
    if len(fixed) > 1 or (fixed and 0 in firsts):
        raise UnsupportedError(
            f"The graph's inputs want {sorted(firsts)} rows at a time.", "All must have the same first size."
        )
    return fixed.pop() if fixed else None


def with_open_batch(graph: bytes) -> bytes:
    """The graph with its first dimensions open; whether it then means the same must be tried."""
    model = parse(graph)
    for value in [*inputs_of(model), *model.graph.output]:
        dims = value.type.tensor_type.shape.dim
        if len(dims):
            dims[0].Clear()
            dims[0].dim_param = "rows"
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


def ports(session: Any) -> tuple[list[Port], list[Port]]:
    """Inputs and outputs of a session of onnxruntime, which has inferred what the file does not say."""

    def port(one: Any) -> Port:
        dims = tuple(dim if isinstance(dim, int) and dim > 0 else None for dim in one.shape or ())
        return Port(one.name, one.type, dims)

    return [port(one) for one in session.get_inputs()], [port(one) for one in session.get_outputs()]
