"""The meaning of T-SQL queries, said in DuckDB's SQL.

`to_duckdb` translates a query by T-SQL's own types and rules; `result_types` tells the types of its columns.
What cannot be kept raises `UnsupportedSqlError`: there is never a wrong value.

Layers, upper ones import lower ones:

    translate    the two functions
    queries      SELECT and its clauses, set operations, WITH, FOR JSON
    rules        operators: one rule for each kind of node
    functions    T-SQL's functions by name
    comparing, branching, concatenating, decimals, patterns ...   what rules and functions share
    binding      scopes, contexts, translated queries
    conversion   from every type to every other
    dates        texts, parts, pictures and zones
    values, trees, failures, types, collation ...                 the words of it all
"""

from __future__ import annotations

from engine.sql.meaning.binding.context import CLOCK, Schema, Variable
from engine.sql.meaning.collation import BIN2, CI, Collation, named_collation
from engine.sql.meaning.failures import read_failure
from engine.sql.meaning.lake_types import duckdb_type, type_of_arrow
from engine.sql.meaning.macros import MACROS
from engine.sql.meaning.translate import Translation, result_types, to_duckdb, translate
from engine.sql.meaning.typenames import node_of_type, parse_type, type_of_node
from engine.sql.meaning.types import SqlType

__all__ = [
    "BIN2",
    "CI",
    "CLOCK",
    "MACROS",
    "Collation",
    "Schema",
    "SqlType",
    "Translation",
    "Variable",
    "duckdb_type",
    "named_collation",
    "node_of_type",
    "parse_type",
    "read_failure",
    "result_types",
    "to_duckdb",
    "translate",
    "type_of_arrow",
    "type_of_node",
]
