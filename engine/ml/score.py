"""Scoring is a scan: each partition is scored where it lies, one commit at the end shows all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import OptionError
from engine.flow import Flow, frame_schema, write_flow
from engine.inference import load_runner
from engine.lake import Readable
from engine.ml.outputs import output_columns
from engine.prep import Signature, feed
from engine.prep.inputs import check

if TYPE_CHECKING:
    import dask.dataframe as dd
    from numpy.typing import NDArray

    from engine.lake import Storage, Table
    from engine.ml.model import Model
    from pools import Pool


@dataclass(frozen=True)
class Scored:
    """A finished scoring.

    Attributes:
        table: Where the scores are, at the version that this scoring committed.
        model: What scored.
        rows: Rows scored, every row of the source.
        seconds: Wall time, the commit included.
    """

    table: Table
    model: Model
    rows: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    def __repr__(self) -> str:
        return (
            f"Scored({self.rows:,} rows into {self.table.name} by {self.model.name} version "
            f"{self.model.version}, {self.seconds:.1f} s, {self.rows_per_second:,.0f} rows/s)"
        )


@dataclass(frozen=True)
class Scorer:
    """Makes a table of scores from a table of raw rows; travels to the workers.

    Attributes:
        graph: The model's ONNX file.
        signature: The raw columns that it reads.
        outputs: The graph's outputs that are wanted.
        classes: Class values, where the model knows classes.
        keep: Raw columns that stand beside the scores.
    """

    graph: bytes = field(repr=False)
    signature: Signature
    outputs: tuple[str, ...]
    classes: tuple[object, ...]
    keep: tuple[str, ...]

    @property
    def reads(self) -> list[str]:
        """Columns of the source that are needed, each once."""
        return list(dict.fromkeys([*self.keep, *self.signature.names]))

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Kept columns, then the outputs, row for row."""
        kept = {name: rows.column(name) for name in self.keep}
        made = self._score(rows) if rows.num_rows else self.answers()
        return pa.table({**kept, **made})

    def answers(self) -> dict[str, pa.Array]:
        """The columns that scoring adds, without rows."""
        return self._named(load_runner(self.graph, self.outputs).empty())

    def _score(self, rows: pa.Table) -> dict[str, pa.Array]:
        return self._named(load_runner(self.graph, self.outputs).run(feed(rows, self.signature)))

    def _named(self, answers: Sequence[NDArray[Any]]) -> dict[str, pa.Array]:
        return output_columns(dict(zip(self.outputs, answers, strict=True)), self.classes)


def scorer_for(model: Model, keep: Sequence[str], schema: pa.Schema) -> Scorer:
    """The scorer of a model over rows of a schema, checked before anything is read.

    Raises:
        SignatureError: Columns are missing or of another kind than the model reads.
        OptionError: A kept column that is not there, or has the name of a score.
    """
    check(schema, model.signature)
    label = model.label
    outputs = {"regression": ("score",), "binary": ("score", "label")}.get(
        label["kind"], ("label", "probabilities")
    )
    scorer = Scorer(model.onnx, model.signature, outputs, tuple(label.get("classes") or ()), tuple(keep))
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


def score_flow(model: Model, source: Readable | dd.DataFrame, keep: Sequence[str]) -> Flow:
    """The scoring of a source as rows on their way; see `scorer_for` for what it refuses."""
    schema = source.schema if isinstance(source, Readable) else frame_schema(source)
    scorer = scorer_for(model, keep, schema)
    made = scorer(schema.empty_table().select(scorer.reads)).schema
    return Flow(source, scorer, scorer.reads, made)


def score(
    pool: Pool,
    storage: Storage,
    model: Model,
    flow: Flow,
    *,
    into: str,
    mode: str,
    on_part: Callable[[], None],
) -> Scored:
    """Run a scoring and commit it; a killed worker's partitions are scored again, and count once."""
    started = time.perf_counter()
    metadata = {"model": model.name, "model_version": model.version, "model_digest": model.digest}
    table, rows = write_flow(
        pool, storage, flow, into=into, mode=mode, label="score", metadata=metadata, on_part=on_part
    )
    return Scored(table, model, rows, time.perf_counter() - started)
