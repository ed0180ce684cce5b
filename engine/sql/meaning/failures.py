"""Errors that only the data can bring about: how a query raises them in DuckDB, and how they are read back.

DuckDB's `error(text)` ends the statement. The text starts with SQL Server's message number in brackets, so
whoever runs the query can tell a failure that the query was written to raise from one that DuckDB found.
"""

from __future__ import annotations

import re

from sqlglot import exp

DIVIDE_BY_ZERO = 8134
OVERFLOW = 8115
CONVERSION = 245
DATE_CONVERSION = 241
INVALID_LENGTH = 537
RECURSION = 530
INVALID_FLOAT = 3623
TRUNCATED = 2628

_MARKED = re.compile(r"\[(\d+)\] (.*)", re.DOTALL)


def failure(number: int, message: str) -> exp.Expr:
    """Give the expression that ends the statement with this message.

    >>> failure(8134, "Divide by zero error encountered.").sql("duckdb")
    "ERROR('[8134] Divide by zero error encountered.')"
    """
    return exp.Anonymous(this="ERROR", expressions=[exp.Literal.string(f"[{number}] {message}")])


def read_failure(text: str) -> tuple[int, str] | None:
    """Find number and message in the text of a DuckDB error; None if the query did not raise it itself.

    >>> read_failure("Invalid Input Error: [8134] Divide by zero error encountered.")
    (8134, 'Divide by zero error encountered.')
    """
    match = _MARKED.search(text)
    return (int(match[1]), match[2]) if match else None
