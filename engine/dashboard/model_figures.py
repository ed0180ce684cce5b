"""The figures of a model's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource

from engine.dashboard.kit import heading, legend_above, note, plot, put, table
from engine.dashboard.style import BLUE, GREEN, GREY, ORANGE

_TOP = 25
# A curve of 65,536 points makes a page of megabytes and looks the same.
_POINTS = 1000


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


def metrics_figure(metrics: Mapping[str, float]) -> Any:
    """The metrics of a task that has no ROC, as bars."""
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
