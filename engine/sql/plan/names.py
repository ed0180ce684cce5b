"""Names of columns, tables and aliases inside a plan: lower case, quoted only where DuckDB needs it.

One name has one spelling, so equal names are equal trees.
"""

from __future__ import annotations

import re

from sqlglot import exp

# DuckDB 2.0: duckdb_keywords() but the category 'unreserved'; a test compares.
KEYWORDS = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint
    binary bit boolean both by case cast char character check coalesce collate collation column
    columns concurrently constraint create cross dec decimal default deferrable desc describe
    distinct do else end except exists extract false fetch float for foreign freeze from full
    generated glob group grouping grouping_id having ilike in initially inner inout int integer
    intersect interval into is isnull join lambda lateral leading left like limit map national
    natural nchar none not notnull null nullif numeric offset on only or order out outer overlaps
    overlay pivot pivot_longer pivot_wider placing position positional precision primary qualify
    real references returning right row select semi setof show similar smallint some struct
    substring summarize symmetric table tablesample then time timestamp to trailing treat trim true
    try_cast tuple union unique unpack unpivot using values varchar variadic verbose when where
    window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
    xmlroot xmlserialize xmltable
    """.split()
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def identifier(name: str) -> exp.Identifier:
    """The identifier of a name, quoted if it must be.

    >>> [identifier(name).sql() for name in ("Total", "order", "unit price")]
    ['total', '"order"', '"unit price"']
    """
    folded = name.lower()
    return exp.Identifier(this=folded, quoted=not _PLAIN.match(folded) or folded in KEYWORDS)


def fresh_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, or `wanted_2`, ... : the first that is not taken; from now on it is."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    taken.add(name)
    return name
