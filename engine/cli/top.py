"""`tarn top`: what a workspace is doing, in the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from engine.cli.dashboard import home_of

if TYPE_CHECKING:
    import argparse

    from engine.cli.command import Commands
    from engine.dashboard.views import Views

_MOST = 8


def add(commands: Commands) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("top", help="watch what a workspace is doing, in the terminal")
    parser.add_argument(
        "--home", default="demo-home", help="the workspace's folder or URL (default: demo-home)"
    )
    parser.add_argument(
        "--once", action="store_true", help="print it once and end, as it does in a plain log"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Show until interrupted."""
    from rich.console import Console
    from rich.live import Live

    from engine.dashboard.feed import Feed
    from engine.events import open_log

    feed = Feed(open_log(home_of(parsed.home)))
    feed.catch_up()
    console = Console()
    if parsed.once or not sys.stdout.isatty():
        console.print(screen(feed.views, time.time()))
        return 0
    with Live(screen(feed.views, time.time()), console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(1.0)
            feed.catch_up()
            live.update(screen(feed.views, time.time()), refresh=True)


_NUMBERS = frozenset(
    (
        "seconds",
        "rows",
        "read",
        "memory",
        "running",
        "waiting",
        "trials",
        "best",
        "rows/s",
        "left",
        "partitions",
    )
)


def screen(views: Views, now: float) -> Any:
    """Tables of pools, requests, studies, scoring jobs and runs; a line where there are none yet."""
    from rich.console import Group
    from rich.text import Text

    tables = (_pools(views), _queries(views, now), _studies(views), _jobs(views, now), _runs(views, now))
    return Group(*(one if one.row_count else Text(f" {one.title}: none yet", style="dim") for one in tables))


def _table(title: str, *columns: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(
        title=title, title_justify="left", title_style="bold", expand=True, box=SIMPLE_HEAD, padding=(0, 1)
    )
    for name in columns:
        side: Any = "right" if name in _NUMBERS else "left"
        made.add_column(name, no_wrap=True, overflow="ellipsis", justify=side)
    made.columns[-1].ratio = 1
    made.columns[-1].justify = "left"  # it takes what is left of the line, and a number would stand far off
    return made


def _add(made: Any, *cells: Any) -> None:
    """A row; text is shown as it is, whatever brackets are in it."""
    from rich.text import Text

    made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def _state(state: str) -> Any:
    """A state in its colour, which the word says too."""
    from rich.text import Text

    from engine.dashboard.style import STATE_COLOURS

    return Text(state, style=STATE_COLOURS.get(state, ""))


def _pools(views: Views) -> Any:
    from engine.dashboard.spoken import spoken_bytes
    from engine.dashboard.views.pools import pool_rows

    names = ("name", "state", "workers", "running", "waiting", "memory", "read", "cost")
    made = _table("Pools", "pool", "state", "workers", "running", "waiting", "memory", "read", "worker s")
    rows = pool_rows(views.pools)
    for name, state, workers, running, waiting, memory, read, cost in list(
        zip(*(rows[one] for one in names), strict=True)
    )[:_MOST]:
        _add(
            made,
            name,
            _state(state),
            workers,
            str(running),
            str(waiting),
            spoken_bytes(memory),
            spoken_bytes(read),
            f"{cost:,.1f}",
        )
    return made


def _queries(views: Views, now: float) -> Any:
    from engine.dashboard.spoken import spoken_bytes
    from engine.dashboard.views.queries import query_rows

    names = ("state", "seconds", "rows", "read", "user", "label", "text")
    made = _table("Queries", "state", "seconds", "rows", "read", "user", "label", "T-SQL")
    rows = query_rows(views.queries, now, most=_MOST)
    for state, seconds, count, read, user, label, text in zip(*(rows[one] for one in names), strict=True):
        _add(
            made,
            _state(state),
            f"{seconds:.2f}",
            f"{count:,}",
            spoken_bytes(read),
            user,
            label,
            text,
        )
    return made


def _studies(views: Views) -> Any:
    made = _table("Studies", "study", "state", "trials", "best", "metric")
    for study in sorted(views.studies.by_id.values(), key=lambda one: -one.started)[:_MOST]:
        best = study.best()
        score = "" if best is None or best.score is None else f"{best.score:.5f}"
        _add(made, study.name, _state(study.state), str(len(study.trials)), score, study.metric)
    return made


def _jobs(views: Views, now: float) -> Any:
    from engine.dashboard.spoken import spoken_count, spoken_seconds

    made = _table("Scoring", "model", "into", "state", "partitions", "rows/s", "left", "bad rows")
    for job in sorted(views.scoring.by_id.values(), key=lambda one: -one.started)[:_MOST]:
        model, into = (job.asked.model, job.asked.into) if job.asked else (job.id, "")
        done = f"{job.partitions:,} of {job.wanted:,}"
        left = spoken_seconds(job.eta(now))
        _add(
            made,
            model,
            into,
            _state(job.state),
            done,
            spoken_count(job.rate()),
            left,
            f"{job.bad_rows:,}",
        )
    return made


def _runs(views: Views, now: float) -> Any:
    from engine.dashboard.views.runs import run_rows

    made = _table("Runs", "run", "verb", "status", "seconds", "pool", "user")
    names = ("name", "verb", "status", "seconds", "pool", "user")
    rows = run_rows(views.runs, now, most=_MOST)
    for name, verb, status, seconds, pool, user in zip(*(rows[one] for one in names), strict=True):
        _add(made, name, verb, _state(status), f"{seconds:.1f}", pool, user)
    return made
