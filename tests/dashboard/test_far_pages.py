"""The pages in the dashboard of a scheduler that others have started."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from clusters import cluster

from engine.workspace import Workspace


@pytest.mark.slow
def test_a_far_schedulers_dashboard_has_our_pages_and_its_pool_is_sampled(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "lake")
    with cluster(tmp_path) as far:
        with workspace.dedicated("far", nodes=2, address=far.address, progress=False) as pool:
            assert pool.map(abs, [-1, 2], label="abs") == [1, 2]
            root = str(pool.dashboard_link).removesuffix("/status")
            for page in ("pools", "queries", "studies", "scoring", "runs", "compare"):
                with urllib.request.urlopen(f"{root}/{page}") as answer:
                    assert "Tarn" in answer.read().decode()
            with urllib.request.urlopen(f"{root}/status") as answer:
                assert '<a href="pools">' in answer.read().decode()
        kinds = set(workspace.events.to_pandas()["kind"])
        assert {"worker_joined", "pool_sample", "cost_line"} <= kinds
