"""Two runs side by side: settings, stage times, bytes, cost and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource, FactorRange

from engine.dashboard.kit import beside, heading, note, plot, put, say, table
from engine.dashboard.pages.base import BasePage, Chooser
from engine.dashboard.style import BLUE, ORANGE
from engine.dashboard.views.runs import compared, stage_rows
from engine.dashboard.views.studies import curve_lines

if TYPE_CHECKING:
    from engine.dashboard.views import RunView, Views

_EMPTY = "Two runs are laid side by side here as soon as there are two; choose them above."


class ComparePage(BasePage):
    """See the module."""

    title = "Compare"

    def parts(self) -> Sequence[Any]:
        self._left, self._right = (
            Chooser("Run A (blue)", self.refresh),
            Chooser("Run B (orange)", self.refresh),
        )
        self._empty = note()
        self._lines, lines = table(
            {
                "part": ("Part", "text", 80),
                "name": ("What", "text", 180),
                "left": ("Run A", "text", 260),
                "right": ("Run B", "text", 260),
                "ratio": ("B / A", "text", 70),
                "differs": ("Differs", "text", 60),
            },
            height=420,
        )
        self._stages = ColumnDataSource({name: [] for name in ("place", "seconds", "colour", "run", "stage")})
        self._curves = ColumnDataSource({name: [] for name in ("rounds", "values", "colour", "run")})
        return (
            beside(self._left.widget, self._right.widget),
            self._empty,
            beside(self._stage_plot(), self._curve_plot()),
            heading("Line by line"),
            lines,
        )

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        runs = sorted(views.runs.by_id.values(), key=lambda one: -one.started)
        options = [(one.id, _label(one)) for one in runs]
        left = self._left.pick(options)
        others = _likely_first(options, left, views)
        right = self._right.pick(others)
        if self.unchanged(views.runs.version, views.studies.version, left, right):
            return None
        pair = [views.runs.by_id.get(one) for one in (left, right)]
        return {
            "options": options,
            "others": others,
            "lines": compared(pair[0], pair[1], now),
            "stages": _bars(pair, now),
            "curves": _curves(views, pair),
        }

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self._left.offer(columns["options"])
        self._right.offer(columns["others"])
        say(self._empty, "" if len(columns["options"]) > 1 else _EMPTY)
        lines = columns["lines"]
        put(self._lines, {**lines, "differs": ["yes" if one else "" for one in lines["differs"]]})
        self._stage_figure.x_range.factors = columns["stages"]["place"]
        stages = columns["stages"]["place"]
        self._stage_figure.title.text = "Stages" if stages else "Stages: these runs have told of none"
        put(self._stages, columns["stages"])
        put(self._curves, columns["curves"])
        self._curve_figure.visible = bool(columns["curves"]["rounds"])

    def _stage_plot(self) -> Any:
        made = plot(
            "Stages",
            "stage and run",
            "seconds",
            height=300,
            x_range=FactorRange(),
            tips=[("run", "@run"), ("stage", "@stage"), ("seconds", "@seconds{0.00}")],
        )
        made.vbar("place", top="seconds", width=0.85, color="colour", source=self._stages)
        made.y_range.start = 0
        made.xaxis.group_label_orientation = 0.6
        self._stage_figure = made
        return made

    def _curve_plot(self) -> Any:
        made = plot(
            "Best learning curve of each run that tuned",
            "boosting rounds",
            "metric",
            height=300,
            tips=[("run", "@run")],
        )
        made.multi_line("rounds", "values", color="colour", line_width=2.5, source=self._curves)
        self._curve_figure = made
        return made


def _likely_first(options: list[tuple[str, str]], left: str | None, views: Views) -> list[tuple[str, str]]:
    """All but the first run, which is put last; those that did the same as it come before the others."""
    verbs = {one.id: one.asked.verb if one.asked else "" for one in views.runs.by_id.values()}
    return sorted(options, key=lambda one: (one[0] == left, verbs[one[0]] != verbs.get(left or "")))


def _label(run: RunView) -> str:
    from engine.events.entry import moment

    return f"{moment(run.started)[5:19].replace('T', ' ')}  {run.name} ({run.status})"


def _bars(pair: list[RunView | None], now: float) -> dict[str, list[Any]]:
    rows = [
        (stage, side, seconds, colour, run.name)
        for run, side, colour in zip(pair, "AB", (BLUE, ORANGE), strict=True)
        if run is not None
        for stage, seconds in zip(*(stage_rows(run, now)[name] for name in ("stage", "seconds")), strict=True)
    ]
    order = {stage: at for at, stage in enumerate(dict.fromkeys(row[0] for row in rows))}
    rows.sort(key=lambda row: (order[row[0]], row[1]))
    return {
        "place": [(row[0], row[1]) for row in rows],
        "seconds": [row[2] for row in rows],
        "colour": [row[3] for row in rows],
        "run": [row[4] for row in rows],
        "stage": [row[0] for row in rows],
    }


def _curves(views: Views, pair: list[RunView | None]) -> dict[str, list[Any]]:
    rounds, values, colours, names = [], [], [], []
    for run, colour in zip(pair, (BLUE, ORANGE), strict=True):
        study = next((one for one in views.studies.by_id.values() if run and one.run == run.id), None)
        lines = curve_lines(study)
        if run is not None and lines["rounds"]:
            rounds.append(lines["rounds"][-1])
            values.append(lines["values"][-1])
            colours.append(colour)
            names.append(run.name)
    return {"rounds": rounds, "values": values, "colour": colours, "run": names}
