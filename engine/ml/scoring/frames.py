"""Score a Dask DataFrame: each partition where Dask computes it, in the task that follows."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from distributed import as_completed

from engine.ml.scoring.sources import chosen, frame_batches
from engine.ml.scoring.work import Part, PartScoring, Work, batch_rows
from pools.worker import count

if TYPE_CHECKING:
    import pandas as pd

    from engine.ml.scoring.outcome import Outcome
    from pools import Pool


class FrameTasks:
    """The tasks that score a frame.

    Args:
        pool: Where they run.
        frame: The frame, pickled.
        work: What they have in common.
    """

    def __init__(self, pool: Pool, frame: bytes, work: Work) -> None:
        self.pool, self.work = pool, work
        self.frame = pickle.loads(frame)  # noqa: S301 the workspace's own file

    def run(self, parts: Sequence[Part]) -> Iterator[Outcome]:
        """One graph for all parts, so that each partition is computed, scored and let go before the next."""
        import dask

        # Else Dask may merge partitions, and their numbers would mean other rows.
        with dask.config.set({"optimization.tune.active": False}):
            pieces = chosen(self.frame, self.work.reads).to_delayed()
        # One node of the graph for all tasks: a model of megabytes travels once per worker.
        score = dask.delayed(_ScoreFrame(self.work), pure=False)
        name = f"score-{uuid.uuid4().hex}"
        tasks = [
            score(pieces[part.units[0].number], part, dask_key_name=(name, part.number)) for part in parts
        ]
        futures = self.pool.client.compute(tasks)
        try:
            for future in as_completed(futures, loop=self.pool.client.loop):
                [outcome] = self.pool.gather([future])
                future.release()
                yield outcome
        finally:
            for future in futures:
                future.release()


class _ScoreFrame:
    def __init__(self, work: Work) -> None:
        self.work = work

    def __call__(self, frame: pd.DataFrame, part: Part) -> Outcome:
        # What Dask fetched for it is not known; of what it computed this much is read.
        count(bytes_read=int(frame.memory_usage(index=False).sum()))
        return PartScoring(part.number, self.work).run(self._batches(frame, part), waits=False)

    def _batches(self, frame: pd.DataFrame, part: Part) -> Iterator[Any]:
        schema = pa.schema([self.work.schema.field(name) for name in self.work.reads])
        for batch, bad in frame_batches(frame, schema, batch_rows(schema)):
            yield part.units[0].file, batch, bad
