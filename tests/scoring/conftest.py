from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scoring_models import small_model

from engine import Workspace
from engine.ml.model import Model
from engine.pool import WorkspacePool


@pytest.fixture(scope="session")
def scoring_home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("scoring"))


@pytest.fixture(scope="session")
def pool(scoring_home: Workspace) -> Iterator[WorkspacePool]:
    with scoring_home.dedicated("scoring", nodes=2, progress=False) as started:
        yield started


@pytest.fixture
def folder(scoring_home: Workspace, request: pytest.FixtureRequest) -> Path:
    """A folder of the workspace for the test's own files."""
    made = Path(scoring_home.home) / "raw" / request.node.name.replace("[", "-").replace("]", "")
    made.mkdir(parents=True)
    return made


@pytest.fixture(scope="session")
def model() -> Model:
    return small_model("small", 1)
