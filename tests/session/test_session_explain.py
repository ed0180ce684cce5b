"""EXPLAIN: what would be done, moved and read; nothing of it is."""

# ruff: noqa: E501 - SQL reads better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from engine.errors import BindError, UnsupportedSqlError
from engine.events import MemoryLog, RequestSubmitted
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.profile import Profile

if TYPE_CHECKING:
    from pathlib import Path

    from engine.lake import Storage


@pytest.fixture
def tables(storage: Storage) -> Session:
    made = Session(InlineTasks(), storage, nodes=lambda _: 2, models=lambda: None)
    made.run(
        "CREATE TABLE facts (k INT, v INT) WITH (DISTRIBUTION = HASH(k)); CREATE TABLE pairs (k INT, w INT) WITH (DISTRIBUTION = HASH(k))"
    )
    made.run(
        "CREATE TABLE copied (k INT, n INT) WITH (DISTRIBUTION = REPLICATE); CREATE TABLE loose (k INT, n INT) WITH (DISTRIBUTION = ROUND_ROBIN)"
    )
    rows = ", ".join(f"({at}, {at * 2})" for at in range(20))
    for name in ("facts", "pairs", "copied", "loose"):
        made.run(f"INSERT INTO {name} VALUES {rows}")
    return made


def operations(session: Session, query: str) -> list[str]:
    text = session.run(f"EXPLAIN WITH_RECOMMENDATIONS {query}").scalar()
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    root = ElementTree.fromstring(text)
    found = root.find("dsql_operations")
    assert root.tag == "dsql_query"
    assert root.findtext("sql") == query
    assert found is not None
    assert int(found.attrib["total_number_operations"]) == len(found)
    for operation in found:
        assert operation.find("operation_cost") is not None
        assert operation.find("location") is not None
    return [one.attrib["operation_type"] for one in found]


def test_rows_that_lie_together_do_not_move(tables: Session) -> None:
    join = "SELECT f.v, p.w FROM facts AS f JOIN {} AS p ON f.k = p.k"
    assert operations(tables, join.format("pairs")) == ["RETURN"]
    assert operations(tables, join.format("copied").replace("p.w", "p.n")) == ["RETURN"]
    loose = operations(tables, join.format("loose").replace("p.w", "p.n"))
    assert loose[-1] == "RETURN"
    assert set(loose[:-1]) & {"BROADCAST_MOVE", "SHUFFLE_MOVE"}


def test_a_group_is_recommended_as_a_view(tables: Session) -> None:
    query = "SELECT v, COUNT(*) AS n FROM facts GROUP BY v ORDER BY v"
    root = ElementTree.fromstring(tables.run(f"EXPLAIN WITH_RECOMMENDATIONS {query}").scalar())
    [view] = [one.text or "" for one in root.iter("materialized_view")]
    assert view.startswith(
        "CREATE MATERIALIZED VIEW View1 WITH (DISTRIBUTION = HASH([v])) AS SELECT v, COUNT"
    )
    assert "ORDER BY" not in view
    root = ElementTree.fromstring(tables.run("EXPLAIN WITH_RECOMMENDATIONS SELECT v FROM facts").scalar())
    assert root.find("materialized_view_candidates") is None


def test_the_text_tells_of_steps_moves_and_files(tables: Session, months: Path) -> None:
    query = "SELECT city, COUNT(*) AS n FROM OPENROWSET(BULK 'raw/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS r WHERE r.filepath(1) = '2019' AND Id >= 10 GROUP BY city"
    text = "\n".join(row["step"] for row in tables.run(f"EXPLAIN {query}").to_arrow().to_pylist())
    assert text.startswith("2 nodes")
    assert text.splitlines()[-1] in str(tables.run(f"EXPLAIN {query}")), "a plan is printed to its end"
    assert "_MOVE from every node" in text
    assert "from node to node" in text
    assert ": 1 of 2, about" in text, "one year is left out by its path, one month by the footer's statistics"
    assert f"{months}/raw/year=2019/month=12/part.parquet" in text
    assert "month=11" not in text


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO facts SELECT k, n FROM loose",
        "INSERT INTO facts VALUES (1, 2)",
        "UPDATE facts SET v = 0 WHERE k > 3",
        "DELETE FROM facts WHERE k > 3",
        "DELETE FROM facts",
        "MERGE INTO facts AS f USING pairs AS p ON f.k = p.k WHEN MATCHED THEN UPDATE SET v = p.w WHEN NOT MATCHED THEN INSERT (k, v) VALUES (p.k, p.w);",
        "CREATE TABLE made WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT k FROM facts",
        "SELECT k INTO made FROM facts",
        "INSERT INTO #temp SELECT k FROM facts",
    ],
)
def test_statements_that_write_are_explained_and_write_nothing(tables: Session, statement: str) -> None:
    tables.run("CREATE TABLE #temp (k INT)")
    text = "\n".join(row["step"] for row in tables.run(f"EXPLAIN {statement}").to_arrow().to_pylist())
    assert "RETURN" in text
    state = "SELECT (SELECT COUNT(*) FROM facts) AS n, (SELECT SUM(v) FROM facts) AS s, (SELECT COUNT(*) FROM #temp) AS t, (SELECT COUNT(*) FROM sys.tables) AS m"
    assert tables.run(state).to_arrow().to_pylist() == [{"n": 20, "s": 380, "t": 0, "m": 4}]


def test_showplan_explains_until_it_is_switched_off(tables: Session) -> None:
    result = tables.run(
        "SET SHOWPLAN_XML ON; DELETE FROM facts; SET SHOWPLAN_XML OFF; SELECT COUNT(*) AS n FROM facts"
    )
    assert result.results[0].to_arrow().column(0)[0].as_py().startswith("<?xml")
    assert result.scalar() == 20
    assert "RETURN" in str(tables.run("SET SHOWPLAN_TEXT ON; SELECT k FROM facts"))


def test_what_has_no_plan_and_what_does_not_bind(tables: Session) -> None:
    with pytest.raises(UnsupportedSqlError, match="has no plan"):
        tables.run("EXPLAIN DROP TABLE facts")
    with pytest.raises(BindError, match="Invalid object name 'nope'"):
        tables.run("EXPLAIN SELECT a FROM nope")
    assert tables.run("SELECT COUNT(*) AS n FROM facts").scalar() == 20


def test_a_strict_pool_answers_in_xml_and_the_log_hears_of_one_request(storage: Storage) -> None:
    log = MemoryLog()
    asked = Session(
        InlineTasks(),
        storage,
        nodes=lambda _: 1,
        models=lambda: None,
        profile=Profile(strict=True, emit=log.bind()),
    )
    assert asked.run("EXPLAIN SELECT 1 AS a").scalar().startswith("<?xml")
    assert [event.text for event in log.events if isinstance(event, RequestSubmitted)] == [
        "EXPLAIN SELECT 1 AS a"
    ]
