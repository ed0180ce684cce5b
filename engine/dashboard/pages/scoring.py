"""The page of scoring jobs: partitions, rate, time left, bad rows with reasons, scores against training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource

from engine.dashboard.kit import (
    beside,
    heading,
    legend_above,
    note,
    plot,
    put,
    short_axis,
    table,
    tile_text,
    tiles,
)
from engine.dashboard.pages.base import BasePage, Chooser
from engine.dashboard.spoken import spoken_bytes, spoken_count, spoken_seconds
from engine.dashboard.style import BLUE, GREEN, GREY, RED
from engine.dashboard.views.scoring import job_series, reason_rows, score_shares

if TYPE_CHECKING:
    from engine.dashboard.views import JobView, Views

_EMPTY = "No scoring job yet. Its partitions, rate and bad rows appear here while pool.score(...) runs."
_BAD_ROWS = "Rows that could not be scored, by reason"
_NO_BAD_ROWS = "Rows that could not be scored: none"
_NO_SCORES = "This model was not trained here, so nothing is known of how its scores should be distributed."


class ScoringPage(BasePage):
    """See the module."""

    title = "Scoring"
    nothing = _EMPTY

    def parts(self) -> Sequence[Any]:
        self._choice = Chooser("Job", self.refresh)
        self._tiles, self._no_scores = tiles(), note(_NO_SCORES)
        self._series = ColumnDataSource({name: [] for name in ("time", "rows", "bad", "rate")})
        self._scores = ColumnDataSource({name: [] for name in ("left", "right", "now", "training")})
        self._reasons_title = heading(_NO_BAD_ROWS)
        self._reasons, self._reasons_table = table(
            {
                "rows": ("Bad rows", "count", 80),
                "reason": ("Reason", "text", 300),
                "column": ("Column", "text", 120),
                "sample": ("Such as", "text", 400),
            },
            height=220,
        )
        return (
            self._choice.widget,
            self._tiles,
            beside(self._rows_plot(), self._rate_plot()),
            self._score_plot(),
            self._no_scores,
            self._reasons_title,
            self._reasons_table,
        )

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        jobs = views.scoring
        ordered = sorted(jobs.by_id.values(), key=lambda one: -one.started)
        options = [(one.id, _label(one)) for one in ordered]
        chosen = self._choice.pick(options)
        job = jobs.by_id.get(chosen)
        running = job is not None and job.state == "running"
        if self.unchanged(views.complete, jobs.version, chosen, int(now) if running else 0):
            return None
        return {
            "lacking": self.lacking(views, something=bool(options)),
            "options": options,
            "tiles": _figures(job, now),
            "series": job_series(job),
            "scores": score_shares(job),
            "trained": sum(job.asked.training) if job and job.asked else 0,
            "known": job is not None,
            "reasons": reason_rows(job),
        }

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self._choice.offer(columns["options"])
        self.fill(columns["lacking"])
        self._tiles.text = tile_text(columns["tiles"])
        put(self._series, columns["series"])
        put(self._scores, columns["scores"])
        trained = columns["trained"]
        self._score_figure.title.text = f"Scores of this job against those of {trained:,} training rows"
        self._score_figure.visible = bool(columns["scores"]["left"])
        self._no_scores.visible = columns["known"] and not columns["scores"]["left"]
        put(self._reasons, columns["reasons"])
        some = bool(columns["reasons"]["rows"])
        self._reasons_title.text = _BAD_ROWS if some else _NO_BAD_ROWS
        self._reasons_table.visible = some

    def _rows_plot(self) -> Any:
        made = plot(
            "Rows done",
            "time (UTC)",
            "rows",
            x_axis_type="datetime",
            tips=[("rows", "@rows{0,0}"), ("bad", "@bad{0,0}")],
        )
        made.varea("time", 0, "rows", source=self._series, color=BLUE, alpha=0.15)
        made.line("time", "rows", source=self._series, color=BLUE, width=2, legend_label="scored")
        made.line("time", "bad", source=self._series, color=RED, width=2, legend_label="bad rows")
        made.y_range.start = 0
        legend_above(made)
        short_axis(made.yaxis[0])
        return made

    def _rate_plot(self) -> Any:
        made = plot(
            "Rate",
            "time (UTC)",
            "rows a second",
            x_axis_type="datetime",
            tips=[("rows a second", "@rate{0,0}")],
        )
        made.step("time", "rate", source=self._series, color=GREEN, width=2, mode="before")
        made.y_range.start = 0
        short_axis(made.yaxis[0])
        return made

    def _score_plot(self) -> Any:
        made = plot(
            "Scores of this job against those of training rows", "score", "share of the rows", height=280
        )
        made.quad(
            left="left",
            right="right",
            bottom=0,
            top="now",
            source=self._scores,
            color=BLUE,
            alpha=0.45,
            line_color=BLUE,
            legend_label="this job",
        )
        made.step(
            "left",
            "training",
            source=self._scores,
            color=GREY,
            width=2,
            mode="after",
            legend_label="training",
        )
        made.y_range.start = 0
        made.yaxis[0].formatter = _percent()
        self._score_figure = made
        legend_above(made)
        return made


def _percent() -> Any:
    from bokeh.models import NumeralTickFormatter

    return NumeralTickFormatter(format="0.[0]%")


def _label(job: JobView) -> str:
    asked = job.asked
    what = f"{asked.model} v{asked.model_version} on {asked.source} into {asked.into}" if asked else job.id
    return f"{what}: {job.state}"


def _figures(job: JobView | None, now: float) -> list[tuple[str, str]]:
    if job is None:
        return [("Jobs", "none yet")]
    total = (job.asked.rows or 0) if job.asked else 0
    earlier = f" (+{job.asked.done:,} before)" if job.asked and job.asked.done else ""
    return [
        ("Job", job.state),
        ("Partitions", f"{job.partitions:,} of {job.wanted:,}{earlier}"),
        ("Rows", spoken_count(job.rows) + (f" of {spoken_count(total)}" if total > job.rows else "")),
        ("Rows a second", spoken_count(job.rate())),
        ("Time left", spoken_seconds(job.eta(now))),
        ("Bad rows", spoken_count(job.bad_rows)),
        *([("Read", spoken_bytes(job.bytes))] if job.bytes else []),
        *([("Why it stopped", job.reason)] if job.reason else []),
    ]
