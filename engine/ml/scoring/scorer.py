"""What makes a table of scores from a table of raw rows: the kernel of both the job and SQL's PREDICT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import OptionError
from engine.inference import InputRange, Runner, Runtime, load_runner, used_inputs
from engine.ml.outputs import output_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.ml.foreign import ForeignSignature
    from engine.ml.model import Model
    from engine.prep import Signature


@dataclass(frozen=True)
class Scorer:
    """Makes a table of scores from a table of raw rows; travels to the workers.

    Attributes:
        graph: The model's ONNX file.
        signature: The raw columns that it reads.
        outputs: The graph's outputs that are wanted.
        classes: For outputs with a column per class, the classes.
        keep: Raw columns that stand beside the scores.
        runtime: What runs the graph.
        ranges: What is known of all rows: the trees are cut down for it.
    """

    graph: bytes = field(repr=False)
    signature: Signature | ForeignSignature
    outputs: tuple[str, ...]
    classes: Mapping[str, Sequence[object]]
    keep: tuple[str, ...]
    runtime: Runtime = "auto"
    ranges: tuple[InputRange, ...] = ()

    @property
    def reads(self) -> list[str]:
        """Columns of the source that are needed, each once."""
        return list(dict.fromkeys([*self.keep, *self.signature.names]))

    @property
    def narrowed(self) -> list[str]:
        """Columns of numbers that the graph is fed as float32."""
        return [spec.name for spec in self.signature.inputs if spec.kind == "number"]

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Kept columns, then the outputs, row for row."""
        kept = {name: rows.column(name) for name in self.keep}
        made = self._score(rows) if rows.num_rows else self._named(self._runner().empty())
        return pa.table({**kept, **made})

    def answers(self) -> dict[str, pa.Array]:
        """The columns that scoring adds, without rows; whoever only asks for them loads no kernel."""
        return self._named(load_runner(self.graph, self.outputs, "onnxruntime").empty())

    def _score(self, rows: pa.Table) -> dict[str, pa.Array]:
        return self._named(self._runner().run(self.signature.feed(rows)))

    def _runner(self) -> Runner:
        return load_runner(self.graph, self.outputs, self.runtime, self.ranges)

    def _named(self, answers: Sequence[NDArray[Any]]) -> dict[str, pa.Array]:
        return output_columns(dict(zip(self.outputs, answers, strict=True)), self.classes)


def scorer_for(model: Model, keep: Sequence[str], schema: pa.Schema, runtime: Runtime = "auto") -> Scorer:
    """The scorer of a model over rows of a schema, checked before anything is read.

    Raises:
        SignatureError: Columns are missing or of another kind than the model reads.
        OptionError: A kept column that is not there, or has the name of a score.
    """
    signature = model.signature_for(_feeding(schema, keep))
    signature.check(schema)
    # A column that no tree splits on is not read. Where none matters all are: something must count the rows.
    used = signature.using(used_inputs(model.onnx, model.outputs))
    signature = used if used.inputs else signature
    scorer = Scorer(model.onnx, signature, model.outputs, model.classes, tuple(keep), runtime)
    missing = [name for name in keep if name not in schema.names]
    if missing:
        raise OptionError(
            f"keep= names {', '.join(map(repr, missing))}, which the source does not have.",
            f"It has: {', '.join(schema.names)}.",
            columns=tuple(missing),
        )
    taken = sorted(set(keep) & set(scorer.answers()))
    if taken:
        raise OptionError(
            f"Column '{taken[0]}' of the source has the name of a score.",
            "Leave it out of keep=, or rename it.",
            columns=tuple(taken),
        )
    return scorer


def _feeding(schema: pa.Schema, keep: Sequence[str]) -> list[str]:
    """The columns that may feed a model in their order: those that are not there to be kept."""
    kept = set(keep)
    return [name for name in schema.names if name not in kept]
