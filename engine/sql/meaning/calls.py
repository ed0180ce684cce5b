"""Calls of functions, by T-SQL's own names.

The parser gives many functions as nodes of sqlglot. `read_call` brings them back to the name and the
arguments that were written, so that one table (`functions`) holds all of T-SQL's functions by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

Arguments = list[exp.Expr | None]


@dataclass(frozen=True, slots=True)
class Written:
    """A call as it was written: the name in upper case, and the arguments."""

    name: str
    arguments: tuple[exp.Expr, ...]


def read_call(node: exp.Expr) -> Written | None:
    """Give the call that a node stands for; None if it is no call.

    >>> read_call(exp.Length(this=exp.cast(exp.column("a"), "TEXT"))).name
    'LEN'
    """
    if isinstance(node, exp.Anonymous):
        return Written(node.name.upper(), tuple(node.expressions))
    reader = _READERS.get(type(node))
    if reader is None:
        return None
    name, arguments = reader(node)
    return Written(name, tuple(argument for argument in arguments if argument is not None))


def _bare(node: exp.Expr | None) -> exp.Expr | None:
    """Take off the conversion that a builder of sqlglot put around an argument; T-SQL's own rules make it."""
    implied = isinstance(node, exp.TimeStrToTime | exp.TsOrDsToDate) or (
        isinstance(node, exp.Cast) and node.to.this == exp.DType.TEXT
    )
    return node.this if implied and node is not None else node


def _plain(name: str, *keys: str) -> Callable[[exp.Expr], tuple[str, Arguments]]:
    def read(node: exp.Expr) -> tuple[str, Arguments]:
        arguments: Arguments = []
        for key in keys:
            found = node.args.get(key)
            arguments.extend(found) if isinstance(found, list) else arguments.append(_bare(found))
        return name, arguments

    return read


def _count(node: exp.Expr) -> tuple[str, Arguments]:
    return "COUNT_BIG" if node.args.get("big_int") else "COUNT", [node.this]


def _coalesce(node: exp.Expr) -> tuple[str, Arguments]:
    return "ISNULL" if node.args.get("is_null") else "COALESCE", [node.this, *node.expressions]


def _datediff(node: exp.Expr) -> tuple[str, Arguments]:
    name = "DATEDIFF_BIG" if node.args.get("big_int") else "DATEDIFF"
    return name, [node.args["unit"], _bare(node.expression), _bare(node.this)]


def _eomonth(node: exp.Expr) -> tuple[str, Arguments]:
    inner = node.this
    if isinstance(inner, exp.DateAdd):
        return "EOMONTH", [_bare(inner.this), inner.expression]
    return "EOMONTH", [_bare(inner)]


def _log(node: exp.Expr) -> tuple[str, Arguments]:
    """Tell LOG10 from other bases: a quotient of two natural logarithms is not exact for powers of ten."""
    base, value = node.this, node.expression
    if isinstance(base, exp.Literal) and base.name == "10":
        return "LOG10", [value]
    return "LOG", [value, base]


def _trim(node: exp.Expr) -> tuple[str, Arguments]:
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(node.args.get("position") or "", "TRIM")
    return name, [node.this, node.expression if node.args.get("expression") else None]


def _hashbytes(node: exp.Expr) -> tuple[str, Arguments]:
    if isinstance(node, exp.SHA2):
        kind = f"SHA2_{node.args['length'].name}"
    else:
        kind = "MD5" if isinstance(node, exp.MD5) else "SHA1"
    return "HASHBYTES", [exp.Literal.string(kind), node.this]


def _json(name: str) -> Callable[[exp.Expr], tuple[str, Arguments]]:
    def read(node: exp.Expr) -> tuple[str, Arguments]:
        path = node.expression
        return name, [
            node.this,
            exp.Literal.string(_path_text(path)) if isinstance(path, exp.JSONPath) else path,
        ]

    return read


def _path_text(path: exp.JSONPath) -> str:
    """Write a parsed JSON path again; every key in quotes."""
    shown = ""
    for step in path.expressions:
        if isinstance(step, exp.JSONPathKey):
            shown += f'."{step.this}"'
        elif isinstance(step, exp.JSONPathSubscript):
            shown += f"[{step.this}]"
        else:
            shown += "$" if isinstance(step, exp.JSONPathRoot) else "*"
    return shown


_READERS: dict[type[exp.Expr], Callable[[exp.Expr], tuple[str, Arguments]]] = {
    exp.Abs: _plain("ABS", "this"),
    exp.Acos: _plain("ACOS", "this"),
    exp.ApproxDistinct: _plain("APPROX_COUNT_DISTINCT", "this"),
    exp.Ascii: _plain("ASCII", "this"),
    exp.Asin: _plain("ASIN", "this"),
    exp.Atan: _plain("ATAN", "this"),
    exp.Atan2: _plain("ATN2", "this", "expression"),
    exp.Avg: _plain("AVG", "this"),
    exp.Ceil: _plain("CEILING", "this"),
    exp.Chr: _plain("CHAR", "expressions"),
    exp.Coalesce: _coalesce,
    exp.Compress: _plain("COMPRESS", "this"),
    exp.Concat: _plain("CONCAT", "expressions"),
    exp.ConcatWs: _plain("CONCAT_WS", "expressions"),
    exp.Cos: _plain("COS", "this"),
    exp.Cot: _plain("COT", "this"),
    exp.Count: _count,
    exp.CumeDist: _plain("CUME_DIST"),
    exp.CurrentSchema: _plain("SCHEMA_NAME", "this"),
    exp.CurrentTimestamp: _plain("GETDATE"),
    exp.CurrentTimestampLTZ: _plain("SYSDATETIMEOFFSET"),
    exp.CurrentTimezone: _plain("CURRENT_TIMEZONE"),
    exp.CurrentUser: _plain("CURRENT_USER", "this"),
    exp.DateAdd: _plain("DATEADD", "unit", "expression", "this"),
    exp.DateDiff: _datediff,
    exp.DateFromParts: _plain("DATEFROMPARTS", "year", "month", "day"),
    exp.Day: _plain("DAY", "this"),
    exp.Degrees: _plain("DEGREES", "this"),
    exp.DenseRank: _plain("DENSE_RANK"),
    exp.Exp: _plain("EXP", "this"),
    exp.Extract: _plain("DATEPART", "this", "expression"),
    exp.FirstValue: _plain("FIRST_VALUE", "this"),
    exp.Floor: _plain("FLOOR", "this"),
    exp.GenerateSeries: _plain("GENERATE_SERIES", "start", "end", "step"),
    exp.Getbit: _plain("GET_BIT", "this", "expression"),
    exp.Greatest: _plain("GREATEST", "this", "expressions"),
    exp.Grouping: _plain("GROUPING", "expressions"),
    exp.GroupingId: _plain("GROUPING_ID", "expressions"),
    exp.JSONExtract: _json("JSON_QUERY"),
    exp.JSONExtractScalar: _json("JSON_VALUE"),
    exp.Lag: _plain("LAG", "this", "offset", "default"),
    exp.LastDay: _eomonth,
    exp.LastValue: _plain("LAST_VALUE", "this"),
    exp.Lead: _plain("LEAD", "this", "offset", "default"),
    exp.Least: _plain("LEAST", "this", "expressions"),
    exp.Left: _plain("LEFT", "this", "expression"),
    exp.Length: _plain("LEN", "this"),
    exp.Ln: _plain("LOG", "this"),
    exp.Log: _log,
    exp.Lower: _plain("LOWER", "this"),
    exp.MD5: _hashbytes,
    exp.Max: _plain("MAX", "this"),
    exp.Min: _plain("MIN", "this"),
    exp.Month: _plain("MONTH", "this"),
    exp.Ntile: _plain("NTILE", "this"),
    exp.Nullif: _plain("NULLIF", "this", "expression"),
    exp.ObjectId: _plain("OBJECT_ID", "this", "expression"),
    exp.PercentRank: _plain("PERCENT_RANK"),
    exp.PercentileCont: _plain("PERCENTILE_CONT", "this"),
    exp.PercentileDisc: _plain("PERCENTILE_DISC", "this"),
    exp.Pi: _plain("PI"),
    exp.Pow: _plain("POWER", "this", "expression"),
    exp.Radians: _plain("RADIANS", "this"),
    exp.Rand: _plain("RAND", "this"),
    exp.Rank: _plain("RANK"),
    exp.Repeat: _plain("REPLICATE", "this", "times"),
    exp.Replace: _plain("REPLACE", "this", "expression", "replacement"),
    exp.Reverse: _plain("REVERSE", "this"),
    exp.Right: _plain("RIGHT", "this", "expression"),
    exp.Round: _plain("ROUND", "this", "decimals", "truncate"),
    exp.RowNumber: _plain("ROW_NUMBER"),
    exp.SHA: _hashbytes,
    exp.SHA2: _hashbytes,
    exp.SessionUser: _plain("SESSION_USER"),
    exp.Sign: _plain("SIGN", "this"),
    exp.Sin: _plain("SIN", "this"),
    exp.Soundex: _plain("SOUNDEX", "this"),
    exp.Space: _plain("SPACE", "this"),
    exp.Sqrt: _plain("SQRT", "this"),
    exp.Stddev: _plain("STDEV", "this"),
    exp.StrPosition: _plain("CHARINDEX", "substr", "this", "position"),
    exp.Stuff: _plain("STUFF", "this", "start", "length", "expression"),
    exp.Substring: _plain("SUBSTRING", "this", "start", "length"),
    exp.Sum: _plain("SUM", "this"),
    exp.Tan: _plain("TAN", "this"),
    exp.TimeFromParts: _plain("TIMEFROMPARTS", "hour", "min", "sec", "fractions", "precision"),
    exp.TimestampFromParts: _plain(
        "DATETIMEFROMPARTS", "year", "month", "day", "hour", "min", "sec", "milli"
    ),
    exp.TimestampTrunc: _plain("DATETRUNC", "unit", "this"),
    exp.Translate: _plain("TRANSLATE", "this", "from_", "to"),
    exp.Trim: _trim,
    exp.Unicode: _plain("UNICODE", "this"),
    exp.Upper: _plain("UPPER", "this"),
    exp.Uuid: _plain("NEWID"),
    exp.Year: _plain("YEAR", "this"),
}
CALL_NODES: tuple[type[exp.Expr], ...] = (exp.Anonymous, *_READERS)
