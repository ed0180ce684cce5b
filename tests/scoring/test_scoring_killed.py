"""kill -9 of the client and of workers at any moment of a job: resumed, it is the job that nobody killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
import pytest
from scoring_models import rows, small_model, write
from waiting import eventually

from engine import Workspace
from engine.pool import WorkspacePool

FILES, ROWS, BAD = 12, 4_000, 7
# What a client does: begins the job, or goes on with the one that is there.
CLIENT = """
import sys
from scoring_models import small_model
from engine import Workspace

if __name__ == "__main__":
    workspace = Workspace(sys.argv[1])
    with workspace.dedicated("chaos", nodes=2, progress=False) as pool:
        jobs = workspace.jobs
        if jobs:
            pool.resume(jobs[0].id)
        else:
            pool.score(small_model("small", 1), workspace.dataset("raw"), into="dbo.scores", keep=["id"])
"""


def make_files(home: Path) -> None:
    (home / "raw").mkdir(parents=True)
    for seed in range(FILES):
        frame = rows(ROWS, seed)
        frame.loc[BAD, "y"] = 5000.0
        write(frame, home / "raw" / f"{seed:02d}.parquet", group=1000)


def results(workspace: Workspace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and bad rows in the order of the tables."""
    return workspace.table("dbo.scores").to_pandas(), workspace.table("dbo.scores_bad_rows").to_pandas()


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same scoring by a run that nobody disturbs, with other parts side by side."""
    home = tmp_path_factory.mktemp("unkilled")
    make_files(home)
    workspace = Workspace(home)
    with workspace.dedicated("unkilled", nodes=1, progress=False) as pool:
        pool.score(small_model("small", 1), workspace.dataset("raw"), into="dbo.scores", keep=["id"])
    return results(workspace)


@contextmanager
def client(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    script = home / "client.py"
    script.write_text(CLIENT)
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, str(script), str(home)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def journalled(home: Path) -> int:
    return sum(1 for _ in home.glob("jobs/scoring/*/journal/*.json"))


def kill_client_after(home: Path, entries: int) -> None:
    """Run a client and kill it, and what it started, when it has written so many more lines."""
    before = journalled(home)
    with client(home) as process:
        eventually(lambda: journalled(home) - before >= entries or process.poll() is not None)
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
            process.wait()
            psutil.wait_procs(family, timeout=30)


def kill_workers_and_finish(home: Path, chance: random.Random) -> None:
    """Run a client to its end, killing a worker now and then."""
    with client(home) as process:
        seen = journalled(home)
        while process.poll() is None:
            eventually(lambda: journalled(home) > seen or process.poll() is not None)  # noqa: B023
            seen = journalled(home) + chance.randint(0, 3)
            for worker in _workers(process.pid)[:1]:
                worker.kill()
        assert process.returncode == 0


def _workers(pid: int) -> list[psutil.Process]:
    try:
        family = psutil.Process(pid).children(recursive=True)
        return [one for one in family if one.threads() and "spawn_main" not in " ".join(one.cmdline())][-1:]
    except psutil.Error:
        return []


def same_as(home: Path, unkilled: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    workspace = Workspace(home)
    for found, wanted in zip(results(workspace), unkilled, strict=True):
        pd.testing.assert_frame_equal(found, wanted)
    [job] = workspace.jobs
    assert job.status().state == "finished"
    table = workspace.table("dbo.scores")
    assert table.version == 0, "one commit"
    files = {path.name for path in Path(table.location).rglob("*.parquet")}
    assert len(files) == FILES, "nothing is left of what was killed"
    hidden = [path for path in Path(table.location).rglob(".*") if path.is_file() and path.suffix == ".tmp"]
    assert not hidden


@pytest.mark.timeout(240)
def test_a_client_that_is_killed_is_gone_on_with(
    tmp_path: Path, unkilled: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    make_files(tmp_path)
    kill_client_after(tmp_path, 3)
    workspace = Workspace(tmp_path)
    [job] = workspace.jobs
    assert job.status().state == "interrupted"
    assert job.status().done >= 3
    assert "dbo.scores" not in workspace.tables()
    with workspace.dedicated("again", nodes=1, progress=False) as pool:
        pool.resume(job.id)
    same_as(tmp_path, unkilled)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(20))
def test_chaos(tmp_path: Path, unkilled: tuple[pd.DataFrame, pd.DataFrame], seed: int) -> None:
    chance = random.Random(seed)
    make_files(tmp_path)
    for _ in range(chance.randint(1, 2)):
        kill_client_after(tmp_path, chance.randint(0, FILES + 1))
    kill_workers_and_finish(tmp_path, chance)
    same_as(tmp_path, unkilled)


def test_a_killed_worker_costs_nothing(
    pool: WorkspacePool, scoring_home: Workspace, folder: Path, tmp_path: Path
) -> None:
    frames = [rows(500, seed) for seed in range(6)]
    for seed, frame in enumerate(frames):
        write(frame, folder / f"{seed}.parquet")
    source = scoring_home.dataset(str(folder.relative_to(scoring_home.home)))
    job = pool.score(small_model("small", 1), source, into="dbo.worker_killed", keep=["id"], wait=False)
    eventually(lambda: job.status().done > 0)
    os.kill(next(iter(pool.client.run(os.getpid).values())), signal.SIGKILL)
    assert sorted(job.result().table.to_pandas()["id"]) == sorted(pd.concat(frames)["id"])
