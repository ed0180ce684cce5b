"""Compiled kernels are kept: a process that comes after loads what the first has compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tree_graphs as tg

# How often the kernel was loaded, and how often compiled, by a process that scores once.
SCORES = """
import json, sys
import numpy as np
from engine.inference import load_runner
from engine.inference.walk import score_float32
runner = load_runner(open(sys.argv[1], "rb").read(), ["scores"])
runner.run({"x": np.zeros((10, 4), np.float32)})
stats = score_float32.stats
print(json.dumps([runner.runtime, sum(stats.cache_hits.values()), sum(stats.cache_misses.values())]))
"""


@pytest.mark.slow
def test_a_second_process_compiles_nothing_for_another_model(tmp_path: Path) -> None:
    kept = {**os.environ, "TARN_KERNEL_CACHE": str(tmp_path / "cache")}
    found = []
    for seed in (1, 2):
        random = np.random.default_rng(seed)
        tree = tg.grow(random, depth=3 + seed, features=4, modes=("BRANCH_LT",), targets=(0,))
        (tmp_path / "model.onnx").write_bytes(tg.separate([tree]))
        run = subprocess.run(
            [sys.executable, "-c", SCORES, str(tmp_path / "model.onnx")],
            env=kept,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(run.stdout))
    assert found == [["trees", 0, 1], ["trees", 1, 0]]


def test_a_folder_that_cannot_be_written_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.inference import compiled

    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(compiled.FOLDER_VARIABLE, str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    folder = compiled.cache_folder.__wrapped__()
    assert folder.parent == tmp_path / "user" / "tarn"
