"""onnxruntime sessions for the gate: opening, feeding and running them, and cutting a model at its matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from engine.errors import ModelError, SignatureError

Rows = Mapping[str, NDArray[Any]]
# onnxruntime's exceptions have no common root of their own; this module of theirs holds them all.
_FAILURES = tuple(
    value for value in vars(ort_state).values() if isinstance(value, type) and issubclass(value, Exception)
)
_DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": np.object_}


class Session:
    """An onnxruntime session on the CPU that answers by name and fails with our errors.

    Args:
        model: The bytes of an ONNX model.
        threads: Threads within an operator.

    Raises:
        ModelError: onnxruntime does not load the model.
    """

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # failures arrive as exceptions
        # Spinning threads burn a core after every run.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except _FAILURES as error:
            raise ModelError(
                f"onnxruntime {ort.__version__} does not load the model: {_first_line(error)}",
                "Export it again with the versions installed here.",
            ) from error
        self.inputs: dict[str, type[Any]] = {
            value.name: _input_dtype(value.name, value.type) for value in self._session.get_inputs()
        }
        self.outputs: list[str] = [value.name for value in self._session.get_outputs()]

    def run(self, feeds: Rows) -> dict[str, NDArray[Any]]:
        """Answer for rows that are already fed as the graph wants them.

        Raises:
            ModelError: onnxruntime fails on them.
        """
        try:
            answers = self._session.run(self.outputs, dict(feeds))
        except _FAILURES as error:
            raise ModelError(
                f"onnxruntime fails on these rows: {_first_line(error)}", "Look at the values of the rows."
            ) from error
        return dict(zip(self.outputs, answers, strict=True))

    def feeds(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Rows as the graph wants them: [N, 1] of each input's type; columns it does not read are left out.

        Raises:
            SignatureError: A column is missing, has another length, or does not convert.
        """
        missing = sorted(set(self.inputs) - set(rows))
        if missing:
            raise SignatureError(
                f"The rows lack the columns {missing}.", f"Give {sorted(self.inputs)}.", missing=missing
            )
        fed = {name: _column(name, rows[name], dtype) for name, dtype in self.inputs.items()}
        lengths = {name: len(column) for name, column in fed.items()}
        if len(set(lengths.values())) > 1:
            raise SignatureError(f"The columns have different lengths: {lengths}.", "Give whole rows.")
        return fed


def cut_at_matrix(model: bytes, matrix: str) -> bytes:
    """The model behind its value `matrix` float32 [N, d], which becomes its only input.

    Raises:
        ModelError: No node makes that value, or the outputs do not depend on it alone.
    """
    whole = onnx.load_from_string(model)
    makers = {name: node for node in whole.graph.node for name in node.output}
    constants = {constant.name for constant in whole.graph.initializer}
    wanted, needed = [output.name for output in whole.graph.output], set()
    while wanted:
        name = wanted.pop()
        if not name or name == matrix or name in constants or name in needed:
            continue
        if name not in makers:
            raise ModelError(
                f"The outputs do not depend on {matrix!r} alone, but on {name!r} too.",
                "Build the model with build_graph.",
            )
        needed.update(makers[name].output)
        wanted.extend(makers[name].input)
    nodes = [node for node in whole.graph.node if needed.intersection(node.output)]
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info(matrix, TensorProto.FLOAT, ["N", None])],
        whole.graph.output,
        [constant for constant in whole.graph.initializer if constant.name in used],
    )
    cut = helper.make_model(graph, opset_imports=whole.opset_import, ir_version=whole.ir_version)
    return bytes(cut.SerializeToString())


def _input_dtype(name: str, kind: str) -> type[Any]:
    try:
        return _DTYPES[kind]
    except KeyError:
        raise ModelError(
            f"Input {name!r} is a {kind}; raw columns are {', '.join(_DTYPES)}.",
            "Cast it within the preparation.",
        ) from None


def _column(name: str, values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    column = np.asarray(values)
    if column.shape not in ((len(column),), (len(column), 1)):
        raise SignatureError(f"Column {name!r} has the shape {column.shape}.", "Give [N] or [N, 1].")
    if dtype is np.object_:
        texts = column.astype(object).reshape(-1, 1)
        if not all(isinstance(text, str) for text in texts[:, 0]):
            raise SignatureError(f"Column {name!r} holds other values than strings.", "Write missing as ''.")
        return texts
    if not np.can_cast(column.dtype, dtype, casting="same_kind"):
        raise SignatureError(
            f"Column {name!r} holds {column.dtype}, the graph reads {np.dtype(dtype)}.",
            "Convert the column first.",
        )
    return column.astype(dtype).reshape(-1, 1)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
