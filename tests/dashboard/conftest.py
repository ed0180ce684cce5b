"""A browser, and a dashboard of a log in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser, missing
from made_log import whole_log, write

from engine.events import EventLog, open_log


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    """One browser for all tests."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> EventLog:
    """A log with something of everything, which this process goes on writing."""
    log = open_log(str(tmp_path_factory.mktemp("lake")))
    write(whole_log(), log.bind().take)
    log.flush()
    return log


def start_recorder(home: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """`tarn dashboard` in a process of its own, and its link."""
    command = [sys.executable, "-c", "import sys; from engine.cli import main; sys.exit(main())", "dashboard"]
    process = subprocess.Popen(
        [*command, "--home", str(home), "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http"):
            return process, line.strip()
    raise AssertionError(f"tarn dashboard ended with {process.wait()}")


@pytest.fixture(scope="module")
def recorder(made: EventLog) -> Iterator[str]:
    """The address of a recorder of `made`, without a page."""
    process, link = start_recorder(Path(made.location).parent)
    yield link.rsplit("/", 1)[0]
    process.terminate()
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()
