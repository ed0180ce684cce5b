"""A scoring job in the hands of its user."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from typing import TYPE_CHECKING

from engine.errors import JobCancelledError, JobStoppedError, OptionError, TarnError
from engine.events import silent
from engine.lake import open_table
from engine.ml.scoring import manifest as journal
from engine.ml.scoring.drive import Watch, drive
from engine.ml.scoring.history import existing
from engine.ml.scoring.load import Loaded
from engine.ml.scoring.plan import check_limit
from engine.ml.scoring.result import JobStatus, Report, Scored
from engine.ml.scoring.shadow import ShadowReport, summed
from engine.ml.scoring.store import JobStore, job_names
from engine.ml.scoring.tables import BAD_ROWS, DISAGREEMENTS
from engine.progress import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.events import Emit
    from engine.lake import Storage, Table
    from engine.ml.scoring.manifest import Manifest
    from pools import Pool


class ScoringJob:
    """A scoring: running, ended, or left behind by a process that was killed.

    Made by `pool.score`, `pool.resume` and `ws.jobs`.

    Args:
        storage: The workspace's files.
        job: Its name.
        pool: Where it runs; None to look only.
        emit: Where events go.
        progress: Show a bar while it runs.
    """

    def __init__(
        self,
        storage: Storage,
        job: str,
        pool: Pool | None = None,
        *,
        emit: Emit = silent,
        progress: bool = False,
    ) -> None:
        self.id = job
        self.spec = JobStore(storage, job).spec()
        self._storage, self._pool, self._emit, self._progress = storage, pool, emit, progress
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._ended = True
        self._known: Manifest | None = None
        self._when_over: list[Callable[[BaseException | None], None]] = []
        self._began = self._seconds = 0.0
        self._rows_before = 0

    # What it does

    def start(self) -> None:
        """Run, or go on, in the background. Does nothing while it runs or when it is finished."""
        with self._lock:
            if self.running or self._manifest().state == "finished":
                return
            if self._pool is None:
                raise OptionError(
                    f"Job {self.id} has no pool to run on.", f"Call pool.resume({self.id!r}).", job=self.id
                )
            self._cancel.clear()
            self._error, self._ended = None, False
            here = copy_context()  # its stages belong to the run that it was begun in
            self._thread = threading.Thread(
                target=here.run, args=(self._run,), name=f"tarn-{self.id}", daemon=True
            )
            self._thread.start()

    def resume(self, *, max_bad_fraction: float | str | None = "as it is", wait: bool = True) -> ScoringJob:
        """Go on where it stopped: what is scored stays scored.

        Args:
            max_bad_fraction: Another limit of bad rows.
            wait: Return when it is finished; False returns at once.

        Raises:
            JobStoppedError: It stopped again.
        """
        limit = self._manifest().limit if isinstance(max_bad_fraction, str) else max_bad_fraction
        check_limit(limit)
        if not self.running and self._manifest().state != "finished":
            store = JobStore(self._storage, self.id)
            store.manifest(0, None)  # its next line is the journal's next
            store.append(journal.resumed(limit))
            self._known = None
        self.start()
        if wait:
            self.wait()
        return self

    def cancel(self) -> None:
        """Stop: parts that are being scored are finished and kept, the others are not begun.

        Returns when it has stopped; `resume` goes on. Does nothing where it does not run.
        """
        self._cancel.set()
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Wait for its end.

        Raises:
            JobStoppedError: It stopped before; the error of a worker is its cause.
        """
        thread = self._thread
        if thread is not None:
            try:
                while thread.is_alive():
                    thread.join(0.5)  # an interrupt of the user is heard between two
            except BaseException:
                self.cancel()
                raise
        if isinstance(self._error, JobStoppedError):
            raise self._stopped(type(self._error), self._error.message, **self._error.data) from None
        if self._error is not None:
            if isinstance(self._error, TarnError):
                self._error.data.setdefault("job", self.id)
            raise self._error

    def discard(self) -> None:
        """Forget the job and remove what it has written; the table stays as it is.

        Raises:
            OptionError: It is finished, and its table goes by what it wrote; or it runs.
        """
        if self.running or self._manifest().state == "finished":
            raise OptionError(f"Job {self.id} is {self.status().state}.", "Only a stopped job is discarded.")
        from engine.lake import abort_write, begin_write

        for what, schema in Loaded.of(self._storage, self.id).scorers.tables().items():
            table = existing(self._storage, self.spec.targets[what].table)
            mode = "create" if table is None else "append"
            abort_write(
                begin_write(
                    self._storage, self.spec.targets[what].table, mode=mode, schema=schema, job=self.id
                )
            )
        JobStore(self._storage, self.id).discard()

    # What it is like

    @property
    def running(self) -> bool:
        """Whether it runs in this process."""
        return self._thread is not None and self._thread.is_alive()

    def when_over(self, call: Callable[[BaseException | None], None]) -> None:
        """Call when it has ended, at once if it has, with what it raised; on the thread that it ran on."""
        with self._lock:
            if not self._ended:
                self._when_over.append(call)
                return
        call(self._error)

    def status(self) -> JobStatus:
        """How far it is."""
        known, running = self._manifest(), self.running
        rows, bad = known.total("rows"), known.total("bad")
        made, seconds = known.pace
        if running:
            made, seconds = rows - self._rows_before, time.perf_counter() - self._began
        rate = made / seconds if seconds else 0.0
        left = None
        if running and rate and self.spec.rows is not None:
            left = max(0.0, (self.spec.rows - rows - bad) / rate)
        state = "running" if running else "interrupted" if known.state == "open" else str(known.state)
        return JobStatus(
            state,
            known.parts,
            len(known.done),
            rows,
            self.spec.rows,
            bad,
            seconds,
            rate,
            left,
            known.reason,
        )

    def result(self) -> Scored:
        """What it gave; waits for its end.

        Raises:
            JobStoppedError: It has stopped before its end.
        """
        self.wait()
        known = self._manifest()
        if known.state != "finished":
            kind = JobCancelledError if known.state == "cancelled" else JobStoppedError
            raise self._stopped(kind, known.reason or "it was interrupted")
        spec, store = self.spec, JobStore(self._storage, self.id)
        parts, schema, _ = store.plan()
        shadow = None
        if spec.shadow is not None:
            shadow = ShadowReport(str(spec.shadow), summed(entry["tally"] for entry in known.done.values()))
        cut = [entry["steps"] for entry in known.done.values() if entry.get("steps")]
        return Scored(
            table=open_table(self._storage, spec.into, known.version),
            model=store.model(spec.model, "model.onnx"),
            rows=known.total("rows"),
            bad_rows=known.total("bad"),
            seconds=self._seconds or known.pace[1],
            report=Report(
                columns=spec.reads,
                left_out=tuple(name for name in schema.names if name not in spec.reads),
                units=sum(len(units) for units in parts),
                skipped=spec.skipped[0],
                skipped_rows=spec.skipped[1],
                bytes_read=spec.fetched,
                bytes_stored=spec.stored,
                runtime=spec.runtime,
                cut=len(cut),
                steps=(sum(left for left, _ in cut) / len(cut), cut[0][1]) if cut else (0.0, 0),
            ),
            bad_table=existing(self._storage, spec.targets[BAD_ROWS].table),
            shadow=shadow,
            disagreements=self._disagreements(),
            before=known.total("rows") - known.pace[0],
        )

    def _disagreements(self) -> Table | None:
        target = self.spec.targets.get(DISAGREEMENTS)
        return None if target is None else existing(self._storage, target.table)

    @property
    def table(self) -> Table:
        """The table of scores, as `result` has it."""
        return self.result().table

    def __repr__(self) -> str:
        spec = self.spec
        return f"ScoringJob({self.id!r}, {spec.model} over {spec.source} into {spec.into}: {self.status()})"

    def _repr_html_(self) -> str:
        from html import escape

        spec = self.spec
        lines = {"model": str(spec.model), "source": str(spec.source), "into": spec.into}
        cells = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td>{escape(value)}</td></tr>"
            for name, value in (lines | self.status().lines()).items()
        )
        return f"<p>Scoring <b>{escape(self.id)}</b></p><table>{cells}</table>"

    # How it is done

    def _stopped(self, kind: type[JobStoppedError], reason: str, **data: object) -> JobStoppedError:
        hint = (
            f"What is scored is kept: pool.resume({self.id!r}) goes on, with another max_bad_fraction= too."
        )
        return kind(f"Job {self.id} stopped: {reason}", hint, **{**data, "job": self.id})

    def _manifest(self) -> Manifest:
        """What is known; of a job that runs elsewhere, as its journal tells now."""
        known = self._known
        if known is None or not self.running:
            store = JobStore(self._storage, self.id)
            known = self._known = store.manifest(store.part_count(), self.spec.limit)
        return known

    def _run(self) -> None:
        self._began = time.perf_counter()
        try:
            loaded = Loaded.of(self._storage, self.id)
            known = loaded.store.manifest(len(loaded.parts), self.spec.limit)
            self._rows_before = known.total("rows")
            self._known = self._drive(loaded, known)
            if self._known.state == "cancelled":
                raise JobCancelledError(self._known.reason)
        except BaseException as error:  # noqa: BLE001 - it is raised where the job is waited for
            self._error = error
        finally:
            self._seconds = time.perf_counter() - self._began
            with self._lock:
                told, self._when_over = self._when_over, []
                self._ended = True
            for call in told:
                call(self._error)

    def _drive(self, loaded: Loaded, known: Manifest) -> Manifest:
        assert self._pool is not None
        total = self.spec.rows if self.spec.rows is not None else len(loaded.parts)
        self._known = known
        with show(f"score into {self.spec.into}", total, visible=self._progress) as bar:
            reached = 0

            def on_part(found: Manifest) -> None:
                nonlocal reached
                self._known = found
                units = (
                    found.total("rows") + found.total("bad")
                    if self.spec.rows is not None
                    else len(found.done)
                )
                bar.advance(units - reached, note=f"{self.status().rows_per_second:,.0f} rows/s")
                reached = units

            if known.done:
                on_part(known)
            return drive(self._pool, loaded, known, Watch(on_part, self._cancel.is_set, self._emit))


def all_jobs(storage: Storage) -> tuple[ScoringJob, ...]:
    """Every scoring of a workspace, newest first; `pool.resume(job.id)` goes on with one."""
    return tuple(ScoringJob(storage, name) for name in reversed(job_names(storage)))
