"""Collations: what makes two strings equal, and which comes first.

T-SQL pads the shorter of two strings with blanks before it compares them, under every collation, so trailing
blanks never count. DuckDB compares bytes. Keys bring the one to the other: two strings are equal in T-SQL
exactly if their equality keys are equal in DuckDB.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from engine.errors import UnsupportedSqlError


@dataclass(frozen=True, slots=True)
class Collation:
    """How strings compare.

    Attributes:
        name: The name by which T-SQL calls it.
        fold_case: `a` equals `A`.
        fold_accent: `e` equals `é`.
        linguistic: Order is that of a dictionary, not of code points.
        explicit: Asked for by a COLLATE clause, so it wins over the collation of a column.
    """

    name: str
    fold_case: bool = False
    fold_accent: bool = False
    linguistic: bool = False
    explicit: bool = False

    @property
    def is_binary(self) -> bool:
        """Bytes decide, but for trailing blanks."""
        return not (self.fold_case or self.fold_accent or self.linguistic)

    def same_rules(self, other: Collation) -> bool:
        """Whether two collations compare alike, whatever their names."""
        return replace(self, name="", explicit=False) == replace(other, name="", explicit=False)


BIN2 = Collation("Latin1_General_100_BIN2_UTF8")
CI = Collation("SQL_Latin1_General_CP1_CI_AS", fold_case=True, linguistic=True)


def named_collation(name: str) -> Collation:
    """Read a collation from its name: `_BIN`, `_BIN2`, or `_CI`/`_CS` with `_AI`/`_AS`.

    Raises:
        UnsupportedSqlError: The name does not end in rules that are known here.
    """
    parts = name.upper().split("_")
    if {"BIN", "BIN2"} & set(parts):
        return Collation(name)
    known = {"CI", "CS"} & set(parts) and {"AI", "AS"} & set(parts)
    if not known or {"KS", "WS"} & set(parts):
        raise UnsupportedSqlError(
            f"Collation {name} is not known here.",
            "Use one whose name ends in _BIN2, or in _CI or _CS with _AI or _AS.",
            collation=name,
        )
    return Collation(name, fold_case="CI" in parts, fold_accent="AI" in parts, linguistic=True)


def equality_key(tree: exp.Expr, collation: Collation, *, trimmed: bool) -> exp.Expr:
    """Give the DuckDB expression whose equality is T-SQL's equality of `tree`."""
    key = tree if trimmed else exp.Anonymous(this="RTRIM", expressions=[tree, exp.Literal.string(" ")])
    if collation.fold_accent:
        key = exp.Anonymous(this="STRIP_ACCENTS", expressions=[key])
    if collation.fold_case:
        key = exp.Anonymous(this="LOWER", expressions=[key])
    return key


def order_key(tree: exp.Expr, collation: Collation, *, trimmed: bool) -> exp.Expr:
    """Give the DuckDB expression by which `tree` sorts and ranks as in T-SQL."""
    key = equality_key(tree, collation, trimmed=trimmed)
    if not collation.linguistic:
        return key
    return exp.Anonymous(this="ICU_SORT_KEY", expressions=[key, exp.Literal.string("en_US")])
