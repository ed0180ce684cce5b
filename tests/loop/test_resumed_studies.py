"""kill -9 of a study's client, of a worker, of everything: it goes on to what was never killed."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import QMCSampler, TPESampler
from test_killed_workers import killing
from waiting import eventually

from engine import Workspace
from engine.demo.job import job_for
from engine.errors import NotFoundError, OptionError
from engine.ml.study import Study
from engine.ml.tuning.archive import Archive
from engine.ml.tuning.journal import read_journal
from engine.pool import WorkspacePool

SPACE = {
    "max_depth": IntDistribution(2, 5),
    "eta": FloatDistribution(0.1, 0.5, log=True),
    "subsample": FloatDistribution(0.5, 1.0),
    "colsample_bytree": FloatDistribution(0.5, 1.0),
}
HALVING: dict[str, Any] = {"space": SPACE, "trials": 6, "max_rounds": 18, "schedule": "halving", "seed": 3}

KILLED = """
import os, signal, sys
from pathlib import Path
import psutil
from engine import Workspace
from engine.ml.tuning import journal
from test_resumed_studies import HALVING

home, stop, whom, pids = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
append, reports = journal.FileJournal.append, 0

def dying(self, kind, **data):
    global reports
    append(self, kind, **data)
    reports += kind == "reported"
    if reports == stop:
        os.write(self._file.fileno(), b"00000000 {"[:stop])
        if whom == "client":
            os.kill(os.getpid(), signal.SIGKILL)
        below = psutil.Process().children(recursive=True)
        pids.write_text(" ".join(str(process.pid) for process in below))
        os.killpg(0, signal.SIGKILL)

if __name__ == "__main__":
    journal.FileJournal.append = dying
    with Workspace(home).dedicated("killed", nodes=2, progress=False, spill=str(pids.parent)) as pool:
        pool.tune(pool.workspace.table("dbo.studied"), target="tipped", name="killed", **HALVING)
"""


@pytest.fixture(scope="module")
def table(pool: WorkspacePool) -> Any:
    job = job_for(pool.workspace.dataset("raw/trips"), None)
    pool.write(job.prepared(), into="dbo.studied")
    return pool.workspace.table("dbo.studied")


def kept(workspace: Workspace, study: str) -> dict[str, Any]:
    """What a study's journal says, without clocks: proposals, rungs in order of trials, boosters."""
    folder = Path(workspace.home) / "studies" / study
    entries = read_journal(folder)
    reports = [entry for entry in entries if entry["kind"] == "reported"]
    return {
        "proposed": [e["params"] for e in entries if e["kind"] == "proposed"],
        "reported": sorted((e["number"], e["checkpoint"], e["curve"]) for e in reports),
        "boosters": {path.name: path.read_bytes() for path in sorted((folder / "boosters").iterdir())},
    }


@pytest.fixture(scope="module")
def whole(pool: WorkspacePool, table: Any) -> Study:
    """The study that nobody has killed."""
    return pool.tune(table, target="tipped", name="whole", **HALVING)


def die(tmp_path: Path, home: str, stop: int, whom: str) -> None:
    """Run the study in a process group of its own, until its n-th report kills the client or all of them."""
    script, pids = tmp_path / "killed.py", tmp_path / "pids"
    script.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, str(script), home, str(stop), whom, str(pids)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), *sys.path))},
    )
    assert done.returncode == -9, done.stderr[-3000:]
    if whom == "everything":
        below = [int(pid) for pid in pids.read_text().split()]
        assert len(below) >= 3, "the warm server and two workers"
        eventually(lambda: not any(map(alive, below)))


def alive(pid: int) -> bool:
    """Whether a process is there; one that has ended and that nobody has asked about is not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def check_same(pool: WorkspacePool, study: Study, whole: Study) -> None:
    """Proposals, rungs, promotions, boosters and the best trial are those of the other, bit for bit."""
    assert kept(pool.workspace, study.name) == kept(pool.workspace, whole.name)
    assert study.best_trial.params == whole.best_trial.params
    assert study.best.booster == whole.best.booster
    assert [(t.score, t.status, t.rungs) for t in study.trials] == [
        (t.score, t.status, t.rungs) for t in whole.trials
    ]


@pytest.mark.parametrize(
    ("stop", "whom"),
    [
        (3, "client"),
        (5, "everything"),
        pytest.param(7, "client", marks=pytest.mark.slow),
        pytest.param(1, "everything", marks=pytest.mark.slow),
        pytest.param(8, "everything", marks=pytest.mark.slow),
    ],
)
def test_a_kill_changes_nothing(
    pool: WorkspacePool, whole: Study, tmp_path: Path, stop: int, whom: str
) -> None:
    die(tmp_path, pool.workspace.home, stop, whom)
    check_same(pool, pool.resume_study("killed"), whole)


@pytest.mark.parametrize("after", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_killed_worker_changes_nothing(
    pool: WorkspacePool, table: Any, whole: Study, tmp_path: Path, after: int
) -> None:
    """The first or a later rung: a promoted trial goes on from the booster of the rung before."""
    with killing(pool, "fit-trial", tmp_path, after=after):
        study = pool.tune(table, target="tipped", name="lamed", **HALVING)
    check_same(pool, study, whole)


def test_each_trial_is_a_child_run_once(pool: WorkspacePool, table: Any) -> None:
    study = pool.tune(table, target="tipped", space=SPACE, trials=3, max_rounds=9)
    assert study.resume(trials=5).trials[:3] != ()
    client = pool.workspace.models.tracking._client
    runs = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{study.run_id}'")
    assert sorted(run.info.run_name for run in runs) == [f"trial {number}" for number in range(5)]


def test_a_study_that_is_over_resumes_to_itself(pool: WorkspacePool, table: Any) -> None:
    study = pool.tune(table, target="tipped", space=SPACE, trials=3, max_rounds=9, name="over")
    again = pool.resume_study("over")
    assert again.trials == study.trials
    assert again.best.booster == study.best.booster
    assert again.leaderboard()["trial"].tolist() == study.leaderboard()["trial"].tolist()


@pytest.mark.parametrize(
    "sampler",
    ["random", "grid", TPESampler(seed=1), QMCSampler(seed=1)],
    ids=["random", "grid", "own-tpe", "own-qmc"],
)
def test_samplers_go_on_where_they_were(pool: WorkspacePool, table: Any, sampler: Any) -> None:
    """Four trials and then four more are the eight of one go: samplers keep what they know in the journal."""
    space: Any = {"eta": FloatDistribution(0.1, 0.5), "gamma": FloatDistribution(0.0, 2.0)}
    if sampler == "grid":
        space = {
            "max_depth": IntDistribution(2, 5),
            "grow_policy": CategoricalDistribution(["depthwise", "lossguide"]),
        }
    asked: dict[str, Any] = {"target": "tipped", "space": space, "max_rounds": 4, "schedule": "full"}
    whole = pool.tune(table, trials=8, sampler=copy.deepcopy(sampler), name="eight", **asked)
    part = pool.tune(table, trials=4, sampler=copy.deepcopy(sampler), name="four", **asked)
    rest = part.resume(trials=8)
    if isinstance(sampler, str):
        assert [t.params for t in rest.trials] == [t.params for t in whole.trials]
    assert len({json.dumps(t.params, sort_keys=True) for t in rest.trials}) == 8


def test_limits_end_a_study_that_can_go_on(pool: WorkspacePool, table: Any) -> None:
    study = pool.tune(table, target="tipped", space=SPACE, trials=None, core_seconds=0.5, max_rounds=60)
    assert study.finished == "core_seconds"
    assert study.overrun.get("core_seconds", 0.0) < 1.0
    more = study.resume(core_seconds=study.core_seconds + 0.5)
    assert len(more.trials) >= len(study.trials)
    assert more.best_trial.score >= study.best_trial.score


def test_unknown_studies_are_named(pool: WorkspacePool) -> None:
    with pytest.raises(NotFoundError, match="no study 'nowhere'"):
        pool.resume_study("nowhere")


def test_two_processes_cannot_take_up_one_study(pool: WorkspacePool, table: Any) -> None:
    study = pool.tune(table, target="tipped", space=SPACE, trials=1, max_rounds=2)
    _, _, journal, _ = Archive(Path(pool.workspace.home) / "studies").open(study.name)
    with pytest.raises(OptionError, match="another process"):
        study.resume(trials=2)
    journal.close()
