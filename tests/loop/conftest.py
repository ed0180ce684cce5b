from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Workspace
from engine.demo.trips import write_trips
from engine.pool import WorkspacePool

ROWS = 6_000
MONTHS = ("2019-01", "2019-02", "2019-03", "2019-04")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("lake"))
    write_trips(made.home, rows=ROWS, months=MONTHS)
    return made


@pytest.fixture(scope="session")
def pool(workspace: Workspace) -> Iterator[WorkspacePool]:
    with workspace.dedicated("tests", nodes=2, progress=False) as started:
        yield started


@pytest.fixture
def lake(tmp_path: Path) -> Workspace:
    """A workspace of the test's own."""
    return Workspace(tmp_path / "lake")
