"""A search that no worker can hold is refused in one line, with a way out, before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import IntDistribution
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from engine import Workspace
from engine.errors import UnsupportedError
from engine.ml import search, sizes
from engine.ml.tuning.plan import SearchPlan
from engine.ml.tuning.state import Limits
from engine.pool import WorkspacePool

SPACE = {"max_depth": IntDistribution(2, 4)}
ASKED: dict[str, Any] = {"target": "tip_amount", "space": SPACE, "trials": 1, "max_rounds": 2}
FARES = ["fare_amount", "trip_distance"]


def small_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "worker_memory", lambda _: 2**16)


@pytest.mark.parametrize(
    "features", [None, make_column_transformer((StandardScaler(), FARES))], ids=["default", "given"]
)
def test_by_footers_alone(pool: WorkspacePool, monkeypatch: pytest.MonkeyPatch, features: Any) -> None:
    small_workers(monkeypatch)
    before = pool.usage().counts
    with pytest.raises(UnsupportedError, match=r"'raw/trips' takes .* in every worker") as caught:
        pool.tune("raw/trips", features=features, **ASKED)
    assert "pool.train" in caught.value.hint
    assert pool.usage().counts == before, "not a byte was read"


def test_by_the_matrix_itself_where_the_footers_do_not_tell(
    pool: WorkspacePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = make_column_transformer((PCA(1), FARES))
    data = pool.training_set("raw/trips", target="tip_amount", features=narrow)
    study = pool.tune(data, space=SPACE, trials=1, max_rounds=2, name="fits")
    folder = Path(pool.workspace.home) / "studies"
    there = sorted(folder.iterdir())
    with monkeypatch.context() as patch:
        small_workers(patch)
        with pytest.raises(UnsupportedError, match="in every worker"):
            pool.tune(data, space=SPACE, trials=1, max_rounds=2)
        with pytest.raises(UnsupportedError, match="in every worker"):
            study.resume(trials=2)
    assert sorted(folder.iterdir()) == there
    assert len(study.resume(trials=2).trials) == 2


def test_what_a_search_takes(pool: WorkspacePool) -> None:
    """The bytes of XGBoost's two forms of the matrix, once per part of a k-fold split, and of each fit."""
    data = pool.training_set("raw/trips", target="tip_amount")
    rows, width = int(data.rows.sum()), len(data.names)
    plan = SearchPlan(space=SPACE, limits=Limits(1), max_rounds=2)
    assert sizes.search_bytes(data, plan, 2) == rows * (2 * width + 2 * 16)
    wide = SearchPlan(space={**SPACE, "max_bin": IntDistribution(64, 512)}, limits=Limits(1), max_rounds=2)
    assert sizes.search_bytes(data, wide, 1) == rows * (4 * width + 16)
    assert sizes.fit_bytes(data, {}) == rows * (2 * width + 16)


def test_cores_that_a_search_leaves_idle_are_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "usable_cores", lambda: 4)
    [note] = search._idle(workspace.dedicated("narrow", nodes=1))
    assert note.startswith("1 of 4 cores searched")
    assert search._idle(workspace.dedicated("wide", nodes=2, threads=2)) == ()
    assert search._idle(workspace.serverless("elastic", max_workers=4)) == ()
