"""Scoring is a scan: each partition is scored where it lies, one commit at the end shows all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from engine.lake import Partition, Readable, Reader, write_frame, write_table
from engine.lake.frames import schema_of_frame
from engine.ml.scoring.scorer import Scorer, scorer_for

if TYPE_CHECKING:
    import dask.dataframe as dd

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
class Scoring:
    """What is to be scored, checked before anything is read."""

    source: Readable | dd.DataFrame
    model: Model
    scorer: Scorer

    @classmethod
    def of(cls, model: Model, source: Readable | dd.DataFrame, keep: Sequence[str]) -> Self:
        """See `scorer_for` for what it refuses."""
        schema = source.schema if isinstance(source, Readable) else schema_of_frame(source)
        return cls(source, model, scorer_for(model, keep, schema))

    @property
    def parts(self) -> int:
        """Parts that will be written."""
        if isinstance(self.source, Readable):
            return len(self.source.source().partitions)
        return int(self.source.npartitions)


def score(
    pool: Pool,
    storage: Storage,
    scoring: Scoring,
    *,
    into: str,
    mode: str,
    on_part: Callable[[], None],
) -> Scored:
    """Run a scoring and commit it; a killed worker's partitions are scored again, and count once."""
    started = time.perf_counter()
    model, scorer = scoring.model, scoring.scorer
    metadata = {"model": model.name, "model_version": model.version, "model_digest": model.digest}
    if isinstance(scoring.source, Readable):
        scan = scoring.source.source()
        schema = scorer(scan.schema.empty_table().select(scorer.reads)).schema
        table = write_table(
            storage,
            into,
            scan.partitions,
            make=_ScorePartition(scan.reader, scorer),
            runner=pool,
            mode=mode,
            schema=schema,
            metadata=metadata,
            on_part=on_part,
            label="score",
        )
    else:
        frame = scoring.source[scorer.reads]
        table = write_frame(
            storage,
            frame,
            into=into,
            runner=pool,
            make=scorer,
            mode=mode,
            metadata=metadata,
            on_part=on_part,
        )
    return Scored(table, model, table.count(), time.perf_counter() - started)


@dataclass(frozen=True)
class _ScorePartition:
    reader: Reader
    scorer: Scorer

    def __call__(self, partition: Partition) -> pa.Table:
        return self.scorer(self.reader.read(partition, self.scorer.reads))
