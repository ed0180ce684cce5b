"""What a scoring gave, and how far one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.lake import Table
    from engine.ml.model import Model
    from engine.ml.scoring.shadow import ShadowReport

# Columns that a line names.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Report:
    """What a scoring read and what it could leave out.

    Attributes:
        columns: Columns of the source that were read.
        left_out: Columns that were not.
        units: Row groups, ranges of text files or partitions of a frame that were scored.
        skipped: Those whose scores were in the table already.
        skipped_rows: Their rows, as far as known.
        bytes_read: Bytes of the columns that were read; 0 where it is not known (a Dask DataFrame).
        bytes_stored: Bytes of all columns of the same row groups.
        runtime: What was to run the graph.
        cut: Parts whose trees were cut down by the statistics of their row groups.
        steps: Comparisons in trees for a row, on the average of those parts; and what the whole trees take.
    """

    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    units: int
    skipped: int
    skipped_rows: int
    bytes_read: int
    bytes_stored: int
    runtime: str
    cut: int = 0
    steps: tuple[float, int] = (0.0, 0)

    def __str__(self) -> str:
        named, more = self.left_out[:_NAMED], len(self.left_out) - _NAMED
        left = f" (left out: {', '.join(named)}{f' and {more} more' if more > 0 else ''})" if named else ""
        trees = ""
        if self.cut:
            few, whole = self.steps
            trees = f"; trees cut down in {self.cut} parts to {few:,.0f} of {whole:,} comparisons a row"
        return (
            f"read {len(self.columns)} of {len(self.columns) + len(self.left_out)} columns{left}, "
            f"{self.bytes_read:,} of {self.bytes_stored:,} bytes of {self.units} row groups; "
            f"{self.skipped} were scored before ({self.skipped_rows:,} rows){trees}"
        )


@dataclass(frozen=True)
class Scored:
    """A finished scoring.

    Attributes:
        table: Where the scores are, at the version that this scoring committed.
        model: What scored.
        rows: Rows scored now; those that were scored before do not count.
        bad_rows: Rows that could not be scored.
        seconds: Wall time, the commit included; of a job that was resumed, of its last run.
        report: What was read and what was not.
        bad_table: The table of the bad rows; None if there is none.
        shadow: How the challenger did; None without one.
        disagreements: The rows on which both models disagree; None where there is no such table.
        before: Those of the rows that were scored before the job was resumed.
    """

    table: Table
    model: Model
    rows: int
    bad_rows: int
    seconds: float
    report: Report
    bad_table: Table | None = None
    shadow: ShadowReport | None = None
    disagreements: Table | None = None
    before: int = 0

    @property
    def rows_per_second(self) -> float:
        """Of the last run."""
        return (self.rows - self.before) / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        made = f"{self.rows:,} rows into {self.table.name} version {self.table.version}"
        by = f"{self.model.name} version {self.model.version}"
        lines = [
            f"{made} by {by}, {self.seconds:.1f} s, {self.rows_per_second:,.0f} rows/s{self._resumed}",
            str(self.report),
        ]
        if self.bad_rows and self.bad_table is not None:
            lines.append(f"{self.bad_rows:,} bad rows in {self.bad_table.name}")
        if self.shadow is not None:
            lines.append(str(self.shadow))
        return "\n".join(lines)

    __repr__ = __str__

    @property
    def _resumed(self) -> str:
        return f" ({self.before:,} rows were scored before it was resumed)" if self.before else ""

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is.

    Attributes:
        state: `running`, `stopped`, `cancelled`, `finished`; `interrupted` if its process ended before.
        parts: Parts in all.
        done: Parts that are scored.
        rows: Rows that are scored.
        total: Rows in all, as far as known.
        bad_rows: Rows that could not be scored.
        seconds: Of the run that goes on here, else of the last one; 0 where that was killed.
        rows_per_second: Of the same run.
        eta: Seconds to its end; None where there is nothing to tell it by.
        reason: Why it stopped.
    """

    state: str
    parts: int
    done: int
    rows: int
    total: int | None
    bad_rows: int
    seconds: float = 0.0
    rows_per_second: float = 0.0
    eta: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        total = "" if self.total is None else f" of {self.total:,}"
        eta = "" if self.eta is None else f", about {self.eta:.0f} s left"
        why = f": {self.reason}" if self.reason else ""
        rate = f", {self.rows_per_second:,.0f} rows/s" if self.seconds else ""
        return (
            f"{self.state}{why}, {self.done} of {self.parts} parts, {self.rows:,}{total} rows, "
            f"{self.bad_rows:,} bad{rate}{eta}"
        )

    def lines(self) -> dict[str, str]:
        """The same for people, by what each figure is."""
        said = {"state": self.state, "parts": f"{self.done:,} of {self.parts:,}"}
        said["rows"] = f"{self.rows:,}" if self.total is None else f"{self.rows:,} of {self.total:,}"
        said["bad rows"] = f"{self.bad_rows:,}"
        if self.seconds:
            said["rows a second"] = f"{self.rows_per_second:,.0f}"
        if self.eta is not None:
            said["seconds left"] = f"{self.eta:,.0f}"
        return said | ({"why it stopped": self.reason} if self.reason else {})
