"""Plans are stable texts: a change of the planner shows as a difference of these files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from golden import FOLDER, plan_text
from tpch_tables import QUERIES


@pytest.mark.parametrize("name", QUERIES)
def test_the_plan_is_the_approved_one(name: str) -> None:
    assert plan_text(name) == (FOLDER / f"{name}.txt").read_text()


def test_there_is_no_plan_without_a_query() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(QUERIES)


def test_plans_do_not_depend_on_hash_seeds() -> None:
    program = "from golden import plan_text; print(plan_text('q05') + plan_text('q21'))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{Path.cwd()}:{Path(__file__).parent}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1
