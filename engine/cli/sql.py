"""`tarn sql`: T-SQL over the files and tables of a workspace."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import OptionError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from engine.cli.command import Commands


def add(commands: Commands) -> None:
    """Make the subcommand known."""
    sql = commands.add_parser("sql", help="run T-SQL over the files and tables of a workspace")
    sql.add_argument("query", nargs="?", metavar="QUERY", help="a statement or a script")
    sql.add_argument("-f", "--file", type=Path, help="a file with the script, in place of QUERY")
    sql.add_argument("--home", type=Path, default=Path(), help="the workspace's folder (default: this one)")
    sql.add_argument(
        "--format", choices=("table", "csv", "json", "parquet"), default="table", help="(default: table)"
    )
    sql.add_argument("-o", "--output", type=Path, help="where to write; standard output by default")
    sql.add_argument("--workers", type=int, default=1, help="workers of the pool at most (default: 1)")
    sql.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
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
