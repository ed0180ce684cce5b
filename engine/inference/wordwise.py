"""The runner of graphs that read texts: what is made of one column alone is made once per distinct text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import TarnError, UnsupportedError
from engine.inference.coded import Coded, column_of
from engine.inference.graphs import inputs_of, parse
from engine.inference.reference import ROWS, ReferenceRunner, open_session, refusing, with_blanks
from engine.inference.tensors import onnx_type_of
from engine.inference.word_proof import holds, probe_words
from engine.inference.words import WordPart, part_graph, without, word_parts
from pools.worker import native_threads

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    from engine.inference.coded import Fed
    from engine.inference.ranges import InputRange
    from engine.inference.runner import Runner

# What parts put out for the rows of a slice: of a vocabulary of 10,000 words a row takes 40 KB.
_SLICE_BYTES = 32 << 20
_LEAST_ROWS = 256


class WordRunner:
    """Asks parts of a graph once for each distinct text, and hands on to the runner of all the rest.

    Args:
        graph: An ONNX file.
        outputs: Names of the outputs wanted.
        make: Makes the runner of the rest, of its graph and outputs.

    Raises:
        UnsupportedError: No part of the graph makes something of one column of texts alone.
    """

    def __init__(
        self, graph: bytes, outputs: Sequence[str], make: Callable[[bytes, tuple[str, ...]], Runner]
    ) -> None:
        self.outputs = tuple(outputs)
        self._whole = ReferenceRunner(graph, outputs)
        model = parse(graph)
        tried = [_Asked.of(model, part) for part in word_parts(model, outputs)]
        self._parts = [one for one in tried if one is not None]
        if not self._parts:
            raise UnsupportedError("Nothing in the graph depends on one column of texts alone.")
        made = {name for one in self._parts for name in one.part.outputs}
        rest = without(model, outputs, [(one.part, one.values) for one in self._parts])
        left = tuple(name for name in outputs if name not in made)
        self._rest = None if rest is None else make(rest, left)
        self.runtime = "onnxruntime" if self._rest is None else self._rest.runtime
        self._reads = () if rest is None else tuple(one.name for one in inputs_of(parse(rest)))
        width = sum(one.width for one in self._parts)
        self._rows = min(ROWS, max(_LEAST_ROWS, _SLICE_BYTES // max(1, width)))

    def run(self, feeds: Mapping[str, Fed]) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.run`."""
        count = len(next(iter(feeds.values())))
        feeds = with_blanks(self._whole.inputs(), feeds)
        slices = [
            self._slice({name: one[start : start + self._rows] for name, one in feeds.items()})
            for start in range(0, count, self._rows)
        ]
        return [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*slices, strict=True)]

    def _slice(self, feeds: Mapping[str, Fed]) -> list[NDArray[Any]]:
        tensors: dict[str, Any] = {}
        for one in self._parts:
            name, place = one.part.column
            tensors |= one.run(column_of(feeds[name], place))
        if self._rest is not None:
            given = {name: tensors[name] if name in tensors else feeds[name] for name in self._reads}
            tensors |= zip(self._rest.outputs, self._rest.run(given), strict=True)
        return [tensors[name] for name in self.outputs]

    @property
    def nodes(self) -> int:
        """See `engine.inference.Runner.nodes`."""
        return 0 if self._rest is None else self._rest.nodes

    def steps(self, ranges: Sequence[InputRange] = ()) -> int:
        """See `engine.inference.Runner.steps`."""
        return 0 if self._rest is None else self._rest.steps(ranges)

    def within(self, ranges: Sequence[InputRange]) -> Runner:
        """See `engine.inference.Runner.within`."""
        made = copy(self)
        made._rest = None if self._rest is None else self._rest.within(ranges)  # noqa: SLF001 - its own copy
        return made

    def empty(self) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.empty`."""
        return self._whole.empty()


@dataclass(slots=True)
class _Asked:
    """A part that was tried, and what it said last: batches of one row group have the same texts."""

    part: WordPart
    graph: bytes
    values: list[onnx.ValueInfoProto]
    width: int
    last: tuple[NDArray[Any], list[NDArray[Any]]] = field(
        default_factory=lambda: (np.empty(0, dtype=object), [])
    )

    @classmethod
    def of(cls, model: onnx.ModelProto, part: WordPart) -> _Asked | None:
        """The part of a graph; None where it does not say of many texts what it says of each."""
        words = probe_words(model, part)
        try:
            made = cls(part, part_graph(model, part), [], 0)
            if not holds(made.ask, words, flat=part.flat):
                return None
            made._declare(next(found for found in (made._asked(word) for word in words) if found))
        except TarnError:
            return None
        return made

    def run(self, column: Coded) -> dict[str, NDArray[Any]]:
        """What the part makes of each row."""
        here = column.compact()
        values, made = self.last
        if len(values) != len(here.values) or not (values == here.values).all():
            texts = here.values if self.part.flat else here.values.reshape(-1, 1)
            made = self.ask(texts)
            self.last = here.values, made
        return dict(zip(self.part.outputs, (one.take(here.codes, axis=0) for one in made), strict=True))

    def ask(self, texts: NDArray[Any]) -> list[NDArray[Any]]:
        """What the part makes of each text.

        Raises:
            DataError: It refuses one.
        """
        return refusing(
            open_session(self.graph, native_threads()), self.part.outputs, {self.part.word: texts}
        )

    def _asked(self, word: str) -> list[NDArray[Any]]:
        try:
            return self.ask(np.array([word] if self.part.flat else [[word]], dtype=object))
        except TarnError:
            return []

    def _declare(self, found: Sequence[NDArray[Any]]) -> None:
        """Write down what goes on from here: types, and the shape of a row."""
        from onnx import helper

        kinds = {one.name: one.type for one in open_session(self.graph, 1).get_outputs()}
        for name, one in zip(self.part.outputs, found, strict=True):
            shape = ["rows", *one.shape[1:]]
            self.values.append(helper.make_tensor_value_info(name, onnx_type_of(kinds[name]), shape))
            self.width += int(one[0].nbytes) if one.dtype.kind != "O" else 64 * one[0:1].size
