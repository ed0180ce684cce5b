"""Run a job on a pool: parts that are missing are scored, each is written down, one commit shows them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import JobStoppedError
from engine.events import BadRows, PartitionScored, ScoringFinished, ScoringStarted, ScoringStopped
from engine.lake import TableWriter, WrittenPart, abort_write, begin_write, commit_write
from engine.lake.publish import remove_tree
from engine.ml.scoring import manifest as journal
from engine.ml.scoring.frames import FrameTasks
from engine.ml.scoring.limits import allowance, excess
from engine.ml.scoring.manifest import Manifest, after
from engine.ml.scoring.outcome import files_of
from engine.ml.scoring.packing import heaviest_first
from engine.ml.scoring.tables import SCORES
from engine.ml.scoring.work import Part, ScorePart, Work

if TYPE_CHECKING:
    from engine.events import Emit
    from engine.ml.scoring.load import Loaded
    from engine.ml.scoring.outcome import Outcome
    from pools import Pool


@dataclass
class Watch:
    """Who looks on, and may stop a job.

    Attributes:
        on_part: Called after each part, with the manifest so far.
        cancelled: Asked between parts.
        emit: Where events go.
    """

    on_part: Callable[[Manifest], None]
    cancelled: Callable[[], bool]
    emit: Emit


def drive(pool: Pool, job: Loaded, known: Manifest, watch: Watch) -> Manifest:
    """Score what is missing and commit.

    Whatever ends this - a kill too - the parts that are in the journal are not scored again.

    Args:
        pool: Where it runs.
        job: What runs.
        known: What the journal tells so far.
        watch: Who looks on.

    Returns:
        The manifest at the end: `finished`, or `cancelled`.

    Raises:
        JobStoppedError: Too many bad rows; nothing is published, and the job can be resumed.
        Exception: What a worker raised; the job can be resumed.
    """
    started = time.perf_counter()
    _tell_start(job, known, watch)
    try:
        writers = _writers(job)
        found = _scored(pool, job, known, writers, watch)
        if found.missing:  # nothing but a cancel leaves some
            return _ended(job, known, found, journal.cancelled(), watch, started)
        _refuse_excess(job, found, ended=True)
        version = _commit(job, found, writers)
    except BaseException as error:
        found = job.store.manifest(len(job.parts), known.limit)
        reason = error.message if isinstance(error, JobStoppedError) else f"{type(error).__name__}: {error}"
        _ended(job, known, found, journal.stopped(reason), watch, started)
        raise
    seconds = time.perf_counter() - started
    entry = journal.timed(journal.finished(version), found.total("rows") - known.total("rows"), seconds)
    job.store.append(entry)
    done = after(found, entry)
    if job.spec.spool:
        remove_tree(job.store.storage, job.store.storage.resolve(job.spec.spool))
    watch.emit(
        ScoringFinished(
            job.spec.id,
            done.total("rows"),
            seconds,
            done.total("bad"),
            job.spec.fetched,
            version,
        )
    )
    return done


def _ended(
    job: Loaded, known: Manifest, found: Manifest, entry: journal.Entry, watch: Watch, started: float
) -> Manifest:
    seconds = time.perf_counter() - started
    entry = journal.timed(entry, found.total("rows") - known.total("rows"), seconds)
    job.store.append(entry)
    ended = after(found, entry)
    watch.emit(ScoringStopped(job.spec.id, ended.reason, len(found.done), found.total("rows"), seconds))
    return ended


def _tell_start(job: Loaded, known: Manifest, watch: Watch) -> None:
    spec, spread = job.spec, job.model.spread
    watch.emit(
        ScoringStarted(
            spec.id,
            spec.model.name,
            spec.model.version,
            spec.source,
            spec.into,
            len(known.missing),
            spec.rows,
            len(known.done),
            edges=() if spread is None else spread.edges,
            training=() if spread is None else spread.training,
        )
    )


def _writers(job: Loaded) -> dict[str, TableWriter]:
    """The writer of each table; a job that is resumed takes up its own."""
    writers = {
        what: begin_write(
            job.store.storage,
            job.spec.targets[what].table,
            mode=job.spec.targets[what].mode,
            schema=schema,
            job=job.spec.id,
            base=job.spec.targets[what].base if job.spec.targets[what].mode == "overwrite" else None,
        )
        for what, schema in job.scorers.tables().items()
    }
    return {**writers, SCORES: replace(writers[SCORES], hints=job.scorers.columns.hints)}


def _scored(
    pool: Pool, job: Loaded, known: Manifest, writers: Mapping[str, TableWriter], watch: Watch
) -> Manifest:
    work = Work(
        scorer=job.scorers.champion,
        columns=job.scorers.columns,
        writers=writers,
        reads=job.scorers.reads,
        schema=job.schema,
        reader=job.reader,
        challenger=job.scorers.challenger,
        contest=job.scorers.contest,
        most_bad=allowance(known.limit, job.spec.rows),
        spread=job.model.spread,
    )
    found = known
    outcomes = _outcomes(pool, job, known, work)
    try:
        for outcome in outcomes:
            entry = journal.scored(outcome.part, outcome.to_json())
            job.store.append(entry)
            found = after(found, entry)
            _tell_part(job, outcome, watch)
            watch.on_part(found)
            _refuse_excess(job, found, ended=False)
            if watch.cancelled():
                break
    finally:
        outcomes.close()
    return found


def _outcomes(pool: Pool, job: Loaded, known: Manifest, work: Work) -> Generator[Outcome]:
    """What became of each missing part, as it is done."""
    weights = [unit.weight for part in job.parts for unit in part]
    starts = [0]
    for units in job.parts:
        starts.append(starts[-1] + len(units))
    positions = [tuple(range(starts[at], starts[at + 1])) for at in range(len(job.parts))]
    missing = set(known.missing)
    order = [at for at in heaviest_first(positions, weights) if at in missing]
    parts = [Part(at, job.parts[at]) for at in order]
    if job.spec.kind == "frame":
        yield from FrameTasks(pool, job.store.blob("frame.pickle"), work).run(parts)
        return
    for _, outcome in pool.stream(ScorePart(), parts, label="score", common=work):
        yield outcome


def _refuse_excess(job: Loaded, found: Manifest, *, ended: bool) -> None:
    rows, good, bad = job.spec.rows, found.total("rows"), found.total("bad")
    wrong = excess(found.limit, rows, good, bad, ended=ended)
    if wrong:
        raise JobStoppedError(wrong, bad=bad, rows=good + bad)


def _tell_part(job: Loaded, outcome: Outcome, watch: Watch) -> None:
    units = job.parts[outcome.part]
    name = units[0].file if len(units) == 1 else f"{units[0].file} and {len(units) - 1} more"
    for column, reason, times, file, row, value in outcome.reasons:
        sample = {"file": file, "row": str(row), "value": "" if value is None else value}
        watch.emit(BadRows(job.spec.id, file, times, reason, column, sample))
    watch.emit(
        PartitionScored(
            job.spec.id,
            name,
            outcome.rows,
            outcome.seconds,
            0 if job.spec.kind == "frame" else sum(unit.weight for unit in units),
            outcome.bad,
            outcome.worker,
            outcome.histogram,
        )
    )


def _commit(job: Loaded, found: Manifest, writers: Mapping[str, TableWriter]) -> int | None:
    """Publish the side tables, then the scores; each of them once, however often this runs.

    The scores come last: whoever sees them finds what belongs to them.
    """
    spec, version = job.spec, None
    told = {
        "job": spec.id,
        "model": spec.model.name,
        "model_version": spec.model.version,
        "model_digest": spec.model.digest,
        "source": spec.source,
    }
    for what in sorted(writers, key=lambda one: one == SCORES):
        writer, target = writers[what], spec.targets[what]
        parts = [
            WrittenPart(part, job.scorers.tables()[what], files_of(found.done[part], what))
            for part in sorted(found.done)
        ]
        if _changes(what, target.mode, parts, target.removed):
            version = commit_write(writer, parts, metadata=told, removed=target.removed)
        else:
            abort_write(writer)
            version = None
    return version


def _changes(what: str, mode: str, parts: list[WrittenPart], removed: tuple[str, ...]) -> bool:
    """Whether a commit would change a table: one of no scores makes it, one of no bad rows does not."""
    if any(part.files for part in parts) or removed:
        return True
    return mode == "overwrite" or (mode == "create" and what == SCORES)
