"""The approved plans: TPC-H at scale 100 on four nodes, from statistics alone. Write them anew with

    PYTHONPATH=. python tests/sql/plan/golden.py

and read the difference before committing it.
"""

from __future__ import annotations

from pathlib import Path

from tpch_tables import LAYOUTS, QUERIES, facts, qualified

from engine.sql.plan import explain, plan_query

FOLDER = Path(__file__).parent / "golden"
NODES = 4
TABLES = facts(LAYOUTS["warehouse"], scale=100)


def plan_text(name: str) -> str:
    """The plan of a query as text."""
    return explain(plan_query(qualified(QUERIES[name]), TABLES, nodes=NODES))


def write() -> None:
    """Write every plan."""
    FOLDER.mkdir(exist_ok=True)
    for name in QUERIES:
        (FOLDER / f"{name}.txt").write_text(plan_text(name))


if __name__ == "__main__":
    write()
