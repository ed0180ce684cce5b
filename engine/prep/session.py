"""Warm onnxruntime sessions: one per process and graph, for they do not pickle and take long to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pools.worker import native_threads

if TYPE_CHECKING:
    import numpy as np

# Rows of one run: above 4,000 the speed hardly changes (143 to 152 krow/s from 4k to 20k rows), and a
# slice of this length keeps the intermediate tensors of a wide preparation to a few tens of megabytes.
ROWS = 65_536


@lru_cache(maxsize=16)
def open_session(graph: bytes, threads: int) -> Any:
    """The warm session of this process for a graph, with this many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would burn the cores of the other tasks of this worker between two runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what goes wrong is raised; it need not stand on stderr as well
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run_graph(
    graph: bytes, outputs: Sequence[str], rows: Mapping[str, np.ndarray[Any, Any]]
) -> list[np.ndarray[Any, Any]]:
    """Run a graph over rows, slice by slice, on this task's share of the cores.

    Args:
        graph: An ONNX file.
        outputs: Names of the outputs wanted.
        rows: Input name to array `[N, 1]`, N at least 1.

    Returns:
        One array of N rows per output.

    Raises:
        DataError: The graph refuses a row, such as a category that an encoder with `handle_unknown="error"`
            has not seen.
    """
    import numpy as np

    session = open_session(graph, native_threads())
    count = len(next(iter(rows.values())))
    slices = [
        _refusing(session, outputs, {name: values[start : start + ROWS] for name, values in rows.items()})
        for start in range(0, count, ROWS)
    ]
    return [np.concatenate(column) if len(column) > 1 else column[0] for column in zip(*slices, strict=True)]


def empty_outputs(graph: bytes, outputs: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """What a graph would say of no rows: its outputs by name, of the declared types and widths."""
    import numpy as np

    dtypes = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(string)": object}
    declared = {output.name: output for output in open_session(graph, 1).get_outputs()}
    return {name: np.empty((0, *declared[name].shape[1:]), dtypes[declared[name].type]) for name in outputs}


def _refusing(session: Any, outputs: Sequence[str], rows: dict[str, Any]) -> list[Any]:
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

    from engine.errors import DataError

    try:
        return list(session.run(list(outputs), rows))
    except (Fail, InvalidArgument, RuntimeException) as problem:
        text = str(problem).strip().splitlines()[0]
        raise DataError(
            f"The model refuses a row: {text}",
            "The node's name says which column holds an unseen category; handle_unknown='ignore' accepts it.",
        ) from problem
