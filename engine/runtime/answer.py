"""The rows of a query, on the workers that computed them until somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.runtime.bound import Held
from engine.runtime.output import Report, TaskFacts, rows_of

if TYPE_CHECKING:
    import pandas as pd
    from dask.dataframe import DataFrame

    from engine.runtime.tasks import Tasks

_BATCH_ROWS = 1 << 16
# What travels at a time when a large result is fetched; two of these are in the client's hands at most.
_BATCH_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What one step did.

    Attributes:
        name: The step's name in the plan.
        move: What became of its rows: `Shuffle`, `Broadcast`, `Gather`, `Trim`, `Keep` or `Return`.
        tasks: What each of its tasks did.
    """

    name: str
    move: str
    tasks: tuple[TaskFacts, ...]

    @property
    def rows(self) -> int:
        return sum(task.rows for task in self.tasks)

    @property
    def bytes(self) -> int:
        return sum(task.bytes for task in self.tasks)

    @property
    def seconds(self) -> float:
        """Until the slowest task was done, waiting for workers aside."""
        return max(task.seconds for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result. As long as it is held, its rows are: on their workers, and computed again if these are lost.

    Attributes:
        tasks: Where the rows are.
        parts: A future of each part's `Output`, in the order of the rows.
        reports: What is known of each part.
        steps: What each step of the plan did.
    """

    tasks: Tasks
    parts: tuple[Any, ...]
    reports: tuple[Report, ...]
    steps: tuple[StepFacts, ...]

    @property
    def schema(self) -> pa.Schema:
        """The columns, in types that other libraries know; names may repeat."""
        return self.reports[0].schema

    @property
    def num_rows(self) -> int:
        return sum(one.facts.rows for one in self.reports)

    def to_arrow(self) -> pa.Table:
        """All rows, exact in every type."""
        return pa.concat_tables(self._tables())

    def to_pandas(self) -> pd.DataFrame:
        """All rows, of the dtypes that `engine.lake.frames` tells.

        Raises:
            DataError: Integers beyond 2**53 in a column with nulls.
        """
        from engine.lake.frames import to_frame

        return to_frame(self.to_arrow(), self._null_free())

    def to_dask(self) -> DataFrame:
        """A Dask DataFrame of the parts where they lie; it keeps them there."""
        import dask.dataframe as dd

        from engine.lake.frames import to_frame

        null_free = self._null_free()
        meta = to_frame(self.schema.empty_table(), null_free)
        frames = [self.tasks.submit(frame_of, part, null_free, label="sql-frame") for part in self.parts]
        return dd.from_delayed(frames, meta=meta, verify_meta=False)

    def fetch_batches(self, rows: int = _BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The rows in order, in batches of at most `rows`; the workers cut them, one ahead of the reader."""
        for at, one in enumerate(self.reports):
            if one.table is not None:
                yield from one.table.to_batches(max_chunksize=rows)
            else:
                yield from self._cut(at, rows)

    def _cut(self, at: int, rows: int) -> Iterator[pa.RecordBatch]:
        facts = self.reports[at].facts
        size = max(1, min(rows, int(_BATCH_BYTES * facts.rows / max(facts.bytes, 1))))
        coming: Any = None
        for start in range(0, facts.rows, size):
            following = self.tasks.submit(slice_of, self.parts[at], start, size, label="sql-batch")
            if coming is not None:
                yield from self.tasks.gather([coming])[0].to_batches(max_chunksize=rows)
            coming = following
        if coming is not None:
            yield from self.tasks.gather([coming])[0].to_batches(max_chunksize=rows)

    def held(self) -> Held:
        """The rows as a table's, for the next query."""
        return Held(self.parts, self.schema, self.num_rows)

    def _null_free(self) -> frozenset[str]:
        """Names of columns without a null; of columns of one name all must be free."""
        free = frozenset.intersection(*(one.null_free for one in self.reports))
        names = self.schema.names
        return frozenset(names) - {name for at, name in enumerate(names) if at not in free}

    def _tables(self) -> list[pa.Table]:
        """All parts; those that did not come with their reports in one round trip."""
        missing = [at for at, one in enumerate(self.reports) if one.table is None]
        fetched = dict(zip(missing, self.tasks.gather([self.parts[at] for at in missing]), strict=True))
        return [
            rows_of(fetched[at]) if one.table is None else one.table for at, one in enumerate(self.reports)
        ]


def answer_of(tasks: Tasks, table: pa.Table) -> Answer:
    """Rows that are here already, as an answer."""
    null_free = frozenset(at for at, column in enumerate(table.columns) if not column.null_count)
    report = part_report(table.schema, len(table), int(table.nbytes), null_free, table)
    return answer_of_parts(tasks, [table], [report])


def answer_of_parts(tasks: Tasks, parts: Sequence[Any], reports: Sequence[Report]) -> Answer:
    """Rows that tasks give, as an answer: futures of tables, and what is known of each."""
    step = StepFacts("result", "Return", tuple(one.facts for one in reports))
    return Answer(tasks, tuple(parts), tuple(reports), (step,))


def part_report(
    schema: pa.Schema, rows: int, size: int, null_free: frozenset[int], table: pa.Table | None = None
) -> Report:
    """What is known of a part that no fragment made."""
    return Report(TaskFacts(0, "", rows, size, 0.0, 0, 0), schema, null_free, table)


def frame_of(part: Any, null_free: frozenset[str]) -> pd.DataFrame:
    """A part as a frame; what a Dask task runs."""
    from engine.lake.frames import to_frame

    return to_frame(rows_of(part), null_free)


def slice_of(part: Any, start: int, rows: int) -> pa.Table:
    """Some rows of a part. Runs on the worker that has it; what travels is these rows alone."""
    return rows_of(part).slice(start, rows)


def frame_of_nothing() -> DataFrame:
    """A Dask DataFrame without columns and rows: what a statement that answers nothing gives."""
    import dask.dataframe as dd
    import pandas as pd

    return dd.from_pandas(pd.DataFrame(), npartitions=1)
