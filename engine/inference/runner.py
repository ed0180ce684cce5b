"""The seam of all scoring: a graph becomes a runner, and each process keeps it warm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from engine.errors import OptionError, UnsupportedError
from engine.inference.batches import BatchRunner, means_the_same
from engine.inference.graphs import plain, with_open_batch
from engine.inference.reference import ReferenceRunner
from engine.inference.staged import StagedRunner
from engine.inference.wordwise import WordRunner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.inference.coded import Fed
    from engine.inference.ranges import InputRange

Runtime = Literal["auto", "onnxruntime"]
RUNTIMES: tuple[Runtime, ...] = ("auto", "onnxruntime")


class Runner(Protocol):
    """Runs one graph; safe to call from several threads at a time.

    Attributes:
        runtime: What runs the trees: `trees` (the kernel of this package) or `onnxruntime`.
        outputs: The outputs that `run` gives, in their order.
        nodes: Nodes of trees that the kernel holds; 0 where it runs none.
    """

    runtime: str
    outputs: tuple[str, ...]

    @property
    def nodes(self) -> int: ...

    def steps(self, ranges: Sequence[InputRange] = ()) -> int:
        """Comparisons in trees that a row within ranges costs; 0 where the kernel runs none."""

    def within(self, ranges: Sequence[InputRange]) -> Runner:
        """A runner for rows within ranges, its trees cut down: its answers for them are the same."""

    def run(self, feeds: Mapping[str, Fed]) -> list[NDArray[Any]]:
        """Run the graph over rows, on this task's share of the cores.

        The answer for a row depends on that row alone: not on the others, the slices or the threads.

        Args:
            feeds: Input name to array of N rows, N at least 1, or to a coded column of texts. Inputs that no
                answer depends on (`used_inputs`) may be left out.

        Returns:
            One array of N rows per output.

        Raises:
            DataError: The graph refuses a row, such as a category that an encoder with
                `handle_unknown="error"` has not seen.
        """

    def empty(self) -> list[NDArray[Any]]:
        """What the graph would say of no rows: arrays of the declared types and widths."""


def load_runner(
    graph: bytes,
    outputs: Sequence[str],
    runtime: Runtime = "auto",
    ranges: Sequence[InputRange] = (),
) -> Runner:
    """The warm runner of this process for a graph; made when it is first asked for.

    Args:
        graph: An ONNX file.
        outputs: Names of the outputs wanted.
        runtime: `auto` takes the fastest that agrees with onnxruntime, `onnxruntime` the reference.
        ranges: What is known of the inputs: answers hold for rows within, and trees are cut down for them.

    Raises:
        OptionError: No such runtime.
        FormatError: Bytes that onnxruntime cannot load.
        PathRefusedError: The graph keeps weights in other files.
        UnsupportedError: Its inputs want different numbers of rows.
    """
    if runtime not in RUNTIMES:
        raise OptionError(
            f"There is no runtime {runtime!r}.", f"There is: {', '.join(RUNTIMES)}.", name=runtime
        )
    found = tuple(outputs)
    return _within(graph, found, runtime, tuple(ranges)) if ranges else _warm(graph, found, runtime)


@lru_cache(maxsize=8)
def _within(
    graph: bytes, outputs: tuple[str, ...], runtime: Runtime, ranges: tuple[InputRange, ...]
) -> Runner:
    return _warm(graph, outputs, runtime).within(ranges)


@lru_cache(maxsize=16)
def _warm(graph: bytes, outputs: tuple[str, ...], runtime: Runtime) -> Runner:
    given = plain(graph)
    if given.batch is None:
        return _fastest(given.onnx, outputs, runtime)
    steps = BatchRunner(ReferenceRunner(given.onnx, outputs), given.batch)
    opened = with_open_batch(given.onnx)
    return _fastest(opened, outputs, runtime) if means_the_same(opened, steps) else steps


def _fastest(graph: bytes, outputs: tuple[str, ...], runtime: Runtime) -> Runner:
    """The reference runs whatever other runners do not take."""
    if runtime != "auto":
        return ReferenceRunner(graph, outputs)
    try:
        return WordRunner(graph, outputs, _by_trees)
    except UnsupportedError:
        return _by_trees(graph, outputs)


def _by_trees(graph: bytes, outputs: tuple[str, ...]) -> Runner:
    try:
        return StagedRunner(graph, outputs)
    except UnsupportedError:
        return ReferenceRunner(graph, outputs)
