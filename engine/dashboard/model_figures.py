"""The figures of a model's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource, NumeralTickFormatter

from engine.dashboard.kit import heading, legend_above, note, plot, put, short_axis, table
from engine.dashboard.style import BLUE, GREEN, GREY, INK, ORANGE, PAPER

_TOP = 25
# A curve of 65,536 points makes a page of megabytes and looks the same.
_POINTS = 1000
# With more classes than these, shares in words do not fit their cells.
_WORDED = 14
_ERROR_BINS = 40


def roc_figure(roc: tuple[npt.NDArray[Any], npt.NDArray[Any]], metrics: Mapping[str, float]) -> Any:
    """True-positive over false-positive rate."""
    at = np.unique(np.linspace(0, len(roc[0]) - 1, min(_POINTS, len(roc[0]))).astype(int))
    made = plot(
        f"ROC (area {metrics.get('auc', float('nan')):.5f})",
        "false-positive rate (share of the negatives)",
        "true-positive rate (share of the positives)",
        height=340,
    )
    made.line([0, 1], [0, 1], color=GREY, line_dash="dashed", legend_label="by chance")
    made.line(roc[0][at], roc[1][at], color=BLUE, line_width=2, legend_label="the model")
    legend_above(made)
    return made


def calibration_figure(bins: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]) -> Any:
    """Observed share of positives over the predicted probability; points as large as their share of rows."""
    predicted, observed, rows = bins
    size = 5 + 20 * np.sqrt(rows / max(1.0, float(rows.max(initial=0.0))))
    source = ColumnDataSource({"x": predicted, "y": observed, "rows": rows, "size": size})
    made = plot(
        "Calibration on the test rows",
        "predicted probability, mean of the bin",
        "observed share of positives",
        height=340,
        tips=[("predicted", "@x{0.000}"), ("observed", "@y{0.000}"), ("rows", "@rows{0,0}")],
    )
    made.line([0, 1], [0, 1], color=GREY, line_dash="dashed", legend_label="perfect")
    made.line("x", "y", source=source, color=ORANGE, line_width=2, alpha=0.3)
    label = "the model, larger where more rows are"
    made.scatter("x", "y", size="size", source=source, color=ORANGE, alpha=0.6, legend_label=label)
    legend_above(made)
    return made


def confusion_figure(confusion: npt.NDArray[Any], classes: Sequence[str]) -> Any:
    """What the rows of each class were taken for, as shares of the class."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1e-300)
    cells = [(there, said) for there in range(len(classes)) for said in range(len(classes))]
    told = [float(shares[cell]) for cell in cells]
    source = ColumnDataSource(
        {
            "there": [classes[there] for there, _ in cells],
            "said": [classes[said] for _, said in cells],
            "share": told,
            "rows": [float(confusion[cell]) for cell in cells],
            "text": [f"{share:.1%}" if share >= 0.0005 else "" for share in told],
            "ink": [PAPER if share > 0.5 else INK for share in told],
        }
    )
    made = plot(
        "What the rows of each class were taken for",
        "predicted class",
        "class, 100 % a line",
        height=140 + 30 * len(classes),
        x_range=list(classes),
        y_range=list(classes)[::-1],
        tips=[("class", "@there"), ("predicted", "@said"), ("share", "@share{0.0%}"), ("rows", "@rows{0,0}")],
    )
    made.rect("said", "there", 0.98, 0.96, source=source, color=BLUE, alpha="share", line_color=None)
    if len(classes) <= _WORDED:
        made.text(
            "said", "there", "text", source=source, text_color="ink", text_font_size="11px",
            text_align="center", text_baseline="middle",
        )  # fmt: skip
    return made


def amounts_figure(sample: npt.NDArray[Any]) -> Any:
    """Predicted over observed amounts of some test rows."""
    made = plot(f"Predicted and observed of {len(sample):,} test rows", "observed", "predicted", height=340)
    ends = [float(sample.min(initial=np.inf)), float(sample.max(initial=-np.inf))]
    made.line(ends, ends, color=GREY, line_dash="dashed", legend_label="perfect")
    made.scatter(sample[:, 1], sample[:, 0], size=5, color=BLUE, alpha=0.35, legend_label="a row")
    for axis in (made.xaxis[0], made.yaxis[0]):
        short_axis(axis)
    legend_above(made)
    return made


def errors_figure(sample: npt.NDArray[Any]) -> Any:
    """How the errors of these rows are spread."""
    errors = sample[:, 0] - sample[:, 1]
    low, high = np.quantile(errors, [0.005, 0.995])
    counts, edges = np.histogram(errors[(errors >= low) & (errors <= high)], bins=_ERROR_BINS)
    shares = counts / len(errors)
    made = plot(
        "Errors, but for the 1 % at the ends", "predicted less observed", "share of the rows", height=340
    )
    made.quad(left=edges[:-1], right=edges[1:], bottom=0, top=shares, color=BLUE, alpha=0.5, line_color=BLUE)
    made.y_range.start = 0
    made.yaxis[0].formatter = NumeralTickFormatter(format="0.[0]%")
    short_axis(made.xaxis[0])
    return made


def metrics_figure(metrics: Mapping[str, float]) -> Any:
    """The metrics of a task that has no curve, as bars."""
    made = plot("Metrics on the test rows", "metric", "value", height=340, x_range=list(metrics))
    made.vbar(x=list(metrics), top=list(metrics.values()), width=0.6, color=BLUE)
    return made


def importance_figure(importance: Mapping[str, float]) -> Any:
    """Shares of the gain of the most important features."""
    shown = dict(list(importance.items())[:_TOP])
    names = list(shown)[::-1]
    made = plot(
        "What the trees use",
        "share of the total gain",
        "feature",
        height=120 + 22 * len(names),
        y_range=names,
    )
    made.hbar(y=names, right=[shown[name] for name in names], height=0.7, color=GREEN)
    made.x_range.start = 0
    return made


def parity_table(parity: Mapping[str, Any]) -> list[Any]:
    """Each probe of the gate, with what it allows and what it found."""
    source, shown = table(
        {
            "name": ("Probe", "text", 220),
            "against": ("Compared with", "text", 100),
            "rows": ("Rows", "count", 80),
            "allowed": ("Largest difference allowed", "text", 140),
            "found": ("Largest difference found", "text", 140),
            "flipped": ("Labels flipped", "count", 90),
            "note": ("Note", "text", 260),
        },
        height=60 + 27 * len(parity["probes"]),
    )
    probes = parity["probes"]
    put(
        source,
        {
            "name": [one["name"] for one in probes],
            "against": [one["against"] for one in probes],
            "rows": [one["rows"] for one in probes],
            "allowed": [_digits(one["allowed"]) for one in probes],
            "found": [_digits(one["max_abs_diff"]) for one in probes],
            "flipped": [one["labels_flipped"] for one in probes],
            "note": [one["note"] for one in probes],
        },
    )
    words = f"{parity['rows']:,} rows in {len(probes)} probes; the largest difference from XGBoost is "
    return [heading("Parity of the ONNX graph"), note(f"{words}{_digits(parity['max_abs_diff'])}."), shown]


def _digits(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float | int) else str(value)
