"""Each rule: what it makes of a query, and that plain DuckDB gives the same rows before and after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from compare import rows_of, same_rows
from small_tables import sample
from sqlglot import exp, parse_one

from engine.sql.plan.rules import RULES, normalise

FOLDER = Path(__file__).parent / "rules"


def cases() -> Iterator[object]:
    """Pairs of queries in files named like rules, each under a title."""
    for path in sorted(FOLDER.glob("*.sql")):
        for block in path.read_text().split("-- title: ")[1:]:
            title, text = block.split("\n", 1)
            before, after, _ = text.split(";")
            yield pytest.param(path.stem, before.strip(), after.strip(), id=f"{path.stem}: {title}")


def parsed(sql: str) -> exp.Query:
    tree = parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


@pytest.mark.parametrize(("rule", "before", "after"), list(cases()))
def test_a_rule_changes_the_text_and_not_the_rows(
    oracle: duckdb.DuckDBPyConnection, rule: str, before: str, after: str
) -> None:
    (function,) = (one for one in RULES if one.__name__ == rule)
    assert function(parsed(before)).sql(dialect="duckdb") == after
    for seed in range(3):
        for name, table in sample(seed, 12).items():
            oracle.register(name, table)
        found = [rows_of(oracle, oracle.sql(sql).to_arrow_table()) for sql in (before, after)]
        assert same_rows(*found)


def test_every_rule_has_cases() -> None:
    assert {path.stem for path in FOLDER.glob("*.sql")} == {rule.__name__ for rule in RULES}


def test_the_given_tree_is_not_changed() -> None:
    tree = parsed(
        "WITH c AS (SELECT T.A FROM t AS T) SELECT * FROM (SELECT c.a FROM c) AS d(x) WHERE d.x = 1 ORDER BY 1"
    )
    before = tree.copy()
    normalise(tree)
    assert tree == before
    assert tree.sql() == before.sql()
