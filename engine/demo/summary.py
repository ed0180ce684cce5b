"""The closing table of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.demo.loop import Outcome


def summary_rows(outcome: Outcome) -> list[tuple[str, str]]:
    """Name and value of each line, for the terminal and the report alike."""
    comparison, scored = outcome.comparison, outcome.scored
    metrics = ", ".join(f"{name} {value:.5f}" for name, value in outcome.model.evaluation.metrics.items())
    rows = [
        ("rows of the source", f"{outcome.rows:,}"),
        ("rows prepared", f"{outcome.prepared_rows:,}"),
        (f"quality on {outcome.model.evaluation.rows:,} test rows", metrics),
        (
            f"ONNX against XGBoost on {comparison.rows:,} rows",
            f"largest difference {comparison.max_abs_diff:.2g}, {comparison.labels_flipped} labels flipped",
        ),
        ("rows scored", f"{scored.rows:,} at {scored.rows_per_second:,.0f} rows/s"),
        ("bytes read", f"{outcome.bytes_read:,}"),
        ("model", f"{scored.model.name} version {scored.model.version}"),
        ("table", f"{scored.table.name} version {scored.table.version} in {outcome.home}"),
        ("dashboard while it ran", outcome.dashboard),
    ]
    rows += [(f"seconds to {name}", f"{seconds:.1f}") for name, seconds in outcome.stages.items()]
    return [*rows, ("seconds in all", f"{outcome.seconds:.1f}")]


def print_summary(outcome: Outcome, report: Path) -> None:
    """Print the table to standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in [*summary_rows(outcome), ("report", str(report))]:
        table.add_row(name, value)
    Console(soft_wrap=True).print(table, highlight=False)
