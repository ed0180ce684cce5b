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


ROWS = ["Oslo", "OSLO ", "oslo", "Rome", "rome", "Zürich", "zÜrich", None, "", "are", "b", "B", "a_b", "nix"]
OTHERS = ["OSLO", "ROME", "paris", "ZÜRICH", None]


@pytest.mark.parametrize("nodes", [1, 3])
def test_every_clause_takes_letters_of_both_cases_for_one(tmp_path: Path, nodes: int) -> None:
    """The oracle is Python: texts are one if they are without case and without blanks at their end."""
    workspace = Workspace(tmp_path, collation=CI)
    profile = Profile(collation=workspace.collation)
    asked = Session(
        InlineTasks(), workspace.storage, nodes=lambda _: nodes, models=lambda: None, profile=profile
    )
    for table, values in (("a", ROWS), ("b", OTHERS)):
        cells = ", ".join(f"({'NULL' if v is None else repr(v)}, {n})" for n, v in enumerate(values))
        asked.run(
            f"CREATE TABLE {table} (k NVARCHAR(20), n INT) WITH (DISTRIBUTION = HASH(k)); INSERT INTO {table} VALUES {cells}"
        )
    a = [None if v is None else v.lower().rstrip(" ") for v in ROWS]
    b = [None if v is None else v.lower() for v in OTHERS]
    known, others = [v for v in a if v is not None], {v for v in b if v is not None}
    sizes = sorted(a.count(v) for v in set(a))
    for text, wanted in [
        ("SELECT COUNT(*) FROM a WHERE k = 'osLO'", [known.count("oslo")]),
        ("SELECT COUNT(*) FROM a WHERE k <> 'osLO'", [len(known) - known.count("oslo")]),
        ("SELECT COUNT(*) FROM a WHERE k IN ('OSLO', 'romE')", [known.count("oslo") + known.count("rome")]),
        ("SELECT COUNT(*) FROM a WHERE k IN (SELECT k FROM b)", [sum(v in others for v in known)]),
        ("SELECT COUNT(*) FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k)", [sum(v is None or v not in others for v in a)]),
        ("SELECT COUNT(*) FROM a WHERE k LIKE 'zÜ%'", [2]),
        ("SELECT COUNT(*) FROM a WHERE k LIKE '[N-R]%'", [sum(v[:1] in "nopqr" for v in known if v)]),
        ("SELECT COUNT(*) AS c FROM a GROUP BY k ORDER BY c", sizes),
        ("SELECT COUNT(DISTINCT k) FROM a", [len(set(known))]),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT k FROM a) AS d", [len(set(a))]),
        ("SELECT a.n FROM a JOIN b ON a.k = b.k ORDER BY a.n", [n for n, v in enumerate(a) if v in others]),
        ("SELECT COUNT(*) FROM (SELECT k FROM a UNION SELECT k FROM b) AS u", [len({*a, *b})]),
        ("SELECT COUNT(*) FROM (SELECT k FROM a EXCEPT SELECT k FROM b) AS u", [len({*a} - {*b})]),
        ("SELECT COUNT(*) FROM (SELECT k FROM a INTERSECT SELECT k FROM b) AS u", [len({*a} & {*b})]),
        ("SELECT COUNT(*) OVER (PARTITION BY k) AS c FROM a ORDER BY n", [a.count(v) for v in a]),
        ("SELECT LOWER(RTRIM(k)) AS s FROM a WHERE k <> '' AND k <> 'a_b' ORDER BY k", sorted(v for v in known if v not in ("", "a_b"))),
        ("SELECT LOWER(RTRIM(MAX(k))) FROM a", ["zürich"]),
        ("SELECT LOWER(MIN(k)) FROM a WHERE k > 'A_B'", ["are"]),
        ("DECLARE @k NVARCHAR(9) = N'ZÜRICH'; SELECT COUNT(*) FROM a WHERE k = @k", [2]),
        ("SELECT CASE k WHEN 'OSLO' THEN 1 ELSE 0 END FROM a WHERE n = 2", [1]),
    ]:  # fmt: skip
        assert asked.run(text).to_arrow().column(0).to_pylist() == wanted, text


def test_a_binary_column_in_a_workspace_without_case_is_pruned_by_its_bytes(tmp_path: Path) -> None:
    asked = session_of(Workspace(tmp_path, collation=CI))
    asked.run("CREATE TABLE t (k VARCHAR(10) COLLATE Latin1_General_100_BIN2_UTF8, n INT) WITH (HEAP)")
    for letter in "abCD":
        asked.run(f"INSERT INTO t SELECT CONCAT('{letter}', value), value FROM GENERATE_SERIES(100, 199)")
    answer = asked.run("SELECT n FROM t WHERE k = 'C142'").last.answer
    assert answer.to_arrow().column(0).to_pylist() == [142]
    assert sum(task.rows_read for step in answer.steps for task in step.tasks) == 100
    assert asked.run("SELECT COUNT(*) FROM t WHERE k = 'c142'").scalar() == 0
