"""Workers load what they will score with while the job is planned."""

from __future__ import annotations

import sys

from scoring_models import small_model
from waiting import eventually

from engine import Workspace
from engine.ml.scoring.ahead import _load, loading_ahead


def loaded() -> tuple[bool, int]:
    """Whether this process has what scores, and how many models it keeps warm."""
    from engine.inference.runner import _warm

    return "engine.ml.scoring.work" in sys.modules, _warm.cache_info().currsize


def test_every_worker_has_the_model_before_the_first_part(scoring_home: Workspace) -> None:
    with scoring_home.dedicated("ahead", nodes=2, progress=False) as pool:
        with loading_ahead(pool, [small_model("ahead", 3)], "auto") as sent:
            assert pool.gather(sent) == [None, None]
            futures = [
                pool.client.submit(loaded, workers=[one], pure=False) for one in pool.client.nthreads()
            ]
            assert [one.result() for one in futures] == [(True, 1), (True, 1)]
        eventually(
            lambda: pool.client.futures.keys() == {one.key for one in futures}
        )  # nothing of it is kept


def test_a_model_that_cannot_be_loaded_is_told_of_by_its_part() -> None:
    _load([(b"no graph at all", ("score",), "auto"), (small_model("ahead", 3).onnx, ("score",), "auto")])


def test_a_pool_without_workers_is_not_woken(scoring_home: Workspace) -> None:
    with scoring_home.serverless("asleep", max_workers=2, progress=False) as asleep:
        with loading_ahead(asleep, [small_model("ahead", 3)], "auto") as sent:
            assert sent == []
        assert asleep.worker_count == 0
