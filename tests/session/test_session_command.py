"""`tarn sql`, and pools that other processes find by their names."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

import engine
from engine import Workspace
from engine.addresses import KnownPool, known_pool, remember
from engine.cli import main
from engine.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.pool import WorkspacePool

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def running(workspace: Workspace) -> Iterator[WorkspacePool]:
    with workspace.dedicated("dw", nodes=1, progress=False) as pool:
        pool.sql("CREATE TABLE t (a INT, b NVARCHAR(9)); INSERT INTO t VALUES (1, 'x'), (2, NULL)")
        yield pool


def tarn(workspace: Workspace, *arguments: str) -> int:
    return main(["sql", "--home", workspace.home, "--pool", "dw", *arguments])


@pytest.mark.usefixtures("running")
def test_formats_files_and_messages(
    workspace: Workspace, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert tarn(workspace, "SELECT a, b FROM t ORDER BY a") == 0
    assert capsysbinary.readouterr().out == b"a | b\n--+-----\n1 | x\n2 | NULL\n(2 rows)\n"
    assert tarn(workspace, "--format", "csv", "PRINT 'note'; SELECT a, b FROM t ORDER BY a") == 0
    told = capsysbinary.readouterr()
    assert (told.out, told.err) == (b'"a","b"\n1,"x"\n2,\n', b"note\n")
    assert tarn(workspace, "--format", "json", "UPDATE t SET a = a") == 0
    told = capsysbinary.readouterr()
    assert (told.out, told.err) == (b"", b"(2 rows affected)\n")
    target, script = tmp_path / "out.parquet", tmp_path / "script.sql"
    script.write_text(
        "\ufeffSELECT a\nGO\nSELECT a FROM t ORDER BY a".replace("SELECT a\n", "SELECT 1 AS one\n")
    )
    assert tarn(workspace, "-f", str(script), "-o", str(target)) == 0
    assert pq.read_table(target).column("a").to_pylist() == [1, 2]
    assert list(tmp_path.iterdir()) == [target, script] or set(tmp_path.iterdir()) == {target, script}


@pytest.mark.usefixtures("running")
def test_a_script_comes_from_stdin(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 7 AS seven"))
    assert tarn(workspace, "-", "--format", "csv") == 0
    assert capsysbinary.readouterr().out == b'"seven"\n7\n'


@pytest.mark.usefixtures("running")
def test_errors_are_one_line_with_their_place(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.sql"
    script.write_text("SELECT 1 AS a\n  FROM nowhere")
    assert tarn(workspace, "-f", str(script)) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tarn: {script}:2:8: Invalid object name 'nowhere'. Hint: ")
    assert tarn(workspace, "SELECT a, FROM t") == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("tarn: line 1:11: Incorrect syntax near 'FROM'. Hint: ")
    target = tmp_path / "out.csv"
    assert tarn(workspace, "SELECT 1 / 0 AS a", "-o", str(target)) == 1
    assert "Divide by zero error encountered." in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "parquet", "SELECT 1 AS a"], "--format parquet needs a file"),
        ([], "Give either QUERY or -f FILE"),
        (["-f", "no/such/file.sql"], "cannot be read"),
        (["--pool", "nope", "SELECT 1 AS a"], "There is no pool 'nope' in this workspace."),
        (["--home", "no/such/home", "SELECT 1 AS a"], "There is no folder"),
    ],
)
def test_wrong_usage_is_told(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["sql", "--home", workspace.home, *arguments]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert message in line
    with pytest.raises(SystemExit) as ended:
        main(["sql", "--format", "xml", "SELECT 1 AS a"])
    assert ended.value.code == 2


def test_another_process_meets_the_pool_where_it_runs(workspace: Workspace, running: WorkspacePool) -> None:
    program = "import sys, engine; c = engine.connect(sys.argv[1], 'DW'); print(c.pool.spec.address, c.execute('SELECT SUM(a) AS s FROM t').fetchone())"
    done = subprocess.run(
        [sys.executable, "-c", program, workspace.home], capture_output=True, text=True, check=True, cwd=ROOT
    )
    address, total = done.stdout.split(maxsplit=1)
    assert address == running.client.scheduler.address
    assert total.strip() == "(3,)"
    with engine.connect(workspace, "dw") as connection:
        assert connection.execute("SELECT COUNT(*) AS n FROM t").fetchone() == (2,)
    assert running.sql("SELECT COUNT(*) AS n FROM t").scalar() == 2, "it stays when the others leave"


def test_a_pool_that_has_ended_is_started_again_like_it_was(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    gone = KnownPool(
        "Etl", "serverless", 3, threads=2, idle_seconds=9.0, address="tcp://127.0.0.1:9", process=1
    )
    remember(workspace.storage, gone)
    spec = workspace.pool("etl").spec
    assert (spec.name, spec.kind, spec.policy.widest, spec.threads, spec.address) == (
        "Etl",
        "serverless",
        3,
        2,
        None,
    )
    with pytest.raises(NotFoundError, match=r"no pool 'x'.*There is: etl"):
        known_pool(workspace.storage, "x")
