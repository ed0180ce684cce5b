"""Names in DuckDB text: quoted where they must be, so that plans stay readable."""

from __future__ import annotations

import re

from sqlglot import exp

# Words that DuckDB 2.0 does not take for a column, a table or an alias without quotes: duckdb_keywords() of
# the categories reserved, column_name and type_function. A test holds the two lists together.
RESERVED = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint binary bit
    boolean both by case cast char character check coalesce collate collation column columns concurrently
    constraint create cross dec decimal default deferrable desc describe distinct do else end except exists
    extract false fetch float for foreign freeze from full generated glob group grouping grouping_id having
    ilike in initially inner inout int integer intersect interval into is isnull join lambda lateral leading
    left like limit map national natural nchar none not notnull null nullif numeric offset on only or order
    out outer overlaps overlay pivot pivot_longer pivot_wider placing position positional precision primary
    qualify real references returning right row select semi setof show similar smallint some struct
    substring summarize symmetric table tablesample then time timestamp to trailing treat trim true try_cast
    tuple union unique unpack unpivot using values varchar variadic verbose when where window with
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
    xmltable
    """.split()
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def identifier(name: str) -> exp.Identifier:
    """Give a name as DuckDB takes it.

    >>> identifier("id").sql("duckdb"), identifier("order").sql("duckdb"), identifier("my id").sql("duckdb")
    ('id', '"order"', '"my id"')
    """
    plain = _PLAIN.fullmatch(name) is not None and name.lower() not in RESERVED
    return exp.Identifier(this=name, quoted=not plain)
