"""Rules shown at work: T-SQL in, DuckDB out, over two small tables. For doctests and for people."""

from __future__ import annotations

from engine.sql.meaning.collation import BIN2, Collation
from engine.sql.meaning.translate import to_duckdb
from engine.sql.meaning.typenames import parse_type
from engine.sql.syntax import parse_query

SHOWN_SCHEMA = {
    table: {name: parse_type(kind) for name, kind in columns.items()}
    for table, columns in {
        "t": {
            "id": "int",
            "name": "varchar(100)",
            "qty": "int",
            "price": "decimal(10,2)",
            "d": "datetime2",
            "grp": "varchar(10)",
            "code": "varchar(10)",
        },
        "u": {"id": "int", "k": "varchar(10)", "v": "int"},
    }.items()
}


def shown(sql: str, *, collation: Collation = BIN2) -> str:
    """Translate T-SQL over `t` and `u` to DuckDB text."""
    return to_duckdb(parse_query(sql), SHOWN_SCHEMA, collation=collation).sql("duckdb")
