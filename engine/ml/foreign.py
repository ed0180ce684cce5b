"""Models that others exported: which columns feed their graph, and how values are cast without loss."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pyarrow as pa

from engine.errors import DataError, OptionError, SignatureError, UnsupportedError
from engine.inference import load_runner
from engine.inference.coded import CodedColumns
from engine.inference.graphs import parse, plain, ports, read_file
from engine.inference.reference import blank_rows, open_session
from engine.inference.tensors import dtype_of
from engine.ml.casting import cast_column, refuse_lossy
from engine.prep.inputs import coded_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from os import PathLike

    from numpy.typing import NDArray

    from engine.inference.coded import Fed
    from engine.inference.graphs import Port

# Metadata of a graph: a list of column names for each input that takes several, as JSON.
COLUMNS_KEY = "tarn.columns"


@dataclass(frozen=True, slots=True)
class ForeignInput:
    """One column that a model reads.

    Attributes:
        name: The column's name.
        dtype: What numpy calls its values; `object` for texts.
        tensor: The graph's input that it goes into.
        place: Where the column stands in an input of several; 0 for others.
        width: How many columns the input takes; 0 for an input of one.
        flat: The input is `[N]`, not `[N, 1]`.
    """

    name: str
    dtype: str
    tensor: str
    place: int = 0
    width: int = 0
    flat: bool = False

    @property
    def kind(self) -> Literal["number", "text"]:
        return "text" if self.dtype == "object" else "number"

    @property
    def is_required(self) -> bool:
        """Whether a missing value has no meaning: NaN is one of floats alone, the empty text one of texts."""
        return self.kind == "number" and not self.dtype.startswith("float")


@dataclass(frozen=True, slots=True)
class ForeignSignature:
    """The columns that a graph of others reads, in the order of its inputs."""

    inputs: tuple[ForeignInput, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.inputs)

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that no row may miss."""
        return tuple(one.name for one in self.inputs if one.is_required)

    @property
    def places(self) -> dict[str, tuple[str, int]]:
        """For each column the graph's input that it goes into, and its place there."""
        return {one.name: (one.tensor, one.place) for one in self.inputs}

    def select(self, names: Iterable[str]) -> Self:
        """The signature of some of these columns, in this signature's order."""
        wanted = set(names)
        return type(self)(tuple(one for one in self.inputs if one.name in wanted))

    def using(self, tensors: Mapping[str, Collection[int] | None]) -> Self:
        """The signature of the columns that go into these inputs of the graph, at these places of them."""
        nowhere: frozenset[int] = frozenset()
        wanted = [(one, tensors.get(one.tensor, nowhere)) for one in self.inputs]
        return type(self)(tuple(one for one, places in wanted if places is None or one.place in places))

    def check(self, schema: pa.Schema) -> None:
        """Refuse rows of a schema that cannot be fed without loss.

        Raises:
            SignatureError: Names all columns that are missing; or a column, what it is and what is wanted.
        """
        missing = [name for name in self.names if schema.get_field_index(name) < 0]
        if missing:
            raise SignatureError(
                f"Missing columns: {', '.join(map(repr, missing))}",
                f"The model reads {', '.join(map(repr, self.names))}; the columns given are "
                f"{', '.join(map(repr, schema.names)) or 'none'}.",
                missing=missing,
                given=list(schema.names),
            )
        for one in self.inputs:
            refuse_lossy(one.name, schema.field(one.name).type, one.dtype)

    def feed(self, table: pa.Table) -> dict[str, Fed]:
        """What a runner is fed for the rows of a table.

        Raises:
            SignatureError: As `check`.
            DataError: A value that the model's type does not hold, or a NULL where it knows none.
        """
        self.check(table.schema)
        made: dict[str, Fed] = {}
        for one in self.inputs:
            if not one.width:
                made[one.tensor] = _one_column(one, table)
            elif one.tensor not in made:
                together = [other for other in self.inputs if other.tensor == one.tensor]
                make = _text_columns if one.kind == "text" else _number_columns
                made[one.tensor] = make(together, table)
        return made


def _one_column(one: ForeignInput, table: pa.Table) -> Fed:
    column = table.column(one.name)
    if one.kind == "text":
        return coded_texts(column, flat=one.flat)
    values = cast_column(column, one.name, one.dtype)
    return values if one.flat else values.reshape(-1, 1)


def _number_columns(together: Sequence[ForeignInput], table: pa.Table) -> NDArray[Any]:
    """By columns in memory: that is how they come, and how the tree kernel wants them.

    What no answer depends on stays 0.
    """
    made = np.zeros((together[0].width, table.num_rows), dtype=together[0].dtype)
    for one in together:
        made[one.place] = cast_column(table.column(one.name), one.name, one.dtype)
    return made.T


def _text_columns(together: Sequence[ForeignInput], table: pa.Table) -> CodedColumns:
    """What no answer depends on is an empty text."""
    none = coded_texts(pa.chunked_array([pa.nulls(table.num_rows)]))
    columns = [none] * together[0].width
    for one in together:
        columns[one.place] = coded_texts(table.column(one.name))
    return CodedColumns(tuple(columns))


def graph_inputs(graph: bytes) -> list[Port]:
    """The inputs of a graph.

    Raises:
        FormatError: onnxruntime cannot load it.
        UnsupportedError: An input that no columns can feed.
    """
    inputs, _ = ports(open_session(graph, 1))
    for port in inputs:
        dtype_of(port.kind)
        if len(port.shape) not in (1, 2):
            raise UnsupportedError(
                f"Input '{port.name}' of the model has the shape {_shown(port)}; columns make [N] or [N, k].",
                "Export the model for tabular rows.",
                name=port.name,
            )
    return inputs


def signature_of(graph: bytes, metadata: Mapping[str, str], columns: Sequence[str]) -> ForeignSignature:
    """The columns of a data set that feed a graph: by name, and for an input of several in their order.

    Args:
        graph: A plain graph.
        metadata: What the graph says of itself; see `COLUMNS_KEY`.
        columns: The columns that there are.

    Raises:
        SignatureError: An input of several columns that nobody has named, and another number of columns.
    """
    declared: Mapping[str, Sequence[str]] = json.loads(metadata.get(COLUMNS_KEY, "{}"))
    inputs = graph_inputs(graph)
    single = {_found(port.name, columns) for port in inputs if not _is_wide(port, declared)}
    made: list[ForeignInput] = []
    for port in inputs:
        dtype = str(dtype_of(port.kind))
        if not _is_wide(port, declared):
            flat = len(port.shape) == 1
            made.append(ForeignInput(_found(port.name, columns), dtype, port.name, flat=flat))
            continue
        names = declared.get(port.name) or _in_order(port, [one for one in columns if one not in single])
        made += [
            ForeignInput(_found(name, columns), dtype, port.name, place=at, width=len(names))
            for at, name in enumerate(names)
        ]
    return ForeignSignature(tuple(made))


def _is_wide(port: Port, declared: Mapping[str, Sequence[str]]) -> bool:
    return port.name in declared or (len(port.shape) == 2 and port.shape[1] != 1)


def _found(name: str, columns: Sequence[str]) -> str:
    """The column of that name as it is spelled; case counts only where two differ by it."""
    if name in columns:
        return name
    near = [one for one in columns if one.lower() == name.lower()]
    return near[0] if len(near) == 1 else name


def _in_order(port: Port, columns: Sequence[str]) -> list[str]:
    if port.shape[1] is not None and port.shape[1] != len(columns):
        raise SignatureError(
            f"Input '{port.name}' of the model takes {port.shape[1]} columns in order; {len(columns)} are "
            f"given: {', '.join(columns)}.",
            "Select just these columns in the model's order, or register the model with columns=[...].",
            wanted=port.shape[1],
            given=list(columns),
        )
    return list(columns)


def with_columns(graph: bytes, columns: Sequence[str]) -> bytes:
    """The graph with the names of the columns of its one input of several.

    Raises:
        OptionError: It has none or several such inputs, or takes another number of columns.
    """
    wide = [port for port in graph_inputs(plain(graph).onnx) if _is_wide(port, {})]
    if len(wide) != 1:
        raise OptionError(
            f"columns= names the columns of one input [N, k]; the model has {len(wide)} such inputs.",
            "Leave it out: other inputs are fed by their own names.",
        )
    if wide[0].shape[1] not in (None, len(columns)) or len(set(columns)) != len(columns):
        raise OptionError(
            f"Input '{wide[0].name}' takes {wide[0].shape[1]} columns; columns= names {len(columns)}.",
            "Name each once, in the model's order.",
        )
    model = parse(graph)
    entry = model.metadata_props.add()
    entry.key, entry.value = COLUMNS_KEY, json.dumps({wide[0].name: list(columns)})
    return bytes(model.SerializeToString())


def checked_foreign(model: bytes | str | PathLike[str], columns: Sequence[str] | None) -> bytes:
    """The bytes of an ONNX file that can serve, with the names of its columns where they are said.

    Raises:
        FormatError: No ONNX file, too large, or onnxruntime cannot load it.
        PathRefusedError: Its weights lie outside its folder.
        UnsupportedError: Inputs that no columns feed, or outputs that are not one answer per row.
        OptionError: Columns that do not fit.
    """
    graph = model if isinstance(model, bytes) else read_file(os.fspath(model))
    made = plain(graph)
    inputs = graph_inputs(made.onnx)
    _, outputs = ports(open_session(made.onnx, 1))
    for port in outputs:
        dtype_of(port.kind)
    runner = load_runner(graph, [port.name for port in outputs])
    try:
        answers = runner.run({port.name: blank_rows(port, 3) for port in inputs})
    except DataError:  # it refuses empty texts and zeros, or wants more columns than one
        answers = []
    for name, values in zip(runner.outputs, answers, strict=False):
        if values.shape[:1] != (3,):
            raise UnsupportedError(
                f"Output '{name}' of the model is {values.shape} for 3 rows, not one answer a row.",
                "Export the model without it.",
                name=name,
            )
    return graph if columns is None else with_columns(graph, columns)


def _shown(port: Port) -> str:
    return f"[{', '.join('N' if one is None else str(one) for one in port.shape)}]"
