"""The command `tarn`: one module per subcommand, each with `add(commands)`."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from engine.cli import dashboard, demo, score, sql, top
from engine.errors import TarnError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Wrong usage is 2 by argparse's habit; a run that failed for a reason that Tarn can name is 1.
_FAILED = 1
_COMMANDS = (demo, score, sql, dashboard, top)


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
    for command in _COMMANDS:
        command.add(commands)
    return parser
