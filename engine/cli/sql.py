"""`tarn sql`: T-SQL over the files and tables of a workspace."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import OptionError, SqlError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from engine.cli.command import Commands
    from engine.pool import WorkspacePool
    from engine.session import Result

_SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet"}


def add(commands: Commands) -> None:
    """Make the subcommand known."""
    sql = commands.add_parser("sql", help="run T-SQL over the files and tables of a workspace")
    sql.add_argument(
        "query", nargs="?", metavar="QUERY", help="a statement or a script; - reads it from stdin"
    )
    sql.add_argument("-f", "--file", type=Path, help="a file with the script, in place of QUERY")
    sql.add_argument("--home", type=Path, default=Path(), help="the workspace's folder (default: this one)")
    sql.add_argument(
        "--pool",
        metavar="NAME",
        help="a pool that was started in the workspace: where it runs, or one like it",
    )
    sql.add_argument(
        "--format",
        choices=("table", "csv", "json", "parquet"),
        help="of the last result set; a table shows all (default: by the suffix of -o, else table)",
    )
    sql.add_argument("-o", "--output", type=Path, help="where to write; standard output by default")
    sql.add_argument("--workers", type=int, default=1, help="workers of its own pool at most (default: 1)")
    sql.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    from engine.sql.syntax import parse_script

    text, form = _script(parsed), _format(parsed)
    if not parsed.home.is_dir():
        raise OptionError(f"There is no folder {parsed.home}.", "Give the workspace's folder as --home.")
    try:
        parse_script(text)  # what is no T-SQL is told before a pool is started for it
        with _pool(parsed) as pool:
            _write(pool.sql(text), form, parsed.output)
    except SqlError as error:
        raise _placed(error, str(parsed.file or "")) from None
    except BrokenPipeError:  # whoever reads has enough, as `head` has; Python must not write at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _pool(parsed: argparse.Namespace) -> WorkspacePool:
    from engine.workspace import Workspace

    workspace = Workspace(parsed.home)
    if parsed.pool is not None:
        return workspace.pool(parsed.pool, progress=False)
    return workspace.serverless("sql", max_workers=parsed.workers, progress=False)


def _format(parsed: argparse.Namespace) -> str:
    suffix = "" if parsed.output is None else parsed.output.suffix.lower()
    form = str(parsed.format or _SUFFIXES.get(suffix, "table"))
    if form == "parquet" and parsed.output is None:
        raise OptionError("--format parquet needs a file to write to.", "Give -o FILE.")
    return form


def _write(result: Result, form: str, target: Path | None) -> None:
    from engine.session.output import write_result

    if form != "table":
        for message in result.messages:
            print(message, file=sys.stderr)
        if not result.results and target is None:
            print(str(result), file=sys.stderr)
            return
    if target is not None:
        _write_whole(target, lambda out: write_result(result, form, out))
        return
    write_result(result, form, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _placed(error: SqlError, file: str) -> SqlError:
    """The error with its place in front, on one line: `script.sql:3:8: Incorrect syntax near ...`."""
    line, column = error.data.get("line"), error.data.get("column")
    place = f"{file or 'line '}{':' if file else ''}{line}:{column}: " if line is not None else ""
    return type(error)(place + " ".join(error.message.split()), error.hint, **error.data)


def _script(parsed: argparse.Namespace) -> str:
    if (parsed.query is None) == (parsed.file is None):
        raise OptionError("Give either QUERY or -f FILE.", "For example: tarn sql 'SELECT 1 AS one'.")
    if parsed.query == "-":
        return sys.stdin.read()
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
