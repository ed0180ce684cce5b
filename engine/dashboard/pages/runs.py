"""The page of runs: all by time, and the stages, settings and errors of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.layouts import column
from bokeh.models import ColumnDataSource, TextInput

from engine.dashboard.kit import (
    beside,
    fit_height,
    heading,
    plot,
    pre,
    pre_text,
    put,
    table,
    tile_text,
    tiles,
)
from engine.dashboard.pages.base import BasePage
from engine.dashboard.spoken import spoken_seconds
from engine.dashboard.style import BLUE
from engine.dashboard.views.runs import run_rows, setting_rows, stage_rows, told, worker_seconds

if TYPE_CHECKING:
    from engine.dashboard.views import Runs, RunView, Views

_EMPTY = (
    "No run yet. Each call of tune, train, register, score, write or verify, and each tarn demo, becomes one."
)
_CHOOSE = "The newest run; click another one to see its stages and settings."


class RunsPage(BasePage):
    """See the module."""

    title = "Runs"
    nothing = _EMPTY

    def parts(self) -> Sequence[Any]:
        self._chosen = ""
        self._tiles = tiles()
        self._search = TextInput(title="Name, verb, user or pool contains", width=320, margin=0)
        self._search.on_change("value_input", self.again)
        self._runs, runs = table(
            {
                "started": ("Started (UTC)", "time", 110),
                "name": ("Run", "text", 200),
                "verb": ("Verb", "text", 70),
                "parent": ("Part of", "text", 90),
                "status": ("Status", "state", 70),
                "seconds": ("Seconds", "seconds", 70),
                "cost": ("Worker seconds", "number", 110),
                "read": ("Lake read", "bytes", 80),
                "pool": ("Pool", "text", 90),
                "user": ("User", "text", 70),
                "tracking": ("MLflow", "link", 160),
            },
            height=320,
            names=["id"],
        )
        self._runs.selected.on_change("indices", self._select)
        self._stages = ColumnDataSource({name: [] for name in ("stage", "left", "right", "seconds", "share")})
        self._settings, settings = table(
            {"name": ("Setting", "text", 120), "value": ("Value", "text", 300)}, height=280
        )
        self._about, self._told = heading(_CHOOSE), pre(300)
        return (
            self._tiles,
            self._search,
            runs,
            self._about,
            beside(
                self._stage_plot(),
                column(heading("What it was asked for"), settings, sizing_mode="stretch_width"),
            ),
            self._told,
        )

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        runs = views.runs
        search = str(self._search.value_input or "")
        rows = run_rows(runs, now, search=search)
        busy = "running" in rows["status"]
        if self.unchanged(views.complete, runs.version, search, self._chosen, int(now) if busy else 0):
            return None
        chosen = self._chosen or (rows["id"][0] if rows["id"] else "")
        run = runs.by_id.get(chosen)
        return {
            "rows": rows,
            "tiles": _figures(runs),
            "stages": stage_rows(run, now),
            "settings": setting_rows(run),
            "about": _about(run, now),
            "told": told(run),
            "lacking": self.lacking(views, something=bool(runs.by_id)),
        }

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self._tiles.text = tile_text(columns["tiles"])
        self.fill(columns["lacking"])
        put(self._runs, columns["rows"], keep="id")
        self._stage_figure.y_range.factors = columns["stages"]["stage"][::-1]
        self._stage_figure.visible = bool(columns["stages"]["stage"])
        fit_height(self._stage_figure, len(columns["stages"]["stage"]))
        put(self._stages, columns["stages"])
        put(self._settings, columns["settings"])
        self._about.text, self._told.text = columns["about"], pre_text(columns["told"])
        self._told.visible = bool(columns["told"])

    def _select(self, attribute: str, old: Any, new: list[int]) -> None:  # noqa: ARG002 - Bokeh's signature
        if new and self._runs.data["id"][new[0]] != self._chosen:
            self._chosen = str(self._runs.data["id"][new[0]])
            self.refresh()

    def _stage_plot(self) -> Any:
        made = plot(
            "Stages",
            "seconds since the run began",
            "stage",
            height=140,
            y_range=[],
            tips=[("stage", "@stage"), ("seconds", "@seconds{0.00}"), ("state", "@share")],
        )
        made.hbar("stage", left="left", right="right", height=0.6, source=self._stages, color=BLUE, alpha=0.8)
        made.x_range.start = 0
        self._stage_figure = made
        return made


def _figures(runs: Runs) -> list[tuple[str, str]]:
    statuses = [one.status for one in runs.by_id.values()]
    return [
        ("Runs", f"{len(statuses):,}"),
        ("Running now", f"{statuses.count('running'):,}"),
        ("Finished well", f"{statuses.count('finished'):,}"),
        ("Failed", f"{statuses.count('failed'):,}"),
        ("Stopped", f"{statuses.count('stopped') + statuses.count('cancelled'):,}"),
        ("Cost of all", f"{worker_seconds(runs) / 3600:.3f} worker hours"),
    ]


def _about(run: RunView | None, now: float) -> str:
    from html import escape

    if run is None:
        return _CHOOSE
    return escape(f"{run.name}: {run.status}, {spoken_seconds(run.lasted(now))} (run {run.id})")
