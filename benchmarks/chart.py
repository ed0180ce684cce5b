"""The one chart: how many times our time each peer takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.summary import Ratio


def draw_ratios(ratios: Mapping[str, Ratio], path: Path) -> None:
    """Draws a bar per case and peer on a logarithmic scale, with the spread of the repetitions.

    Args:
        ratios: Peer's time over ours by label, in order from the top.
        path: File to write; its suffix is the format ("svg", "png").
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.35 * len(ratios)), layout="constrained")
    FigureCanvasAgg(figure)  # no display, and none of pyplot's global state
    axes = figure.subplots()
    middle = [ratio.median for ratio in ratios.values()]
    spread = [
        [ratio.median - ratio.low for ratio in ratios.values()],
        [ratio.high - ratio.median for ratio in ratios.values()],
    ]
    colours = ["#2a7f62" if value >= 1 else "#b5533c" for value in middle]
    # Bars grow from 1, where both sides are equal.
    axes.barh(list(ratios), [value - 1 for value in middle], left=1, xerr=spread, color=colours, capsize=3)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.invert_yaxis()
    axes.set_xlabel("times our time (right of 1: we are faster)")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
