"""Blocks on a worker's disk: whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.ml import spool


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "blocks"
    monkeypatch.setattr(spool, "_home", lambda: place)
    return place


def test_what_was_saved_first_is_there_whole(home: Path) -> None:
    spool.save("k", 3, {"matrix": np.ones((2, 2))})
    spool.save("k", 3, {"matrix": np.zeros((2, 2))})
    assert spool.load("k", 4) is None
    loaded = spool.load("k", 3)
    assert loaded is not None
    assert np.array_equal(loaded["matrix"], np.ones((2, 2)))
    assert [path.name for path in (home / "k").iterdir()] == ["3"]


def test_a_disk_that_takes_nothing_costs_no_fit(home: Path) -> None:
    home.touch()  # no folder can be made below it, as on a disk that is full
    spool.save("k", 0, {"matrix": np.ones((2, 2))})
    assert spool.load("k", 0) is None
