"""The command `tarn`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from engine.errors import TarnError

# Wrong usage is 2 by argparse's habit; a run that failed for a reason that Tarn can name is 1.
_FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors that Tarn names are one line on standard error and exit code 1."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except TarnError as error:
        print(f"tarn: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("tarn: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tarn", description="Pools, a lake, tuned trees and ONNX scoring on Dask."
    )
    parser.add_argument("--version", action="version", version=f"tarn {version('tarn')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
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
        "--json", action="store_true", help="print the summary as one JSON object on the last line"
    )
    demo.set_defaults(run=_demo)
    return parser


def _demo(parsed: argparse.Namespace) -> int:
    from engine.demo.loop import run
    from engine.demo.options import DemoOptions
    from engine.demo.report import write_report
    from engine.demo.summary import print_summary

    names = ("home", "rows", "data", "label", "trials", "rounds", "nodes", "seed")
    outcome = run(DemoOptions(**{name: getattr(parsed, name) for name in names}))
    report = write_report(outcome, Path(outcome.home) / "report.html")
    print_summary(outcome, report)
    if parsed.json:
        print(json.dumps(outcome.as_json()))
    return 0
