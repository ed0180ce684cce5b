"""Data files of T-SQL and the values that SQL Server gives for it.

A line is `T-SQL => types: values`. T-SQL that is no query is an expression. Columns are parted by `|`, rows
by `;`. Instead of types and values may stand an error: `!8134` (a failure that the query raises itself),
`!duckdb` (one that DuckDB finds, such as an overflow), `!bind` or `!refused`. A line `@ci` or `@bin2` gives
the lines below it that collation of the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from shown import shown

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning import (
    BIN2,
    CI,
    MACROS,
    Collation,
    Variable,
    parse_type,
    read_failure,
    result_types,
    to_duckdb,
)
from engine.sql.meaning.show import SHOWN_SCHEMA
from engine.sql.syntax import parse_query

FOLDER = Path(__file__).parent / "values"
NOW = dt.datetime(2024, 3, 1, 12, 30, 15, 123456, tzinfo=dt.timezone(dt.timedelta(hours=1)))
VARIABLES = {
    "@n": Variable(parse_type("int"), 2),
    "@s": Variable(parse_type("varchar(10)"), "abc"),
    "@d": Variable(parse_type("date"), dt.date(2024, 2, 29)),
    "@m": Variable(parse_type("decimal(5,2)"), Decimal("1.50")),
    "@null": Variable(parse_type("int"), None),
    "@@rowcount": Variable(parse_type("int"), 7),
    "db_name()": Variable(parse_type("nvarchar(128)"), "dw"),
}
SETUP = (
    "SET TimeZone = 'UTC'",
    *MACROS,
    """CREATE TABLE t(id INT, name VARCHAR, qty INT, price DECIMAL(10,2), d TIMESTAMP, grp VARCHAR,
    code VARCHAR)""",
    """INSERT INTO t VALUES
    (1, 'Alice', 3, 2.50, TIMESTAMP '2024-01-31 10:20:30', 'A', 'x'),
    (2, 'bob', 5, 1.25, TIMESTAMP '2024-02-29 23:59:59', 'A', 'y'),
    (3, NULL, 0, NULL, TIMESTAMP '2023-12-31 00:00:00', 'B', 'X ')""",
    "CREATE TABLE u(id INT, k VARCHAR, v INT)",
    "INSERT INTO u VALUES (1, 'a', 10), (1, 'b', 20), (2, 'a', 5)",
    """CREATE TABLE w(i INT, big BIGINT, small SMALLINT, tiny UTINYINT, b BOOLEAN, f DOUBLE, r FLOAT, m
        DECIMAL(19,4),
    day DATE, moment TIMESTAMP, clock TIME, legacy TIMESTAMP, word VARCHAR, wide VARCHAR, fixed VARCHAR, g
    UUID,
    bytes BLOB, digits VARCHAR, zoned TIMESTAMPTZ)""",
    """INSERT INTO w VALUES
    (1, 10000000000, 100, 200, TRUE, 1.5, 0.1, 12.3456, DATE '2024-02-29', TIMESTAMP '2024-02-29
    13:14:15.123456',
     TIME '13:14:15.5', TIMESTAMP '2024-02-29 13:14:15.997', 'ab  ', 'naïve', 'ab   ',
     '6f9619ff-8b86-d011-b42d-00c04fc964ff', '\\x41\\x42'::BLOB, '12', TIMESTAMPTZ '2024-02-29 12:00:00+00'),
    (2, NULL, -5, 7, FALSE, -2.5, 2.5, -0.5, DATE '1899-12-30', TIMESTAMP '1899-12-30 23:59:59', TIME
    '00:00:00',
     TIMESTAMP '1900-01-01 12:00:00', 'AB', 'x', 'b    ', '00000000-0000-0000-0000-000000000001',
     '\\x00'::BLOB,
     ' 7 ', NULL)""",
)
_COLUMNS = """
i int, big bigint, small smallint, tiny tinyint, b bit, f float, r real, m money, day date, moment datetime2,
clock time, legacy datetime, word varchar(20), wide nvarchar(20), fixed char(5), g uniqueidentifier,
bytes varbinary(10), digits varchar(10), zoned datetimeoffset
"""
SCHEMA = {
    **SHOWN_SCHEMA,
    "w": {name: parse_type(kind) for name, kind in (pair.split() for pair in _COLUMNS.split(","))},
}
_COLLATIONS = {"@ci": CI, "@bin2": BIN2}


@dataclass(frozen=True)
class Case:
    """One line of a data file."""

    sql: str
    want: str
    collation: Collation

    @property
    def query(self) -> str:
        is_query = self.sql.upper().startswith(("SELECT ", "WITH ", "(SELECT "))
        return self.sql if is_query else f"SELECT {self.sql}"


def cases(path: Path) -> Iterator[Case]:
    collation = BIN2
    for line in path.read_text().splitlines():
        if line in _COLLATIONS:
            collation = _COLLATIONS[line]
        elif line.strip() and not line.startswith("#"):
            sql, _, want = line.rpartition(" => ")
            yield Case(sql.strip(), want.strip(), collation)


def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    for statement in SETUP:
        con.execute(statement).fetchall()
    return con


def outcome(case: Case, con: duckdb.DuckDBPyConnection) -> str:
    """What the case gives, in the words of the data files."""
    options: dict[str, Any] = {"collation": case.collation, "now": NOW, "variables": VARIABLES}
    try:
        query = parse_query(case.query)
        types = result_types(query, SCHEMA, **options)
        text = to_duckdb(query, SCHEMA, **options).sql(dialect="duckdb")
    except BindError:
        return "!bind"
    except UnsupportedSqlError:
        return "!refused"
    try:
        table = con.sql(text).to_arrow_table()
    except duckdb.Error as error:
        failure = read_failure(str(error))
        return f"!{failure[0]}" if failure else f"!duckdb {type(error).__name__} {error} {text}"
    kinds = " | ".join(str(kind) for _, kind in types)
    columns = [column.to_pylist() for column in table.columns]
    rows = [
        " | ".join(shown(int(cell) if isinstance(cell, bool) else cell) for cell in row)
        for row in zip(*columns, strict=True)
    ]
    return f"{kinds}: {' ; '.join(rows)}".strip()
