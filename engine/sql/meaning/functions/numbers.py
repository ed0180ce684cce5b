"""Functions on numbers.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT ROUND(price, 1) AS a, POWER(qty, 2) AS b, ABS(qty) AS c, SQUARE(qty) AS d FROM t"))
SELECT CAST(ROUND(t.price, 1) AS DECIMAL(10, 2)) AS a, \
CAST(TRUNC(POW(CAST(t.qty AS DOUBLE), 2.0e0)) AS INT) AS b, ABS(t.qty) AS c, \
CAST(t.qty AS DOUBLE) * CAST(t.qty AS DOUBLE) AS d FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.precedence import exact_digits
from engine.sql.meaning.trees import binary, call, cast, number
from engine.sql.meaning.types import (
    APPROXIMATE,
    FLOAT,
    INT,
    INTEGERS,
    MONEY,
    Base,
    decimal,
)
from engine.sql.meaning.values import Value, constant

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Call, Function

_SMALL = frozenset({Base.BIT, Base.TINYINT, Base.SMALLINT})


def _widened(value: Value) -> Value:
    """Give integers smaller than int, and smallmoney and real, the type in which functions compute."""
    if value.type.base in _SMALL:
        return convert(value, INT)
    if value.type.base is Base.SMALLMONEY:
        return convert(value, MONEY)
    return convert(value, FLOAT) if value.type.base is Base.REAL else value


def _keeping(function: str) -> Function:
    """Make a function that gives the type that it takes: ABS, SIGN."""

    def build(call_: Call) -> Value:
        value = _widened(call_.number(0))
        return Value(cast(call(function, value.tree), value.type), value.type)

    return build


def absolute(call_: Call) -> Value:
    value = _widened(call_.number(0))
    return Value(call("ABS", value.tree), value.type)


def _to_whole(function: str) -> Function:
    """Make CEILING or FLOOR: a decimal loses its digits behind the point."""

    def build(call_: Call) -> Value:
        value = _widened(call_.number(0))
        if value.type.base in INTEGERS:
            return value
        kind = decimal(value.type.size) if value.type.base is Base.DECIMAL else value.type
        return Value(cast(call(function, value.tree), kind), kind)

    return build


def rounding(call_: Call) -> Value:
    """ROUND keeps the type; a third argument that is not 0 cuts instead."""
    value = _widened(call_.number(0))
    cut = call_.has(2) and call_.constant_integer(2, "The third argument") != 0
    places = call_.integer(1)
    known = places.constant
    if value.type.base in APPROXIMATE:
        if cut:
            raise call_.refused(
                "a float cut at a decimal place, which no float has", "CAST it to decimal first."
            )
        return Value(call("ROUND", value.tree, places.tree), value.type)
    if not isinstance(known, int):
        raise call_.refused(
            "decimals rounded to a number of places that only the data tells", "Use a constant."
        )
    scale = 0 if value.type.base in INTEGERS else exact_digits(value.type)[1]
    if known >= scale:
        return value
    return Value(_rounded(value, known, cut=cut), value.type)


def _rounded(value: Value, places: int, *, cut: bool) -> exp.Expr:
    if not cut:
        return cast(call("ROUND", value.tree, number(places)), value.type)
    if places >= 0:
        return cast(call("TRUNC", value.tree, number(places)), value.type)
    unit = number(10**-places)
    whole = call("TRUNC", value.tree) if value.type.base not in INTEGERS else value.tree
    rest = binary(exp.Mod, whole, unit)
    return cast(binary(exp.Sub, whole, rest), value.type)


def power(call_: Call) -> Value:
    """POWER computes with floats and gives the type of its base; a decimal gets all 38 digits."""
    base = _widened(call_.number(0))
    raised = call("POW", convert(base, FLOAT).tree, call_.float(1).tree)
    if base.type.base in APPROXIMATE:
        return Value(call("tsql_finite", raised), FLOAT)
    kind = decimal(38, base.type.scale) if base.type.base is Base.DECIMAL else base.type
    return Value(cast(call("TRUNC", raised) if kind.base in INTEGERS else raised, kind), kind)


def square(call_: Call) -> Value:
    value = call_.float(0)
    return Value(binary(exp.Mul, value.tree, value.tree), FLOAT)


def _float(function: str, *, guarded: bool = False) -> Function:
    """Make a function from float to float; a guarded one fails where DuckDB gives infinity or no number."""

    def build(call_: Call) -> Value:
        tree = call(function, *(call_.float(index).tree for index in range(len(call_.arguments))))
        return Value(call("tsql_finite", tree) if guarded else tree, FLOAT)

    return build


def logarithm(call_: Call) -> Value:
    """LOG is the natural one unless there is a base."""
    value = call_.float(0)
    natural = call("tsql_finite", call("LN", value.tree))
    if not call_.has(1):
        return Value(natural, FLOAT)
    return Value(call("tsql_finite", binary(exp.Div, natural, call("LN", call_.float(1).tree))), FLOAT)


def _angle(function: str) -> Function:
    """Make DEGREES or RADIANS, which give the type that they take."""

    def build(call_: Call) -> Value:
        value = _widened(call_.number(0))
        turned = call(function, convert(value, FLOAT).tree)
        if value.type.base in APPROXIMATE:
            return Value(turned, FLOAT)
        kind = decimal(38, 18) if value.type.base is Base.DECIMAL else value.type
        return Value(cast(call("TRUNC", turned) if kind.base in INTEGERS else turned, kind), kind)

    return build


def pi(call_: Call) -> Value:
    del call_
    return Value(call("PI"), FLOAT)


def random(call_: Call) -> Value:
    """RAND gives one number for the whole statement."""
    if call_.has(0):
        raise call_.refused("its sequence for a seed is SQL Server's own", "Use RAND() or NEWID().")
    return Value(exp.Subquery(this=exp.Select(expressions=[exp.alias_(call("RANDOM"), "r")])), FLOAT)


def is_numeric(call_: Call) -> Value:
    """ISNUMERIC: whether a text is a number of some type."""
    value = call_.value(0)
    if value.is_null:
        return constant(0, INT)
    if value.type.is_number:
        return Value(
            cast(exp.Not(this=exp.Is(this=exp.Paren(this=value.tree), expression=exp.Null())), INT), INT
        )
    if not value.type.is_text:
        return constant(0, INT)
    return Value(call("tsql_isnumeric", value.tree), INT)


FUNCTIONS: dict[str, Function] = {
    "ABS": absolute,
    "ACOS": _float("ACOS", guarded=True),
    "ASIN": _float("ASIN", guarded=True),
    "ATAN": _float("ATAN"),
    "ATN2": _float("ATAN2"),
    "CEILING": _to_whole("CEIL"),
    "COS": _float("COS"),
    "COT": _float("COT", guarded=True),
    "DEGREES": _angle("DEGREES"),
    "EXP": _float("EXP", guarded=True),
    "FLOOR": _to_whole("FLOOR"),
    "ISNUMERIC": is_numeric,
    "LOG": logarithm,
    "LOG10": _float("LOG10", guarded=True),
    "PI": pi,
    "POWER": power,
    "RADIANS": _angle("RADIANS"),
    "RAND": random,
    "ROUND": rounding,
    "SIGN": _keeping("SIGN"),
    "SIN": _float("SIN"),
    "SQRT": _float("SQRT", guarded=True),
    "SQUARE": square,
    "TAN": _float("TAN", guarded=True),
}
