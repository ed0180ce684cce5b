"""The reference runner: onnxruntime runs the whole graph.

Sessions do not pickle and take long to load, so each process keeps one per graph and number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import DataError, FormatError
from engine.inference.coded import dense
from engine.inference.graphs import ports
from engine.inference.tensors import dtype_of
from pools.worker import native_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.inference.coded import Fed
    from engine.inference.graphs import Port
    from engine.inference.ranges import InputRange

# Rows of one run: above 4,000 the speed hardly changes (143 to 152 krow/s from 4k to 20k rows), and a
# slice of this length keeps the intermediate tensors of a wide preparation to a few tens of megabytes.
ROWS = 65_536


@lru_cache(maxsize=16)
def open_session(graph: bytes, threads: int) -> Any:
    """The warm session of this process for a graph, with this many threads.

    Raises:
        FormatError: onnxruntime cannot load the graph.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would burn the cores of the other tasks of this worker between two runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what goes wrong is raised; it need not stand on stderr as well
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as problem:
        raise FormatError(
            f"onnxruntime cannot load the model: {str(problem).strip().splitlines()[0]}",
            f"It reads opsets to 26, ai.onnx.ml to 5 and IR to 13 (onnxruntime {onnxruntime.__version__}).",
        ) from problem


class ReferenceRunner:
    """Runs a graph in onnxruntime, slice by slice.

    Args:
        graph: An ONNX file.
        outputs: Names of the outputs wanted.
    """

    runtime = "onnxruntime"
    nodes = 0

    def __init__(self, graph: bytes, outputs: Sequence[str]) -> None:
        self.graph = graph
        self.outputs = tuple(outputs)
        self._inputs: list[Port] | None = None

    def run(self, feeds: Mapping[str, Fed]) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.run`."""
        import numpy as np

        session = open_session(self.graph, native_threads())
        count = len(next(iter(feeds.values())))
        feeds = with_blanks(self.inputs(), dense(feeds))
        slices = [
            refusing(
                session,
                self.outputs,
                {name: values[start : start + ROWS] for name, values in feeds.items()},
            )
            for start in range(0, count, ROWS)
        ]
        return [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*slices, strict=True)]

    def inputs(self) -> list[Port]:
        """What the graph takes."""
        if self._inputs is None:
            self._inputs = ports(open_session(self.graph, native_threads()))[0]
        return self._inputs

    def steps(self, ranges: Sequence[InputRange] = ()) -> int:  # noqa: ARG002
        """See `engine.inference.Runner.steps`."""
        return 0

    def within(self, ranges: Sequence[InputRange]) -> ReferenceRunner:  # noqa: ARG002
        """See `engine.inference.Runner.within`."""
        return self

    def empty(self) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.empty`.

        What a row gives counts more than what the file declares: converters write `[None, 1]` for forests of
        several targets. A graph that refuses a blank row is taken at its word.
        """
        import numpy as np

        inputs, outputs = ports(open_session(self.graph, 1))
        try:
            return [values[:0] for values in self.run({port.name: blank_rows(port, 1) for port in inputs})]
        except DataError:
            declared = [next(port for port in outputs if port.name == name) for name in self.outputs]
            widths = [tuple(size for size in port.shape[1:] if size is not None) for port in declared]
            if any(len(width) < len(port.shape) - 1 for width, port in zip(widths, declared, strict=True)):
                raise
        return [
            np.empty((0, *width), dtype_of(port.kind)) for width, port in zip(widths, declared, strict=True)
        ]


def with_blanks(inputs: Sequence[Port], feeds: Mapping[str, Any]) -> Mapping[str, Any]:
    """The feeds, and rows of zeros for inputs that are not fed because no answer depends on them."""
    count = len(next(iter(feeds.values())))
    blank = [port for port in inputs if port.name not in feeds]
    return {**feeds, **{port.name: blank_rows(port, count) for port in blank}} if blank else feeds


def blank_rows(port: Port, count: int) -> NDArray[Any]:
    """Rows of zeros, or of empty texts, for an input."""
    import numpy as np

    kind = dtype_of(port.kind)
    shape = (count, *(size or 1 for size in port.shape[1:]))
    return np.full(shape, "", dtype=object) if kind.kind == "O" else np.zeros(shape, dtype=kind)


def refusing(session: Any, outputs: Sequence[str], rows: Mapping[str, Any]) -> list[Any]:
    """Run a session; what it refuses becomes a `DataError` that says what to do."""
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

    try:
        return list(session.run(list(outputs), dict(rows)))
    except (Fail, InvalidArgument, RuntimeException) as problem:
        text = str(problem).strip().splitlines()[0]
        raise DataError(
            f"The model refuses a row: {text}",
            "The node's name says which column holds an unseen category; handle_unknown='ignore' accepts it.",
        ) from problem
