"""The runner of graphs with trees: onnxruntime around them, the kernel for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError, UnsupportedError
from engine.inference.attributes import read_ensemble
from engine.inference.coded import dense
from engine.inference.columns import Columns
from engine.inference.graphs import Port, parse, ports
from engine.inference.proof import agree, alone, probe
from engine.inference.pruning import prune, settles, spans, steps
from engine.inference.ranges import InputRange, Origin, feature_ranges, origins_of
from engine.inference.reference import ROWS, ReferenceRunner, open_session, refusing, with_blanks
from engine.inference.stages import Joined, Part, Trees, cut, part_model
from engine.inference.tensors import dtype_of, onnx_type_of
from engine.inference.trees import TreeKernel
from pools.worker import native_threads

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    from engine.inference.coded import Fed
    from engine.inference.ensemble import Ensemble

Tensors = dict[str, Any]


class StagedRunner:
    """Runs a graph stage by stage, slice by slice.

    Args:
        graph: An ONNX file.
        outputs: Names of the outputs wanted.

    Raises:
        UnsupportedError: The graph has no trees, or some that the kernel does not take or does not get right.
    """

    runtime = "trees"

    def __init__(self, graph: bytes, outputs: Sequence[str]) -> None:
        self.outputs = tuple(outputs)
        self._whole = ReferenceRunner(graph, outputs)
        model = parse(graph)
        self._stages = _Builder(model, open_session(graph, 1)).build(cut(model, outputs))
        if not any(isinstance(stage, _TreeStage) for stage in self._stages):
            raise UnsupportedError("The graph has no trees.", "onnxruntime runs it.")

    def run(self, feeds: Mapping[str, Fed]) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.run`."""
        threads = native_threads()
        count = len(next(iter(feeds.values())))
        feeds = with_blanks(self._whole.inputs(), dense(feeds))
        slices = []
        for start in range(0, count, ROWS):
            tensors: Tensors = {name: values[start : start + ROWS] for name, values in feeds.items()}
            for stage in self._stages:
                stage.run(tensors, threads)
            slices.append([tensors[name] for name in self.outputs])
        return [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*slices, strict=True)]

    @property
    def nodes(self) -> int:
        """The nodes of all trees that a row may reach."""
        return sum(stage.kernel.nodes for stage in self._stages if isinstance(stage, _TreeStage))

    def steps(self, ranges: Sequence[InputRange] = ()) -> int:
        """See `engine.inference.Runner.steps`."""
        if not ranges:
            return self._steps
        cut = [(stage, stage.pruned(ranges)) for stage in self._stages if isinstance(stage, _TreeStage)]
        if all(ensemble is stage.ensemble for stage, ensemble in cut):
            return self._steps
        return sum(steps(ensemble) for _, ensemble in cut)

    @cached_property
    def _steps(self) -> int:
        return sum(steps(stage.ensemble) for stage in self._stages if isinstance(stage, _TreeStage))

    def within(self, ranges: Sequence[InputRange]) -> StagedRunner:
        """See `engine.inference.Runner.within`: all but the trees is shared with this one."""
        made = copy(self)
        made._stages = [  # noqa: SLF001 - a copy of this very class
            replace(stage, kernel=TreeKernel(stage.pruned(ranges)))
            if isinstance(stage, _TreeStage)
            else stage
            for stage in self._stages
        ]
        return made

    def empty(self) -> list[NDArray[Any]]:
        """See `engine.inference.Runner.empty`."""
        return self._whole.empty()


@dataclass(frozen=True, slots=True)
class _PartStage:
    graph: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def run(self, tensors: Tensors, threads: int) -> None:
        session = open_session(self.graph, threads)
        made = refusing(session, self.outputs, {name: tensors[name] for name in self.inputs})
        tensors |= zip(self.outputs, made, strict=True)


@dataclass(frozen=True, slots=True)
class _JoinStage:
    """Columns stay where they are until the kernel takes them, portion by portion."""

    inputs: tuple[str, ...]
    output: str

    def run(self, tensors: Tensors, threads: int) -> None:  # noqa: ARG002 - nothing is copied here
        tensors[self.output] = Columns([tensors[name] for name in self.inputs])


@dataclass(frozen=True, slots=True)
class _TreeStage:
    kernel: TreeKernel
    input: str
    outputs: tuple[str, ...]
    ensemble: Ensemble
    origins: tuple[Origin, ...]
    spans: NDArray[np.float64]

    def pruned(self, ranges: Sequence[InputRange]) -> Ensemble:
        """The trees for rows within ranges; the very ones that there are where nothing can be cut."""
        known = feature_ranges(self.ensemble.split.dtype, self.origins, ranges)
        return prune(self.ensemble, known) if settles(self.spans, known) else self.ensemble

    def run(self, tensors: Tensors, threads: int) -> None:
        matrix = tensors[self.input]
        if matrix.ndim != 2 or matrix.shape[1] < self.kernel.features:
            raise DataError(
                f"The model's trees ask {self.kernel.features} features; they are given {matrix.shape}.",
                "Feed every column that the model was trained on.",
            )
        tensors |= zip(self.outputs, self.kernel.run(matrix, threads), strict=False)


class _Builder:
    """Makes stages that run, keeping track of what type the tensors between them have."""

    def __init__(self, model: onnx.ModelProto, session: Any) -> None:
        self.model = model
        self.origins = origins_of(model)
        inputs, _ = ports(session)
        self.ports: dict[str, Port] = {port.name: port for port in inputs}

    def build(self, stages: Sequence[Part | Joined | Trees]) -> list[_PartStage | _JoinStage | _TreeStage]:
        return [self._stage(stage) for stage in stages]

    def _stage(self, stage: Part | Joined | Trees) -> _PartStage | _JoinStage | _TreeStage:
        if isinstance(stage, Part):
            types = {name: onnx_type_of(self.ports[name].kind) for name in stage.inputs}
            graph = part_model(self.model, stage, types)
            _, outputs = ports(open_session(graph, 1))
            self.ports |= {port.name: port for port in outputs}
            return _PartStage(graph, stage.inputs, stage.outputs)
        if isinstance(stage, Joined):
            first = self.ports[stage.inputs[0]]
            self.ports[stage.output] = Port(stage.output, first.kind, (None, None))
            return _JoinStage(stage.inputs, stage.output)
        return self._trees(stage)

    def _trees(self, stage: Trees) -> _TreeStage:
        kind = dtype_of(self.ports[stage.input].kind)
        ensemble = read_ensemble(stage.node, float64=kind == np.float64)
        kernel = TreeKernel(ensemble)
        columns = max(ensemble.features, default=0) + 1
        matrix = probe(ensemble, columns, kind)
        graph = alone(self.model, stage.node, columns, onnx_type_of(self.ports[stage.input].kind))
        # A session of its own: nothing keeps it, and one thread adds up in the order of the trees.
        session = open_session.__wrapped__(graph, 1)
        theirs = refusing(session, [f"out{at}" for at in range(len(stage.outputs))], {"matrix": matrix})
        if not agree(kernel.run(matrix), theirs):
            raise UnsupportedError(
                f"The kernel and onnxruntime differ on '{stage.node.name}'.", "onnxruntime runs such a model."
            )
        _, outputs = ports(session)
        for name, port in zip(stage.outputs, outputs, strict=True):
            self.ports[name] = Port(name, port.kind, (None,) * len(port.shape))
        return _TreeStage(
            kernel,
            stage.input,
            stage.outputs,
            ensemble,
            self.origins.get(stage.node.input[0], ()),
            spans(ensemble),
        )
