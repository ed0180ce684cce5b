"""Two runs side by side: settings, stage times, bytes, cost and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource, FactorRange

from engine.dashboard.kit import beside, fit_height, heading, plot, put, table
from engine.dashboard.pages.base import BasePage, Chooser
from engine.dashboard.style import BLUE, ORANGE
from engine.dashboard.views.pairs import compared, likely_pair, partner, stage_pairs
from engine.dashboard.views.studies import curve_lines

if TYPE_CHECKING:
    from engine.dashboard.views import RunView, Views

_EMPTY = "Two runs are laid side by side here as soon as the log has two."
_NEWEST = 200


class ComparePage(BasePage):
    """See the module."""

    title = "Compare"
    nothing = _EMPTY

    def parts(self) -> Sequence[Any]:
        self._left, self._right = (
            Chooser("Run A (blue)", self.refresh),
            Chooser("Run B (orange)", self.refresh),
        )
        self._lines, lines = table(
            {
                "part": ("Part", "text", 80),
                "name": ("What", "text", 180),
                "left": ("Run A", "text", 260),
                "right": ("Run B", "text", 260),
                "ratio": ("B / A", "text", 70),
                "differs": ("Differs", "text", 60),
            },
            height=900,
        )
        self._stages = ColumnDataSource({name: [] for name in ("place", "seconds", "colour", "run", "stage")})
        self._curves = ColumnDataSource({name: [] for name in ("rounds", "values", "colour", "run")})
        return (
            beside(self._left.widget, self._right.widget),
            beside(self._stage_plot(), self._curve_plot()),
            heading("Line by line"),
            lines,
        )

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        chosen = (self._left.value, self._right.value)
        runs = sorted(views.runs.by_id.values(), key=lambda one: -one.started)
        runs = [one for at, one in enumerate(runs) if at < _NEWEST or one.id in chosen]
        options = [(one.id, _label(one)) for one in runs]
        later, earlier = self._likely(views, runs)
        left, right = self._left.pick(options, earlier), self._right.pick(options, later)
        if self.unchanged(views.runs.version, views.studies.version, left, right, views.complete):
            return None
        pair = [views.runs.by_id.get(one) for one in (left, right)]
        return {
            "lacking": self.lacking(views, something=len(options) > 1),
            "options": options,
            "likely": (earlier, later),
            "lines": compared(pair[0], pair[1], now),
            "stages": _bars(pair, now),
            "curves": _curves(views, pair),
        }

    def _likely(self, views: Views, runs: Sequence[RunView]) -> tuple[str, str]:
        """Which run B and which earlier run A are worth it; what is chosen by hand decides the other."""
        later, earlier = likely_pair(runs)
        left, right = (views.runs.by_id.get(one.by_hand) for one in (self._left, self._right))
        if left and not right and (found := partner(runs, left)):
            later = found.id
        elif right and not left and (found := partner(runs, right)):
            earlier = found.id
        return later, earlier

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self.fill(columns["lacking"])
        self._left.offer(columns["options"], columns["likely"][0])
        self._right.offer(columns["options"], columns["likely"][1])
        lines = columns["lines"]
        put(self._lines, {**lines, "differs": ["yes" if one else "" for one in lines["differs"]]})
        places = columns["stages"]["place"]
        self._stage_figure.y_range.factors = places[::-1]
        fit_height(self._stage_figure, len(places))
        self._stage_figure.visible = bool(places)
        put(self._stages, columns["stages"])
        put(self._curves, columns["curves"])
        self._curve_figure.visible = bool(columns["curves"]["rounds"])

    def _stage_plot(self) -> Any:
        made = plot(
            "Stages: run A above run B",
            "seconds",
            "stage and run",
            height=140,
            y_range=FactorRange(group_padding=0.6),
            tips=[("run", "@run"), ("stage", "@stage"), ("seconds", "@seconds{0.00}")],
        )
        made.hbar("place", right="seconds", height=0.85, color="colour", source=self._stages)
        made.x_range.start = 0
        made.yaxis.group_label_orientation = "horizontal"
        made.yaxis.separator_line_color = None
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


def _label(run: RunView) -> str:
    from engine.events.entry import moment

    return f"{moment(run.started)[5:19].replace('T', ' ')}  {run.name} ({run.status})"


def _bars(pair: list[RunView | None], now: float) -> dict[str, list[Any]]:
    rows = stage_pairs(pair, now)
    return {
        "place": [(stage, "AB"[side]) for stage, side, _ in rows],
        "seconds": [seconds for *_, seconds in rows],
        "colour": [(BLUE, ORANGE)[side] for _, side, _ in rows],
        "run": [run.name for _, side, _ in rows if (run := pair[side]) is not None],
        "stage": [stage for stage, *_ in rows],
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
