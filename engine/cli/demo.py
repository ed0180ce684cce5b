"""`tarn demo`: the main job, raw rows to a scored table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from engine.cli.command import Commands

# Options of the command that are the options of the run.
_OPTIONS = ("home", "rows", "data", "label", "trials", "rounds", "nodes", "seed", "address")


def add(commands: Commands) -> None:
    """Make the subcommand known."""
    demo = commands.add_parser("demo", help="run the main job: raw rows to a scored table")
    demo.add_argument("--rows", type=int, default=1_000_000, help="trips to generate (default: 1000000)")
    demo.add_argument(
        "--home", type=Path, default=Path("demo-home"), help="the workspace's folder (default: demo-home)"
    )
    demo.add_argument("--data", metavar="FILE", help="your own CSV or Parquet instead of generated trips")
    demo.add_argument(
        "--label", metavar="COLUMN", help="the column to learn (default: tipped, for taxi trips)"
    )
    demo.add_argument("--trials", type=int, default=8, help="trials of the search (default: 8)")
    demo.add_argument(
        "--rounds", type=int, default=80, help="boosting rounds of a trial at most (default: 80)"
    )
    demo.add_argument("--nodes", type=int, default=2, help="workers of the pools (default: 2)")
    demo.add_argument("--seed", type=int, default=7, help="seeds data, split, search and trees (default: 7)")
    demo.add_argument(
        "--address", metavar="URL", help="a Dask scheduler that runs, whose workers see --home (tcp://...)"
    )
    demo.add_argument(
        "--json", action="store_true", help="print the summary as one JSON object on the last line"
    )
    demo.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    from engine.demo.loop import run
    from engine.demo.options import DemoOptions
    from engine.demo.report import write_report
    from engine.demo.summary import print_summary

    outcome = run(DemoOptions(**{name: getattr(parsed, name) for name in _OPTIONS}))
    report = write_report(outcome, Path(outcome.home) / "report.html")
    print_summary(outcome, report)
    if parsed.json:
        print(json.dumps(outcome.as_json()))
    return 0
