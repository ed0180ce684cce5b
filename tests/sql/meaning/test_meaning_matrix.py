"""Every function and operator over every type: DuckDB takes what was translated, and gives the type said.

What T-SQL refuses raises a `SqlError`; what is translated never fails to bind, so no error of DuckDB's own kind
can reach a user for bad input.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import duckdb
import pytest
from meaning_values import NOW, SCHEMA, VARIABLES, connection

from engine.errors import SqlError
from engine.sql.meaning import duckdb_type, result_types, to_duckdb
from engine.sql.meaning.functions import SCALARS
from engine.sql.meaning.functions.aggregates import AGGREGATES
from engine.sql.syntax import parse_query
from engine.sql.syntax.functions import ARITIES, DATED

pytestmark = pytest.mark.slow


COLUMNS = tuple(SCHEMA["w"])
OPERANDS = (*COLUMNS, "NULL", "1", "1.5", "1e0", "'1'", "N'a'", "0x41", "'2024-01-01'")
PARTS = "year quarter dayofyear day week iso_week weekday hour second microsecond nanosecond tzoffset".split()
TYPES = """
bit tinyint smallint int bigint decimal(10,2) decimal(38,10) decimal(5,5) money smallmoney float real date
time(2) datetime smalldatetime datetime2 datetime2(0) datetimeoffset char(5) varchar(20) varchar(3) varchar(max)
nchar(5) nvarchar(20) binary(4) varbinary(3) varbinary(max) uniqueidentifier
""".split()
# What the data may bring about; anything else means that the query itself was wrong.
OF_THE_DATA = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connection()
    yield con
    con.close()


def check(expression: str, con: duckdb.DuckDBPyConnection) -> None:
    try:
        query = parse_query(f"SELECT {expression} AS x FROM w")
        kind = result_types(query, SCHEMA, now=NOW, variables=VARIABLES)[0][1]
        text = to_duckdb(query, SCHEMA, now=NOW, variables=VARIABLES).sql(dialect="duckdb")
    except SqlError:
        return
    try:
        found = con.sql(f"DESCRIBE {text}").to_arrow_table().column("column_type")[0].as_py()
        con.sql(text).to_arrow_table()
    except OF_THE_DATA:
        return
    want = con.sql(f"SELECT typeof(CAST(NULL AS {duckdb_type(kind).sql('duckdb')}))").fetchall()[0][0]
    assert found == want, f"{expression}: {text}"


def calls(name: str, least: int, most: int) -> Iterator[str]:
    """Calls with arguments of all types: all single ones and pairs, and a sample of longer ones."""
    chance = random.Random(name)
    for count in range(least, most + 1):
        lists = itertools.product(OPERANDS, repeat=count - (name in DATED))
        chosen = (
            list(lists)
            if count <= 2
            else [tuple(chance.choices(OPERANDS, k=count - (name in DATED))) for _ in range(60)]
        )
        for arguments in chosen:
            part = [chance.choice(PARTS)] if name in DATED else []
            yield f"{name}({', '.join((*part, *arguments))})"


NAMES = sorted(name for name in SCALARS if name in ARITIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_function_takes_every_type_or_says_why_not(name: str, con: duckdb.DuckDBPyConnection) -> None:
    least, most = ARITIES[name]
    for expression in calls(name, least, min(least + 2 if most is None else most, 8)):
        check(expression, con)


@pytest.mark.parametrize("name", NAMES)
def test_functions_take_a_sample_of_types(name: str, con: duckdb.DuckDBPyConnection) -> None:
    least, most = ARITIES[name]
    expressions = list(calls(name, least, min(least + 2 if most is None else most, 8)))
    for expression in random.Random(name).sample(expressions, min(len(expressions), 12)):
        check(expression, con)


@pytest.mark.parametrize("symbol", ["+", "/"])
def test_operators_take_every_pair_of_types(symbol: str, con: duckdb.DuckDBPyConnection) -> None:
    for left, right in itertools.product(OPERANDS, repeat=2):
        check(f"{left} {symbol} {right}", con)


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    [
        "{0} - {1}", "{0} * {1}", "{0} % {1}", "{0} & {1}", "COALESCE({0}, {1})", "ISNULL({0}, {1})",
        "CASE WHEN {0} = {1} THEN 1 ELSE 0 END", "CASE WHEN {0} < {1} THEN {0} ELSE {1} END",
        "CASE WHEN {0} IN (SELECT {1} FROM w) THEN 1 ELSE 0 END", "CASE WHEN {0} LIKE {1} THEN 1 ELSE 0 END",
        "NULLIF({0}, {1})", "CONCAT({0}, {1})", "GREATEST({0}, {1})", "CASE {0} WHEN {1} THEN 1 END",
        "LAG({0}, 1, {1}) OVER (ORDER BY {0})", "{0} AS x FROM w UNION ALL SELECT {1}",
        "{0} AS x FROM w INTERSECT SELECT {1}",
    ],
)  # fmt: skip
def test_forms_take_every_pair_of_types(form: str, con: duckdb.DuckDBPyConnection) -> None:
    for left, right in itertools.product(OPERANDS, repeat=2):
        check(form.format(left, right), con)


@pytest.mark.parametrize("kind", TYPES)
def test_everything_converts_to_a_type_or_says_why_not(kind: str, con: duckdb.DuckDBPyConnection) -> None:
    for operand in OPERANDS:
        check(f"CAST({operand} AS {kind})", con)
        check(f"TRY_CAST({operand} AS {kind})", con)


@pytest.mark.slow
@pytest.mark.parametrize("style", [*range(15), *range(20, 26), *range(100, 115), 120, 121, 126, 127, 130])
def test_everything_converts_in_every_style(style: int, con: duckdb.DuckDBPyConnection) -> None:
    for operand, kind in itertools.product(
        OPERANDS, ("varchar(30)", "date", "datetime", "time", "varbinary(10)")
    ):
        check(f"CONVERT({kind}, {operand}, {style})", con)


@pytest.mark.parametrize("name", sorted(AGGREGATES))
def test_aggregates_take_every_type(name: str, con: duckdb.DuckDBPyConnection) -> None:
    for operand in OPERANDS:
        check(f"{name}({operand})", con)
        check(f"{name}(DISTINCT {operand})", con)
        check(f"{name}({operand}) OVER (PARTITION BY b ORDER BY i)", con)
