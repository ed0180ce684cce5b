"""What a worker does for a part: read, score and write its units, batch by batch."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.errors import JobStoppedError
from engine.lake.batches import read_batches
from engine.ml.scoring.cutting import cut_down
from engine.ml.scoring.outcome import Outcome
from engine.ml.scoring.pipeline import overlap
from engine.ml.scoring.rows import in_shadow, score_rows
from engine.ml.scoring.shadow import Tally
from engine.ml.scoring.tables import BAD_ROWS, DISAGREEMENTS, SCORES, bad_table
from engine.ml.scoring.units import Unit, joined
from pools.worker import address, count, native_threads

if TYPE_CHECKING:
    from engine.lake import Reader, TableWriter, WrittenFile
    from engine.lake.salvage import BadRow, RowBatch
    from engine.ml.scoring.cutting import Steps
    from engine.ml.scoring.scorer import Scorer
    from engine.ml.scoring.shadow import Contest
    from engine.ml.scoring.tables import Columns
    from engine.ml.spread import Spread

# A batch is this much decoded input, and at most so many rows: large enough that a call costs nothing, small
# enough that few megabytes are in flight. measured: 28 columns of floats take 118 ns a row to decode in
# batches of 56,000 rows, 102 ns in batches of 125,000.
_BATCH_BYTES = 16 << 20
_MOST_ROWS = 1 << 17
_LEAST_ROWS = 1 << 10
# A row group of the scores; what is held of them until it is written.
_GROUP_BYTES = 16 << 20
# Rows of a side table that are held until they are written.
_SIDE_ROWS = 1 << 16


@dataclass(frozen=True)
class Work:
    """What all parts of a job have in common; sent to each worker once.

    Attributes:
        scorer: The champion.
        columns: What the table of scores has.
        writers: The writer of each table.
        reads: Columns of the source that are read.
        schema: All columns of the source.
        reader: Of the source's files; None for a Dask DataFrame.
        challenger: Scores in the shadow.
        contest: What of both is compared.
        most_bad: Bad rows of a part after which the job is over its limit whatever the others hold.
        spread: The bins that scores are counted in.
    """

    scorer: Scorer
    columns: Columns
    writers: Mapping[str, TableWriter]
    reads: tuple[str, ...]
    schema: pa.Schema
    reader: Reader | None = None
    challenger: Scorer | None = field(default=None, repr=False)
    contest: Contest | None = None
    most_bad: int | None = None
    spread: Spread | None = None

    @property
    def coded(self) -> tuple[str, ...]:
        """Columns that are wanted for models alone, which take texts by their distinct values."""
        return tuple(name for name in self.reads if name not in self.columns.keep)


@dataclass(frozen=True, slots=True)
class Part:
    """Units that one task scores and writes into one file."""

    number: int
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    scores: pa.Table
    rows: int


class ScorePart:
    """Runs on a worker; see `Pool.stream` with `common`."""

    def __call__(self, part: Part, work: Work) -> Outcome:
        assert work.reader is not None
        units = [unit.partition for unit in part.units if unit.partition is not None]
        scorer, steps = cut_down(work.scorer, work.reader.storage, units, work.schema)
        challenger = work.challenger
        if challenger is not None:
            challenger, _ = cut_down(challenger, work.reader.storage, units, work.schema)
        scoring = PartScoring(part.number, replace(work, scorer=scorer, challenger=challenger), steps)
        outcome = scoring.run(_read(part, work), waits=_is_remote(work))
        count(bytes_read=sum(unit.weight for unit in part.units))
        return outcome


def _is_remote(work: Work) -> bool:
    return work.reader is not None and work.reader.storage.home.protocol != "file"


def batch_rows(schema: pa.Schema) -> int:
    """Rows of a batch of these columns."""
    width = sum(kind.bit_width // 8 + 1 if _is_fixed(kind) else 32 for kind in schema.types)
    return min(_MOST_ROWS, max(_LEAST_ROWS, _BATCH_BYTES // max(1, width)))


def _is_fixed(kind: pa.DataType) -> bool:
    try:
        return bool(kind.bit_width >= 0)
    except ValueError:
        return False


_Read = tuple[str, "RowBatch | None", "Sequence[BadRow]"]


def _read(part: Part, work: Work) -> Iterator[_Read]:
    """File and rows of each batch, in order; and the rows that cannot be read."""
    assert work.reader is not None
    schema = pa.schema([work.schema.field(name) for name in work.reads])
    rows = batch_rows(schema)
    for unit in joined(part.units):
        assert unit.partition is not None
        bad: list[BadRow] = []
        for batch in read_batches(
            work.reader, unit.partition, work.reads, rows=rows, on_bad=bad.extend, coded=work.coded
        ):
            taken, bad[:] = list(bad), []
            yield unit.file, batch, taken
        if bad:
            yield unit.file, None, bad


class PartScoring:
    """One part on its way."""

    def __init__(self, part: int, work: Work, steps: Steps | None = None) -> None:
        self.part, self.work, self.steps = part, work, steps
        self.lock = threading.Lock()
        self.files: dict[str, list[WrittenFile]] = {name: [] for name in work.writers}
        self.bad: list[tuple[str, BadRow]] = []
        self.differing: list[pa.Table] = []
        self.tally = Tally()
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.samples: dict[tuple[str, str], tuple[str, BadRow]] = {}
        self.counted = Counter[str]()
        bins = 0 if work.spread is None else len(work.spread.training)
        self.histogram = np.zeros(bins, np.int64)

    def run(self, batches: Iterator[_Read], *, waits: bool) -> Outcome:
        started = time.perf_counter()
        made = overlap(batches, self._step, threads=native_threads(), waits=waits)
        written = self.work.writers[SCORES].write(self._groups(made), self.part)
        self.files[SCORES] += written.files
        self._flush(0)
        count(rows_read=self.counted["rows"] + self.counted["bad"])
        return Outcome(
            part=self.part,
            rows=self.counted["rows"],
            bad=self.counted["bad"],
            seconds=time.perf_counter() - started,
            files={name: tuple(files) for name, files in self.files.items()},
            tally=self.tally if self.work.challenger is not None else None,
            reasons=tuple(
                (column, reason, times, *_sample(self.samples[column, reason]))
                for (column, reason), times in self.reasons.most_common(5)
            ),
            steps=self.steps,
            worker=address(),
            histogram=tuple(self.histogram.tolist()),
        )

    def _step(self, read: _Read) -> _Made:
        file, batch, unread = read
        columns = self.work.columns
        if batch is None:
            self._note(file, unread)
            return _Made(columns.empty, 0)
        scored = score_rows(self.work.scorer, batch)
        self._note(file, [*unread, *scored.bad])
        if self.work.spread is not None:
            counts = self.work.spread.count(scored.answers)
            with self.lock:
                self.histogram += counts
        if self.work.challenger is not None and self.work.contest is not None and len(scored.rows):
            tally, theirs, places = in_shadow(self.work.challenger, scored, self.work.contest)
            taken = pa.array(places)
            table = columns.disagreements(
                file, scored.answers.take(taken), theirs, scored.rows.rows[np.asarray(places)]
            )
            with self.lock:
                self.tally = self.tally.plus(tally)
                if len(table):
                    self.differing.append(table)
        return _Made(columns.scores(file, scored.answers), len(scored.rows))

    def _note(self, file: str, bad: Sequence[BadRow]) -> None:
        with self.lock:
            self.counted["bad"] += len(bad)
            for row in bad:
                kind = (row.column or "", row.reason)
                if kind in self.samples or len(self.samples) < 100:
                    self.samples.setdefault(kind, (file, row))
                    self.reasons[kind] += 1
                self.bad.append((file, row))
            over = self.work.most_bad is not None and self.counted["bad"] > self.work.most_bad
        if over:
            raise too_many(self.counted["bad"], self.bad)

    def _groups(self, made: Iterator[_Made]) -> Iterator[pa.Table]:
        """The scores in row groups of the table."""
        held: list[pa.Table] = []
        size = 0
        for one in made:
            self.counted["rows"] += one.rows
            if one.rows:
                held.append(one.scores)
            size += one.scores.nbytes
            if size >= _GROUP_BYTES:
                yield pa.concat_tables(held).unify_dictionaries()
                held, size = [], 0
            self._flush(_SIDE_ROWS)
        if held:
            yield pa.concat_tables(held).unify_dictionaries()

    def _flush(self, above: int) -> None:
        """Write the side tables' rows, if there are more than so many."""
        with self.lock:
            bad, self.bad = (self.bad, []) if len(self.bad) > above else ([], self.bad)
            many = sum(len(table) for table in self.differing) > above
            differing, self.differing = (self.differing, []) if many else ([], self.differing)
        if bad:
            rows = bad_table(sorted(bad, key=lambda one: (one[0], one[1].row)), self.work.columns.version)
            self.files[BAD_ROWS] += self.work.writers[BAD_ROWS].write(rows, self.part).files
        if differing:
            table = pa.concat_tables(differing)
            order = [(name, "ascending") for name in self.work.columns.address]
            written = self.work.writers[DISAGREEMENTS].write(table.sort_by(order), self.part)
            self.files[DISAGREEMENTS] += written.files


def _sample(found: tuple[str, BadRow]) -> tuple[str, int, str | None]:
    file, row = found
    return file, row.row, row.value


def too_many(bad: int, rows: Sequence[tuple[str, BadRow]]) -> JobStoppedError:
    file, row = rows[-1] if rows else ("", None)
    where = (
        "" if row is None else f"; one is row {row.row} of {file}, {row.column or 'the row'}: {row.reason}"
    )
    return JobStoppedError(f"{bad} bad rows{where}", bad=bad)
