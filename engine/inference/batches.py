"""Graphs that take a fixed number of rows: fed so many at a time, or opened where that means the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import TarnError
from engine.inference.graphs import ports
from engine.inference.proof import agree
from engine.inference.reference import ReferenceRunner, open_session
from engine.inference.tensors import dtype_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.inference.coded import Fed
    from engine.inference.graphs import Port
    from engine.inference.ranges import InputRange


class BatchRunner:
    """Feeds a graph `size` rows at a time; the last ones are filled up with rows of the same.

    Args:
        inner: Runs the graph.
        size: The rows that it takes.
    """

    def __init__(self, inner: ReferenceRunner, size: int) -> None:
        self.inner = inner
        self.size = size
        self.outputs = inner.outputs
        self.runtime = inner.runtime
        self.nodes = inner.nodes

    def run(self, feeds: Mapping[str, Fed]) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.run`."""
        count = len(next(iter(feeds.values())))
        parts = []
        for start in range(0, count, self.size):
            rows = np.minimum(np.arange(start, start + self.size), count - 1)
            parts.append(self.inner.run({name: values[rows] for name, values in feeds.items()}))
        return [np.concatenate(column)[:count] for column in zip(*parts, strict=True)]

    def steps(self, ranges: Sequence[InputRange] = ()) -> int:  # noqa: ARG002
        """See `engine.inference.Runner.steps`."""
        return 0

    def within(self, ranges: Sequence[InputRange]) -> BatchRunner:  # noqa: ARG002
        """See `engine.inference.Runner.within`."""
        return self

    def empty(self) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.empty`."""
        return self.inner.empty()


def means_the_same(opened: bytes, steps: BatchRunner) -> bool:
    """Whether a graph with its first dimensions opened says of many rows what the given one says of few."""
    random = np.random.default_rng(0)
    try:
        inputs, _ = ports(open_session(opened, 1))
        feeds = {port.name: _any_rows(port, 3 * steps.size + 5, random) for port in inputs}
        return agree(ReferenceRunner(opened, steps.outputs).run(feeds), steps.run(feeds))
    except TarnError:
        return False  # it does not even run: a shape within the graph is fixed too


def _any_rows(port: Port, count: int, random: np.random.Generator) -> NDArray[Any]:
    shape = (count, *(size or 1 for size in port.shape[1:]))
    kind = dtype_of(port.kind)
    if kind.kind == "O":
        return random.choice(np.array(["", "a", "b"], dtype=object), shape)
    if kind.kind == "f":
        return (random.normal(size=shape) * 10).astype(kind)
    return random.integers(0, 2, shape).astype(kind)
