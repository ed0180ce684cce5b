"""`tarn score`: a model over the rows of a table, a dataset or a query, into a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError

if TYPE_CHECKING:
    import argparse

    from engine.cli.command import Commands
    from engine.ml.model import Model
    from engine.pool import WorkspacePool
    from engine.workspace import Workspace


def add(commands: Commands) -> None:
    """Make the subcommand known."""
    score = commands.add_parser("score", help="score a table, files or a query into a table")
    score.add_argument("model", nargs="?", metavar="MODEL", help="name, name@alias or name@version")
    score.add_argument(
        "source", nargs="?", metavar="SOURCE", help="a table (also table@version), files, or a SELECT"
    )
    score.add_argument("into", nargs="?", metavar="INTO", help="the table of scores")
    score.add_argument("--home", type=Path, default=Path(), help="the workspace's folder (default: this one)")
    score.add_argument("--keep", metavar="COLUMNS", default="", help="columns beside the scores, by commas")
    score.add_argument(
        "--rename", metavar="A=B", action="append", default=[], help="call column A of the scores B"
    )
    score.add_argument("--mode", choices=("overwrite", "append", "create"), default="overwrite")
    score.add_argument("--max-bad-fraction", type=float, help="stop when more rows than this share are bad")
    score.add_argument("--shadow", metavar="MODEL", help="a challenger that scores beside")
    score.add_argument("--runtime", choices=("auto", "onnxruntime"), default="auto")
    score.add_argument("--force", action="store_true", help="score again what is scored already")
    score.add_argument("--resume", metavar="ID", help="go on with a job that was stopped or killed")
    score.add_argument("--jobs", action="store_true", help="list the jobs of the workspace")
    score.add_argument("--workers", type=int, default=1, help="workers of the pool (default: 1)")
    score.set_defaults(run=_run)


def _run(parsed: argparse.Namespace) -> int:
    from engine.workspace import Workspace

    if not parsed.home.is_dir():
        raise OptionError(f"There is no folder {parsed.home}.", "Give the workspace's folder as --home.")
    named = [parsed.model, parsed.source, parsed.into]
    if sum([parsed.jobs, parsed.resume is not None, all(named)]) != 1 or any(named) != all(named):
        raise OptionError(
            "Give MODEL SOURCE INTO, or --resume ID, or --jobs.",
            "For example: tarn score tip raw/trips dbo.tips",
        )
    workspace = Workspace(parsed.home)
    if parsed.jobs:
        for job in workspace.jobs:
            print(job)
        return 0
    with workspace.dedicated("score", nodes=parsed.workers, progress=sys.stderr.isatty()) as pool:
        if parsed.resume is None:
            job = pool.score(**_request(parsed, pool))
        elif parsed.max_bad_fraction is None:
            job = pool.resume(parsed.resume)
        else:
            job = pool.resume(parsed.resume, max_bad_fraction=parsed.max_bad_fraction)
        print(job.result())
    return 0


def _request(parsed: argparse.Namespace, pool: WorkspacePool) -> dict[str, Any]:
    workspace = pool.workspace
    return {
        "model": _model(workspace, parsed.model),
        "source": parsed.source,
        "into": parsed.into,
        "keep": [name for name in parsed.keep.split(",") if name],
        "rename": dict(_pair(text) for text in parsed.rename),
        "mode": parsed.mode,
        "max_bad_fraction": parsed.max_bad_fraction,
        "shadow": None if parsed.shadow is None else _model(workspace, parsed.shadow),
        "runtime": parsed.runtime,
        "force": parsed.force,
    }


def _pair(text: str) -> tuple[str, str]:
    name, equals, other = text.partition("=")
    if not (name and equals and other):
        raise OptionError(f"--rename {text} is not A=B.", "For example: --rename score=risk")
    return name, other


def _model(workspace: Workspace, text: str) -> Model:
    name, at, version = text.partition("@")
    if not at:
        return workspace.models.current(name)
    return workspace.models.get(name, int(version) if version.isdigit() else version)
