"""The page of studies: trials and rungs live, learning curves, the best so far, what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource, FixedTicker

from engine.dashboard.kit import (
    beside,
    heading,
    legend_above,
    plot,
    put,
    table,
    tile_text,
    tiles,
)
from engine.dashboard.pages.base import BasePage, Chooser
from engine.dashboard.spoken import spoken_seconds
from engine.dashboard.style import BLUE, GREEN, ORANGE
from engine.dashboard.views.params import importance, parallel_lines
from engine.dashboard.views.studies import (
    curve_lines,
    curve_span,
    rung_rows,
    score_series,
    trial_rows,
)

if TYPE_CHECKING:
    from engine.dashboard.views import StudyView, Views

_EMPTY = "No study yet. Trials, rungs and learning curves appear here while pool.tune(...) runs."
_SHADES = ["#cbd5e1", "#a8c3e0", "#7ba6d1", "#4d87be", "#2563a8"]


class StudiesPage(BasePage):
    """See the module."""

    title = "Studies"
    nothing = _EMPTY

    def parts(self) -> Sequence[Any]:
        self._choice = Chooser("Study", self.refresh)
        self._span = (0.0, 1.0)
        self._tiles = tiles()
        self._scores = ColumnDataSource({name: [] for name in ("trial", "score", "best", "rounds")})
        self._curves = ColumnDataSource(
            {name: [] for name in ("rounds", "values", "trial", "colour", "width", "alpha")}
        )
        self._lines = ColumnDataSource(
            {name: [] for name in ("places", "heights", "trial", "colour", "width")}
        )
        self._ends = ColumnDataSource({"x": [], "y": [], "text": []})
        self._matters = ColumnDataSource({"name": [], "share": []})
        self._rungs, rungs = table(
            {
                "rung": ("Rung", "count", 50),
                "rounds": ("Rounds at most", "count", 80),
                "reached": ("Trials that reached it", "count", 120),
                "promoted": ("Went on", "count", 70),
                "best": ("Best score", "score", 80),
                "median": ("Median score", "score", 80),
            },
            height=270,
        )
        self._trials, trials = table(
            {
                "trial": ("Trial", "count", 50),
                "state": ("State", "state", 70),
                "score": ("Score", "score", 80),
                "rounds": ("Rounds", "count", 60),
                "rung": ("Rung", "text", 50),
                "seconds": ("Seconds", "seconds", 70),
                "params": ("Parameters", "text", 460),
                "reason": ("Reason", "text", 120),
            },
            height=320,
        )
        self._of_many = [self._choice.widget, heading("Rungs: how many trials came how far"), rungs]
        return (
            self._choice.widget,
            self._tiles,
            beside(self._score_plot(), self._curve_plot()),
            beside(self._parallel_plot(), self._matter_plot()),
            *self._of_many[1:],
            heading("Trials: those that failed or run, then the best"),
            trials,
        )

    def alone(self) -> list[Any]:
        """The parts for one study that is over, of which the score at each rung is not known."""
        return [part for part in self.root.children if part not in self._of_many]

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        studies = views.studies
        ordered = sorted(studies.by_id.values(), key=lambda one: -one.started)
        options = [(one.id, _label(one)) for one in ordered]
        chosen = self._choice.pick(options)
        study = studies.by_id.get(chosen)
        if self.unchanged(views.complete, studies.version, chosen):
            return None
        curves = curve_lines(study)
        return {
            "lacking": self.lacking(views, something=bool(options)),
            "options": options,
            "tiles": _figures(study, now),
            "metric": study.metric if study else "score",
            "scores": score_series(study),
            "span": curve_span(curves, maximize=study.maximize if study else True),
            "curves": _shaded_curves(curves),
            "lines": parallel_lines(study),
            "matters": importance(study),
            "rungs": rung_rows(study),
            "trials": trial_rows(study),
        }

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self._choice.offer(columns["options"])
        self.fill(columns["lacking"])
        self._tiles.text = tile_text(columns["tiles"])
        for made in (self._score_figure, self._curve_figure):
            made.yaxis[0].axis_label = columns["metric"]
        put(self._scores, columns["scores"])
        put(self._curves, columns["curves"])
        self._show_span(*columns["span"])
        self._show_lines(*columns["lines"])
        matters = {name: values[:12][::-1] for name, values in columns["matters"].items()}
        self._matter_figure.y_range.factors = matters["name"]
        self._matter_figure.visible = bool(matters["name"])  # from eight trials on
        put(self._matters, matters)
        put(self._rungs, columns["rungs"], keep="rung")
        put(self._trials, columns["trials"], keep="trial")

    def _show_span(self, low: float, high: float) -> None:
        """Follow the curves, until somebody has moved or zoomed the figure."""
        span = self._curve_figure.y_range
        if (span.start, span.end) == self._span != (low, high):
            self._span = low, high
            span.start, span.end = low, high

    def _show_lines(self, axes: Sequence[Any], lines: dict[str, list[Any]]) -> None:
        places = list(range(len(axes)))
        names = {at: axis.name for at, axis in enumerate(axes)}
        if names != self._parallel.xaxis[0].major_label_overrides:
            # Only then: another model has Bokeh walk through all of the document's, which takes 20 ms.
            self._parallel.xaxis[0].ticker = FixedTicker(ticks=places)
            self._parallel.xaxis[0].major_label_overrides = names
        shades = [_SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))] for share in lines.pop("share")]
        widths = [1.0] * max(0, len(shades) - 1) + [3.0] * min(1, len(shades))
        colours = shades[:-1] + [ORANGE] * min(1, len(shades))
        put(self._lines, {**lines, "colour": colours, "width": widths})
        ends = [(at, -0.06, axis.low) for at, axis in enumerate(axes)]
        ends += [(at, 1.06, axis.high) for at, axis in enumerate(axes)]
        put(
            self._ends,
            {"x": [one[0] for one in ends], "y": [one[1] for one in ends], "text": [one[2] for one in ends]},
        )

    def _score_plot(self) -> Any:
        made = plot(
            "Score of each trial, and the best so far",
            "trial",
            "score",
            height=300,
            tips=[
                ("trial", "@trial"),
                ("score", "@score{0.00000}"),
                ("rounds", "@rounds"),
            ],
        )
        made.scatter(
            "trial", "score", source=self._scores, color=BLUE, alpha=0.5, size=6, legend_label="trial"
        )
        made.step(
            "trial",
            "best",
            source=self._scores,
            color=ORANGE,
            width=2,
            mode="after",
            legend_label="best so far",
        )
        legend_above(made)
        self._score_figure = made
        return made

    def _curve_plot(self) -> Any:
        made = plot(
            "Learning curves on the validation rows (the best trial in orange)",
            "boosting rounds (what is steep at the start is out of sight)",
            "score",
            height=300,
            y_range=self._span,
            tips=[("trial", "@trial")],
        )
        made.multi_line(
            "rounds", "values", source=self._curves, color="colour", line_width="width", line_alpha="alpha"
        )
        self._curve_figure = made
        return made

    def _parallel_plot(self) -> Any:
        made = plot(
            "Parameters of the trials: one line each, darker is better, the best in orange",
            "parameter",
            "",
            height=320,
            y_range=(-0.14, 1.14),
            tips=[("trial", "@trial")],
        )
        made.multi_line(
            "places", "heights", source=self._lines, color="colour", line_width="width", line_alpha=0.8
        )
        made.text(
            "x",
            "y",
            "text",
            source=self._ends,
            text_font_size="11px",
            text_align="center",
            text_baseline="middle",
            text_color="#64748b",
        )
        made.yaxis.visible = False
        made.ygrid.visible = False
        self._parallel = made
        return made

    def _matter_plot(self) -> Any:
        made = plot(
            "What mattered: variance of the score that a parameter explains by itself",
            "share of the variance, from 8 trials on",
            "parameter",
            height=320,
            y_range=[],
            x_range=(0, 1),
            tips=[("parameter", "@name"), ("share", "@share{0.0%}")],
        )
        made.hbar("name", right="share", height=0.65, source=self._matters, color=GREEN)
        self._matter_figure = made
        return made


def _shaded_curves(lines: dict[str, list[Any]]) -> dict[str, list[Any]]:
    best = lines.pop("best")
    return {
        **lines,
        "colour": [ORANGE if one else BLUE for one in best],
        "width": [3.0 if one else 1.2 for one in best],
        "alpha": [1.0 if one else 0.4 for one in best],
    }


def _label(study: StudyView) -> str:
    target = f" ({study.asked.target})" if study.asked else ""
    return f"{study.name}{target}: {len(study.trials)} trials, {study.state}"


def _figures(study: StudyView | None, now: float) -> list[tuple[str, str]]:
    if study is None:
        return [("Studies", "none yet")]
    states = [study.state_of(one) for one in study.trials.values()]
    best = study.best()
    wanted = f" of {study.asked.trials}" if study.asked else ""
    ended = study.finished
    until = now if study.state == "running" else study.seen
    seconds = ended.seconds if ended else max(0.0, until - study.started)
    return [
        ("Study", study.state),
        ("Trials", f"{len(states)}{wanted}"),
        ("Running", str(states.count("running"))),
        ("Stopped early", str(states.count("stopped"))),
        ("Failed", str(states.count("failed"))),
        (f"Best {study.metric}", "-" if best is None or best.score is None else f"{best.score:.5f}"),
        ("Best trial", "-" if best is None else str(best.number)),
        ("Time", spoken_seconds(seconds)),
    ]
