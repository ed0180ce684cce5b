"""A misspelt option of any public verb is one line of ours, with the nearest real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import Workspace
from engine.errors import OptionError
from pools import PoolSpec, PoolSpecError, TarnError


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("options"))


CALLS: list[tuple[Callable[[Any], Any], type[TarnError], str, str]] = [
    (lambda ws: ws.dedicated("dw", node=1), PoolSpecError, "dedicated() has no option 'node'.", "nodes=?"),
    (lambda ws: ws.serverless("x", max_worker=1), PoolSpecError, "no option 'max_worker'", "max_workers=?"),
    (lambda ws: ws.serverless("x", max_workers=1, idle=3), PoolSpecError, "no option 'idle'", "idle_seconds"),
    (lambda _: PoolSpec.dedicated("dw", nodes=1, thread=2), PoolSpecError, "option 'thread'", "threads=?"),
    (lambda ws: ws.models.register("m", b"", aliases="a"), OptionError, "register() has no", "alias=?"),
]
VERBS: list[tuple[Callable[[Any], Any], str, str]] = [
    (lambda pool: pool.tune("t", target="y", space={}, n_trials=2), "no option 'n_trials'", "trials=?"),
    (lambda pool: pool.tune("t", targets="y", space={}), "tune() has no option 'targets'", "target=?"),
    (lambda pool: pool.train("t", target="y", round=2), "train() has no option 'round'", "rounds=?"),
    (lambda pool: pool.training_set("t", targt="y"), "training_set() has no option 'targt'", "target=?"),
    (lambda pool: pool.resume_study("s", trial=2), "resume_study() has no option 'trial'", "trials=?"),
    (lambda pool: pool.fit(None, "t", label="y"), "fit() has no option 'label'", "It takes features, source"),
    (lambda pool: pool.score("m", "t", to="x"), "score() has no option 'to'", "into"),
    (lambda pool: pool.transform(None, "t", into="x", kept=()), "transform() has no option 'kept'", "keep=?"),
    (lambda pool: pool.write(None, int="x"), "write() has no option 'int'", "into=?"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "says", "way_out"), CALLS, ids=[says for _, _, says, _ in CALLS])
def test_of_workspaces_and_pools(
    workspace: Workspace, call: Callable[[Any], Any], error: type[TarnError], says: str, way_out: str
) -> None:
    with pytest.raises(error) as caught:
        call(workspace)
    assert says in caught.value.message
    assert way_out in caught.value.hint


@pytest.mark.parametrize(("call", "says", "way_out"), VERBS, ids=[says for _, says, _ in VERBS])
def test_of_verbs(workspace: Workspace, call: Callable[[Any], Any], says: str, way_out: str) -> None:
    """Before anything else is looked at: the pool has not even started."""
    with pytest.raises(OptionError) as caught:
        call(workspace.dedicated("dw", nodes=1))
    assert says in caught.value.message
    assert way_out in caught.value.hint
    assert caught.value.data["option"] in says
