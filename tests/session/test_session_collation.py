"""Collations: of the workspace, kept by it, and of a column; and files are left out under each."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Workspace
from engine.errors import OptionError, UnsupportedSqlError
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.profile import Profile

if TYPE_CHECKING:
    from pathlib import Path

CI = "SQL_Latin1_General_CP1_CI_AS"
NAMES = "SELECT v FROM (VALUES (N'Oslo'), (N'OSLO '), (N'oslo'), (N'rome')) AS t(v)"


def session_of(workspace: Workspace) -> Session:
    profile = Profile(collation=workspace.collation)
    return Session(InlineTasks(), workspace.storage, nodes=lambda _: 2, models=lambda: None, profile=profile)


def test_a_workspace_keeps_the_collation_of_its_first_query(tmp_path: Path) -> None:
    assert Workspace(tmp_path / "a").collation.name == "Latin1_General_100_BIN2_UTF8"
    assert Workspace(tmp_path / "b", collation=CI).collation.name == CI
    assert Workspace(tmp_path / "b").collation.name == CI
    assert Workspace(tmp_path / "b", collation=CI.lower()).collation.name == CI
    with pytest.raises(OptionError, match=f"has the collation {CI}, not Latin1_General_BIN2"):
        _ = Workspace(tmp_path / "b", collation="Latin1_General_BIN2").collation
    with pytest.raises(UnsupportedSqlError, match="Klingon"):
        _ = Workspace(tmp_path / "c", collation="Klingon").collation


@pytest.mark.parametrize(
    ("collation", "equal", "groups", "liked"), [(None, 1, 3, 1), (CI, 3, 2, 3)], ids=["bin2", "ci"]
)
def test_equality_groups_and_like_follow_the_workspace(
    tmp_path: Path, collation: str | None, equal: int, groups: int, liked: int
) -> None:
    asked = session_of(Workspace(tmp_path, collation=collation))
    asked.run(f"CREATE TABLE t (v NVARCHAR(10)); INSERT INTO t {NAMES}")
    assert asked.run("SELECT COUNT(*) AS n FROM t WHERE v = 'oslo'").scalar() == equal
    # blanks at the end never count: of the four only 'Oslo', 'OSLO ' and 'oslo' may be one
    assert asked.run("SELECT COUNT(DISTINCT RTRIM(v)) AS n FROM t").scalar() == groups + (collation is None)
    assert asked.run("SELECT COUNT(*) AS n FROM (SELECT v FROM t GROUP BY v) AS g").scalar() == groups + (
        collation is None
    )
    assert asked.run("SELECT COUNT(*) AS n FROM t WHERE v LIKE 'os%'").scalar() == liked
    assert asked.run("SELECT collation_name FROM sys.columns WHERE name = 'V'").scalar() == (
        collation or "Latin1_General_100_BIN2_UTF8"
    )


def test_a_column_has_its_own(tmp_path: Path) -> None:
    asked = session_of(Workspace(tmp_path))
    asked.run(
        f"CREATE TABLE t (exact NVARCHAR(10), loose NVARCHAR(10) COLLATE {CI}); INSERT INTO t SELECT v, v FROM ({NAMES}) AS n"
    )
    assert asked.run("SELECT COUNT(*) AS n FROM t WHERE exact = 'OSLO'").scalar() == 1
    assert asked.run("SELECT COUNT(*) AS n FROM t WHERE loose = 'OSLO'").scalar() == 3
    assert asked.run(f"SELECT COUNT(*) AS n FROM t WHERE exact = 'OSLO' COLLATE {CI}").scalar() == 3
    assert asked.run("SELECT collation_name FROM sys.columns WHERE name = 'loose'").scalar() == CI


@pytest.mark.parametrize("collation", [None, CI], ids=["bin2", "ci"])
def test_files_are_left_out_by_their_statistics_under_every_collation(
    tmp_path: Path, collation: str | None
) -> None:
    workspace = Workspace(tmp_path, collation=collation)
    for letter in "abcdefgh":
        names = [f"{letter}{number:03}" for number in range(100)]
        pq.write_table(pa.table({"name": names}), tmp_path / f"{letter}.parquet")
    text = "SELECT name FROM OPENROWSET(BULK '*.parquet', FORMAT = 'PARQUET') AS r WHERE name = 'c042'"
    answer = session_of(workspace).run(text).last.answer
    assert answer.to_arrow().column(0).to_pylist() == ["c042"]
    looked_at = sum(task.rows_read for step in answer.steps for task in step.tasks)
    # without case the bounds are 'C042' and 'c042', between which other small letters lie too
    assert looked_at == (100 if collation is None else 300)
