"""`tarn dashboard`: the pages of past and present runs, without any pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import OptionError

if TYPE_CHECKING:
    import argparse

    from engine.cli.command import Commands


def add(commands: Commands) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "dashboard", help="look at past and present runs of a workspace, without a pool"
    )
    parser.add_argument(
        "--home", default="demo-home", help="the workspace's folder or URL (default: demo-home)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8790, help="0 for any free one (default: 8790)")
    parser.add_argument(
        "--token",
        action="store_true",
        help="ask visitors for a token; always so on other addresses than 127.0.0.1",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from engine.dashboard.serve import Recorder
    from engine.events import open_log
    from pools.guard import is_loopback, new_token

    log = open_log(home_of(parsed.home))
    token = new_token() if parsed.token or not is_loopback(parsed.host) else None
    recorder = Recorder(log, host=parsed.host, port=parsed.port, token=token)
    print(f"{log.location}\n{recorder.link}\nCtrl-C ends it.", flush=True)
    recorder.run()
    return 0


def home_of(given: str) -> str:
    """The home of a workspace that is there.

    Raises:
        OptionError: There is no such folder.
    """
    from engine.lake import open_storage

    if "://" not in given and not Path(given).expanduser().is_dir():
        raise OptionError(f"There is no folder {given}.", "Give the workspace's folder as --home.")
    return open_storage(given).home.location
