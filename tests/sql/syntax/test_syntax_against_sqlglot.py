"""sqlglot's own T-SQL parser as the oracle: what it reads rightly gives the same tree here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlglot
from sqlglot.errors import ParseError
from syntax_golden import FOLDER, Case, cases

from engine.sql.syntax import parse_query, parse_script
from engine.sql.syntax.dialect import Tarn
from engine.sql.syntax.functions import ARITIES, AS_WRITTEN, DATED
from engine.sql.syntax.statements.queries import Select

ROOT = Path(__file__).resolve().parents[3]
TPCH = sorted((ROOT / "benchmarks" / "tpch").glob("*.sql"))

# Cases of queries.txt that sqlglot refuses or reads otherwise, and what it makes of them.
OTHERWISE = {
    "a comma binds looser than a join": "a flat list of joins",
    "a line of a string that goes on": "the backslash stays in the string",
    "aliases: AS, without it, before the expression, in quotes": "'e' = a + 1 is a comparison",
    "apply": "OUTER APPLY of a table is a name",
    "arithmetic binds as in T-SQL: & | ^ beside + and -": "& | ^ bind looser than + and -",
    "casts": "no PARSE ... USING",
    "collate binds to one operand": "COLLATE takes the whole sum",
    "comparisons, the old ones too": "no !< and !>",
    "dates take parts, not columns": "DATENAME is a format, the part of DATE_BUCKET a column",
    "every type": "REAL and FLOAT are one type",
    "functions that sqlglot's nodes would change are kept as written": "see functions.AS_WRITTEN",
    "join hints, of SQL Server and of a dedicated pool": "only those of SQL Server",
    "literals": "0x is a name, $1.50 a column",
    "names: brackets, quotes, database and schema, a schema left out": "no db..t.c",
    "odbc literals are datetime": "dates",
    "old names that are keywords elsewhere": "keywords",
    "one that reads itself": "not recursive",
    "pivot over a join turns the whole join": "turns the last table",
    "quantified comparisons and exists": "SOME holds a query, ANY a subquery",
    "table hints, in all their places": "no hints in parentheses behind an alias",
    "temporary tables are not the tables of that name": "equal to them",
}
QUERIES = [
    case
    for case in cases(FOLDER / "queries.txt")
    if isinstance(parse_script(case.text)[0].statements[0], Select)
]


@pytest.mark.parametrize("case", QUERIES, ids=[case.title for case in QUERIES])
def test_a_query_has_sqlglots_tree(case: Case) -> None:
    ours = parse_query(case.text)
    try:
        theirs = sqlglot.parse_one(case.text, read="tsql")
    except ParseError:
        theirs = None
    assert (ours == theirs) == (case.title not in OTHERWISE)


@pytest.mark.parametrize("path", TPCH, ids=[path.stem for path in TPCH])
def test_tpch_has_sqlglots_trees(path: Path) -> None:
    text = path.read_text()
    assert parse_query(text) == sqlglot.parse_one(text, read="tsql")
    assert parse_query(parse_query(text).sql(dialect=Tarn)) == parse_query(text)


def test_tpch_is_whole() -> None:
    assert [path.stem for path in TPCH] == [f"q{number:02d}" for number in range(1, 23)]


def expressions() -> list[tuple[str, str]]:
    """The expressions of the shared specification, those with another tree on purpose left out."""
    path = ROOT.parent / "shared" / "spec" / "tsql_cases.json"
    if not path.exists():
        return []
    return [(case["name"], case["sql"]) for case in json.loads(path.read_text())["cases"]]


@pytest.mark.shared
@pytest.mark.parametrize(("name", "text"), expressions())
def test_an_expression_has_sqlglots_tree(name: str, text: str) -> None:
    ours = parse_query(text)
    if not any(f"{function}(" in text for function in (*AS_WRITTEN, "PARSE")):
        assert ours == sqlglot.parse_one(text, read="tsql")
    assert parse_query(ours.sql(dialect=Tarn)).sql(dialect=Tarn) == ours.sql(dialect=Tarn)


@pytest.mark.parametrize(
    "name", [name for name in ARITIES if name not in AS_WRITTEN and name != "DATE_BUCKET"]
)
def test_a_function_has_sqlglots_node(name: str) -> None:
    """For the least and the greatest number of arguments."""
    least, most = ARITIES[name]
    for count in {least, least + 1 if most is None else min(most, 10)}:
        arguments = [f"x{number}" for number in range(count)]
        if name in DATED:
            arguments[0] = "day"
        if name == "HASHBYTES":
            arguments[0] = "'SHA2_256'"
        text = f"SELECT {name}({', '.join(arguments)}) FROM t"
        assert parse_query(text) == sqlglot.parse_one(text, read="tsql")
