"""Canonical forms: which values must hash alike because SQL calls them equal.

A row goes to the distribution of its key values. Two values that `=` finds equal must give one distribution,
whatever their types (INT and BIGINT), and so must texts that T-SQL calls equal: 'a' = 'A  ' under a
case-insensitive collation. So each type has a canonical form that the hash is taken of; equal values have
equal forms. Unequal values may share one: they only meet on a node.
"""

from __future__ import annotations

from functools import cache

from sqlglot import exp

_INTEGERS = frozenset(exp.DataType.INTEGER_TYPES) - {exp.DataType.Type.BIT}  # DuckDB's BIT is a bit string
_TEXTS = frozenset(exp.DataType.TEXT_TYPES)
_AS_THEY_ARE = {
    exp.DataType.Type.DOUBLE: "DOUBLE",
    exp.DataType.Type.FLOAT: "FLOAT",
    exp.DataType.Type.BOOLEAN: "BOOLEAN",
    exp.DataType.Type.DATE: "DATE",
    exp.DataType.Type.TIMESTAMP: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMP_S: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMP_MS: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMP_NS: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMPNTZ: "TIMESTAMP",
    exp.DataType.Type.TIMESTAMPTZ: "TIMESTAMPTZ",
    exp.DataType.Type.TIME: "TIME",
    exp.DataType.Type.UUID: "UUID",
    exp.DataType.Type.VARBINARY: "BLOB",
}
_WIDEST_DECIMAL = 38


def canonical_form(kind: exp.DataType | None) -> str | None:
    """The type in which values of a type are hashed; None where they are not (lists, intervals, ...)."""
    if kind is None or not isinstance(kind.this, exp.DataType.Type):
        return None
    if kind.this in _INTEGERS:
        return "BIGINT"
    if kind.this in _TEXTS:
        return "VARCHAR"
    if kind.this == exp.DataType.Type.DECIMAL:
        return _decimal_form(kind)
    return _AS_THEY_ARE.get(kind.this)


@cache
def form_named(kind: str) -> str | None:
    """The canonical form of a type, by its DuckDB name; None also for no name."""
    return canonical_form(exp.DataType.build(kind, dialect="duckdb")) if kind else None


def _decimal_form(kind: exp.DataType) -> str | None:
    if len(kind.expressions) != 2:
        return None
    return _decimal(int(kind.expressions[1].name))


def _decimal(scale: int) -> str:
    return f"DECIMAL({_WIDEST_DECIMAL}, {scale})"


def form_of(value: exp.Expr) -> str | None:
    """The canonical form of an expression's values; None where equal values may not hash alike.

    That is so for types that are not hashed, and under a collation whose equality the form does not follow.
    """
    return None if hash_core(value).find(exp.Collate) else canonical_form(value.type)


def common_form(left: str | None, right: str | None) -> str | None:
    """The form in which values of two forms can be compared as `=` compares them; None where there is none.

    FLOAT meets only itself and DOUBLE: against other numbers DuckDB rounds to FLOAT first.

    >>> common_form("BIGINT", "DECIMAL(38, 2)"), common_form("VARCHAR", "BIGINT")
    ('DECIMAL(38, 2)', None)
    """
    if left is None or right is None or left == right:
        return left if left == right else None
    pair = {left, right}
    if pair == {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    if pair == {"FLOAT", "DOUBLE"}:
        return "DOUBLE"
    exact = {form for form in pair if form == "BIGINT" or form.startswith("DECIMAL")}
    if len(exact) == 2:
        return _decimal(max(_scale(form) for form in exact))
    return "DOUBLE" if exact and "DOUBLE" in pair else None


def _scale(form: str) -> int:
    return 0 if form == "BIGINT" else int(form.rstrip(")").split(",")[1])


def hashed_value(value: exp.Expr, form: str) -> exp.Expr:
    """The canonical form of a value, as an expression; a value that the form cannot hold becomes NULL.

    Such a value equals no value of the form, so where it goes does not matter.
    """
    if form == "VARCHAR":
        return exp.Lower(this=exp.Trim(this=value.copy(), position="TRAILING"))
    return exp.TryCast(this=value.copy(), to=exp.DataType.build(form, dialect="duckdb"))


def hash_core(value: exp.Expr) -> exp.Expr:
    """The value without wrappers that its canonical form undoes, so that `rtrim(x)` is found hashed by `x`.

    >>> from sqlglot import parse_one
    >>> hash_core(parse_one("LOWER(RTRIM(x))", dialect="duckdb")).sql(), hash_core(parse_one("x + 1")).sql()
    ('x', 'x + 1')
    """
    while True:
        inner = _inside_neutral(value)
        if inner is None:
            return value
        value = inner


def _inside_neutral(value: exp.Expr) -> exp.Expr | None:
    if isinstance(value, (exp.Paren, exp.Lower)):
        return value.this  # type: ignore[no-any-return]
    if isinstance(value, exp.Trim):
        plain = value.args.get("position") == "TRAILING" and _is_blank(value.args.get("expression"))
        return value.this if plain else None
    if isinstance(value, exp.Anonymous) and value.name.upper() in ("LOWER", "RTRIM"):
        return value.expressions[0] if all(map(_is_blank, value.expressions[1:])) else None
    if isinstance(value, exp.Collate):
        return value.this if value.expression.name.lower() == "nocase" else None
    if type(value) is exp.Cast:  # not TRY_CAST: it maps many values to NULL
        form = canonical_form(value.to)
        one_to_one = form in {"BIGINT", "VARCHAR"} or (form or "").startswith("DECIMAL")
        return value.this if one_to_one and canonical_form(value.this.type) == form else None
    return None


def _is_blank(characters: exp.Expr | None) -> bool:
    return characters is None or (isinstance(characters, exp.Literal) and characters.name == " ")
