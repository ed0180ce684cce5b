"""The command line: reads arguments, calls what does the work, prints what it gives."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

import benchmarks
from benchmarks.compare import compare_results
from benchmarks.peer import find_peer, install_peer
from benchmarks.plan import Plan
from benchmarks.record import RESULTS, read_results
from benchmarks.report import latest_results, list_cases, write_report
from benchmarks.run import run_plan
from pools.errors import TarnError

_NOTES = Console(stderr=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 where an answer was wrong or missing, 2 where the request makes no sense."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except TarnError as problem:
        _note(str(problem), style="red")
        return 2


def _note(line: str, style: str | None = None) -> None:
    _NOTES.print(line, style=style, soft_wrap=True, highlight=False, markup=False)


def _list(_: argparse.Namespace) -> int:
    sys.stdout.write(list_cases())
    return 0


def _run(options: argparse.Namespace) -> int:
    sizes = {name: getattr(options, name) for name in ("rows", "scale") if getattr(options, name) is not None}
    plan = Plan.make(
        options.suites,
        peers=[] if options.alone else options.peer,
        sizes=sizes,
        toy=options.toy,
        repeat=options.repeat,
    )
    for name in plan.absent:
        _note(f"Peer {name} is left out: it is not installed (python -m benchmarks install {name}).")
    right = run_plan(plan, path=options.out, note=_note)
    return 0 if right else 1


def _compare(options: argparse.Namespace) -> int:
    sys.stdout.write(compare_results(read_results(options.before), read_results(options.after)))
    return 0


def _report(options: argparse.Namespace) -> int:
    results = [read_results(path) for path in options.results or latest_results(RESULTS)]
    sys.stdout.write(write_report(results, options.out))
    return 0


def _install(options: argparse.Namespace) -> int:
    install_peer(find_peer(options.peer))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "list", _list, "suites, cases and peers")

    run = _command(
        commands, "run", _run, "measure suites or cases (all, unless named) and write a file of results"
    )
    run.add_argument("suites", nargs="*", metavar="SUITE[/CASE]")
    who = run.add_mutually_exclusive_group()
    who.add_argument(
        "--peer",
        action="append",
        metavar="NAME",
        help="only these peers (default: all installed)",
    )
    who.add_argument("--alone", action="store_true", help="no peer at all")
    size = run.add_mutually_exclusive_group()
    size.add_argument("--rows", type=_count, metavar="N", help="rows, for suites over rows")
    size.add_argument("--scale", type=_count, metavar="N", help="scale factor, for suites with one")
    run.add_argument("--toy", action="store_true", help="smallest size, once, for the answers alone")
    run.add_argument("--repeat", type=_count, metavar="N", help="repetitions (default: each case's own)")
    run.add_argument("--out", type=Path, metavar="FILE", help="default: benchmarks/results/SUITE-UTC.jsonl")

    compare = _command(commands, "compare", _compare, "two files of results, as a Markdown table")
    compare.add_argument("before", type=Path, metavar="A")
    compare.add_argument("after", type=Path, metavar="B")

    report = _command(commands, "report", _report, "a Markdown table and a chart of files of results")
    report.add_argument("results", nargs="*", type=Path, metavar="FILE", help="default: each suite's latest")
    report.add_argument(
        "--out", type=Path, metavar="FILE", default=RESULTS / "report.md", help="default: %(default)s"
    )

    install = _command(commands, "install", _install, "make a peer's environment")
    install.add_argument("peer", metavar="PEER")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(command=run)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
