"""The command `tarn`."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import OptionError, TarnError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    _add_sql(commands)
    return parser


def _add_sql(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sql = commands.add_parser("sql", help="run T-SQL over the files and tables of a workspace")
    sql.add_argument("query", nargs="?", metavar="QUERY", help="a statement or a script")
    sql.add_argument("-f", "--file", type=Path, help="a file with the script, in place of QUERY")
    sql.add_argument("--home", type=Path, default=Path(), help="the workspace's folder (default: this one)")
    sql.add_argument(
        "--format", choices=("table", "csv", "json", "parquet"), default="table", help="(default: table)"
    )
    sql.add_argument("-o", "--output", type=Path, help="where to write; standard output by default")
    sql.add_argument("--workers", type=int, default=1, help="workers of the pool at most (default: 1)")
    sql.set_defaults(run=_sql)


def _sql(parsed: argparse.Namespace) -> int:
    from engine.session.output import write_result
    from engine.workspace import Workspace

    text = _script(parsed)
    if parsed.format == "parquet" and parsed.output is None:
        raise OptionError("--format parquet needs a file to write to.", "Give -o FILE.")
    if not parsed.home.is_dir():
        raise OptionError(f"There is no folder {parsed.home}.", "Give the workspace's folder as --home.")
    with Workspace(parsed.home).serverless("sql", max_workers=parsed.workers, progress=False) as pool:
        result = pool.sql(text)
        if parsed.output is None:
            write_result(result, parsed.format, sys.stdout.buffer)
        else:
            _write_whole(parsed.output, lambda out: write_result(result, parsed.format, out))
    return 0


def _script(parsed: argparse.Namespace) -> str:
    if (parsed.query is None) == (parsed.file is None):
        raise OptionError("Give either QUERY or -f FILE.", "For example: tarn sql 'SELECT 1 AS one'.")
    if parsed.file is None:
        return str(parsed.query)
    try:
        return str(parsed.file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(
            f"{parsed.file} cannot be read: {error}.", "Give a file of T-SQL in UTF-8."
        ) from None


def _write_whole(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file that is whole under its name, or not there."""
    scratch = target.with_name(f".{target.name}.part")
    try:
        with scratch.open("wb") as out:
            write(out)
        scratch.replace(target)
    except OSError as error:
        raise OptionError(f"{target} cannot be written: {error}.", "Give another -o FILE.") from None
    finally:
        scratch.unlink(missing_ok=True)


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
