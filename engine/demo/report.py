"""`report.html`: what a run of the loop found, as a table and four pictures in one self-contained file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.demo.summary import summary_rows

if TYPE_CHECKING:
    from bokeh.plotting import figure

    from engine.demo.loop import Outcome

_BLUE, _GREY, _ORANGE = "#2f6f9f", "#9aa5ad", "#d1743a"
_TOP_FEATURES = 20
_WIDTH, _HEIGHT = 560, 360


def write_report(outcome: Outcome, path: Path) -> Path:
    """Write the page; an earlier one is replaced as a whole or not at all."""
    from bokeh.embed import file_html
    from bokeh.layouts import column, gridplot
    from bokeh.models import Div
    from bokeh.resources import INLINE

    pictures = [
        _quality(outcome),
        _importance(outcome),
        _search_history(outcome),
        _stage_times(outcome.stages),
    ]
    head = Div(text=_summary_html(summary_rows(outcome)), width=2 * _WIDTH)
    page = column(head, gridplot(pictures, ncols=2, toolbar_location=None))
    html = file_html(page, INLINE, title="Tarn: report of a run")
    draft = path.with_suffix(".html.part")
    draft.write_text(html, encoding="utf-8")
    draft.replace(path)
    return path


def _summary_html(summary: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td style='padding-right:24px;color:#555'>{escape(name)}</td><td>{escape(value)}</td></tr>"
        for name, value in summary
    )
    return f"<h1 style='font-weight:500'>Report of a run</h1><table>{rows}</table>"


def _figure(title: str, x: str, y: str, **options: Any) -> figure:
    from bokeh.plotting import figure

    plot = figure(
        title=title,
        x_axis_label=x,
        y_axis_label=y,
        width=_WIDTH,
        height=_HEIGHT,
        toolbar_location=None,
        tools="hover",
        **options,
    )
    plot.grid.grid_line_color = "#e6e9eb"
    plot.outline_line_color = None
    return plot


def _quality(outcome: Outcome) -> figure:
    """The ROC curve of a binary task; for the others the metrics as bars."""
    evaluation = outcome.model.evaluation
    if evaluation.roc is None:
        return _metric_bars(evaluation.metrics)
    plot = _figure(
        f"ROC on {evaluation.rows:,} test rows (area {evaluation.metrics['auc']:.4f})",
        "false-positive rate (share of the negatives)",
        "true-positive rate (share of the positives)",
    )
    false_rate, true_rate = (_thin(side) for side in evaluation.roc)
    plot.line([0, 1], [0, 1], color=_GREY, line_dash="dashed")
    plot.line(false_rate, true_rate, color=_BLUE, line_width=2)
    return plot


def _thin(points: Any, most: int = 1000) -> Any:
    """At most about a thousand points: a curve of 65,536 makes a page of megabytes and looks the same."""
    import numpy as np

    if len(points) <= most:
        return points
    return points[np.unique(np.linspace(0, len(points) - 1, most).astype(int))]


def _metric_bars(metrics: Mapping[str, float]) -> figure:
    names = list(metrics)
    plot = _figure("Metrics on the test rows", "metric", "value (in the label's unit)", x_range=names)
    plot.vbar(x=names, top=list(metrics.values()), width=0.6, color=_BLUE)
    return plot


def _importance(outcome: Outcome) -> figure:
    shares = outcome.model.importance().head(_TOP_FEATURES)[::-1]
    plot = _figure(
        "What the trees use",
        "share of the total gain",
        "feature",
        y_range=[str(name) for name in shares.index],
    )
    plot.hbar(y=[str(name) for name in shares.index], right=list(shares), height=0.7, color=_BLUE)
    plot.x_range.start = 0
    return plot


def _search_history(outcome: Outcome) -> figure:
    study = outcome.study
    plot = _figure(
        "Search history", "trial (in the order of its proposal)", f"{study.metric} on the validation rows"
    )
    numbers = [trial.number for trial in study.trials]
    scores = [trial.score for trial in study.trials]
    pick = max if study.data.label.maximise else min
    best = [pick(scores[: index + 1]) for index in range(len(scores))]
    plot.step(numbers, best, color=_ORANGE, line_width=2, mode="after", legend_label="best so far")
    plot.scatter(numbers, scores, color=_BLUE, size=8, legend_label="trial")
    plot.legend.location = "bottom_right" if pick is max else "top_right"
    plot.legend.border_line_color = None
    return plot


def _stage_times(stages: Mapping[str, float]) -> figure:
    names = list(stages)[::-1]
    plot = _figure("Where the time went", "seconds", "stage", y_range=names)
    plot.hbar(y=names, right=[stages[name] for name in names], height=0.7, color=_BLUE)
    plot.x_range.start = 0
    return plot
