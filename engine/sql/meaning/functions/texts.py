"""Functions that give text or its length.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT LEN(name) AS a, LEFT(name, 2) AS b, STUFF(name, 2, 3, 'XY') AS c FROM t"))
SELECT CAST(LENGTH(RTRIM(t.name, ' ')) AS INT) AS a, LEFT(t.name, 2) AS b, TSQL_STUFF(t.name, 2, 3, 'XY') \
AS c FROM t AS t
"""

from __future__ import annotations

from sqlglot import exp

from engine.sql.meaning.concatenating import concatenated
from engine.sql.meaning.functions.call import Call, Function, text_type
from engine.sql.meaning.trees import binary, call, case, cast, cast_as, is_null, join_text, number, text
from engine.sql.meaning.types import BIGINT, INT, MAX, Base, SqlType, decimal, nvarchar, varchar
from engine.sql.meaning.values import Value, constant

_QUOTES = {"[": "[]", "]": "[]", "'": "''", '"': '""', "(": "()", ")": "()", "<": "<>", ">": "<>", "{": "{}"}
_QUOTES |= {"}": "{}", "`": "``"}


def length(call_: Call) -> Value:
    """LEN does not count blanks at the end."""
    value = call_.text(0)
    bare = value.tree if value.type.trimmed else call("RTRIM", value.tree, text(" "))
    kind = BIGINT if value.type.size == MAX else INT
    return Value(cast(call("LENGTH", bare), kind), kind)


def data_length(call_: Call) -> Value:
    """DATALENGTH counts bytes: text in UTF-8 when it is varchar, in UTF-16 when it is nvarchar."""
    value = call_.value(0)
    kind = BIGINT if value.type.size == MAX else INT
    if value.is_null:
        return constant(None, INT)
    if value.type.is_unicode:
        return Value(cast(call("tsql_utf16_length", value.tree), kind), kind)
    if value.type.is_text:
        return Value(cast(call("STRLEN", value.tree), kind), kind)
    if value.type.is_bytes:
        return Value(cast(call("OCTET_LENGTH", value.tree), kind), kind)
    stored = case([(is_null(value.tree), exp.Null())], number(_storage(value.type)))
    return Value(cast(stored, INT), INT)


def _storage(kind: SqlType) -> int:
    """Give the bytes that SQL Server stores a value in."""
    if kind.base is Base.DECIMAL:
        return 5 if kind.size <= 9 else 9 if kind.size <= 19 else 13 if kind.size <= 28 else 17
    clock = 3 if kind.size <= 2 else 4 if kind.size <= 4 else 5
    sizes = {Base.TIME: clock, Base.DATETIME2: clock + 3, Base.DATETIMEOFFSET: clock + 5}
    return (
        sizes
        | dict.fromkeys((Base.BIT, Base.TINYINT), 1)
        | dict.fromkeys((Base.INT, Base.REAL, Base.SMALLMONEY, Base.SMALLDATETIME), 4)
        | dict.fromkeys((Base.BIGINT, Base.FLOAT, Base.MONEY, Base.DATETIME), 8)
        | {Base.SMALLINT: 2, Base.DATE: 3, Base.UNIQUEIDENTIFIER: 16}
    )[kind.base]


def _end(side: str) -> Function:
    def build(call_: Call) -> Value:
        value, count = call_.text(0), call_.integer(1)
        size = count.constant if isinstance(count.constant, int) else value.type.size
        kind = text_type(value.type, size if size >= 0 else 1)
        if isinstance(count.constant, int) and count.constant >= 0:
            return Value(call(side, value.tree, count.tree), kind)
        return Value(call(side, value.tree, call("tsql_length_checked", count.tree)), kind)

    return build


def substring(call_: Call) -> Value:
    """SUBSTRING counts from 1; what lies before the text counts for the length, too."""
    value = call_.value(0)
    start = call_.integer(1)
    count = call_.integer(2) if call_.has(2) else constant(2**31 - 1, INT)
    if value.type.is_bytes:
        digits = call(
            "tsql_substring", call("HEX", value.tree), _doubled(start, less=1), _doubled(count, less=0)
        )
        return Value(call("UNHEX", digits), value.type)
    value = call_.text(0)
    known = count.constant if isinstance(count.constant, int) and count.constant >= 0 else None
    plain = known is not None and isinstance(start.constant, int) and start.constant >= 1
    kind = text_type(value.type, value.type.size if known is None else min(known, 8000))
    return Value(call("SUBSTRING" if plain else "tsql_substring", value.tree, start.tree, count.tree), kind)


def _doubled(value: Value, *, less: int) -> exp.Expr:
    """Give the place of a byte among hexadecimal digits."""
    doubled = binary(exp.Mul, value.tree, number(2))
    return binary(exp.Sub, doubled, number(less)) if less else doubled


def _same_length(function: str) -> Function:
    def build(call_: Call) -> Value:
        value = call_.text(0)
        return Value(
            call(function, value.tree), text_type(value.type, value.type.size, trimmed=value.type.trimmed)
        )

    return build


def reverse(call_: Call) -> Value:
    value = call_.text(0)
    return Value(call("REVERSE", value.tree), text_type(value.type, value.type.size))


def _trim(function: str) -> Function:
    def build(call_: Call) -> Value:
        value = call_.text(0)
        characters = call_.text(1).tree if call_.has(1) else text(" ")
        trimmed = not call_.has(1) and (function != "LTRIM" or value.type.trimmed)
        return Value(
            call(function, value.tree, characters), text_type(value.type, value.type.size, trimmed=trimmed)
        )

    return build


def replicate(call_: Call) -> Value:
    """REPLICATE stops at 8000 bytes unless its text is of a MAX type."""
    value, count = call_.text(0), call_.integer(1)
    known = count.constant if isinstance(count.constant, int) else 8000
    size = MAX if value.type.size == MAX else value.type.size * max(known, 0)
    repeated = call("tsql_replicate", value.tree, count.tree)
    longest = 4000 if value.type.is_unicode else 8000
    if size > longest:
        return Value(call("LEFT", repeated, number(longest)), text_type(value.type, size))
    return Value(repeated, text_type(value.type, size, trimmed=value.type.trimmed))


def space(call_: Call) -> Value:
    count = call_.integer(0)
    return Value(call("LEFT", call("tsql_replicate", text(" "), count.tree), number(8000)), varchar(8000))


def stuff(call_: Call) -> Value:
    value, added = call_.text(0), call_.text(3)
    tree = call("tsql_stuff", value.tree, call_.integer(1).tree, call_.integer(2).tree, added.tree)
    joined = concatenated(value, added).type
    return Value(tree, joined.with_facts(collation=joined.collation))


def concatenate(call_: Call) -> Value:
    """CONCAT takes NULL for an empty text."""
    parts = [call_.text(index) for index in range(len(call_.arguments))]
    return Value(call("CONCAT", *(part.tree for part in parts)), _joined(parts, 0))


def concatenate_with(call_: Call) -> Value:
    """CONCAT_WS leaves NULLs out; a NULL for the separator is an empty text."""
    separator, *parts = [call_.text(index) for index in range(len(call_.arguments))]
    known = isinstance(separator.constant, str)
    glue = separator.tree if known else call("COALESCE", separator.tree, text(""))
    tree = call("CONCAT_WS", glue, *(part.tree for part in parts))
    return Value(tree, _joined([separator, *parts], separator.type.size * (len(parts) - 2)))


def _joined(parts: list[Value], extra: int) -> SqlType:
    wide = any(part.type.is_unicode for part in parts)
    longest = 4000 if wide else 8000
    size = (
        MAX if any(part.type.size == MAX for part in parts) else sum(part.type.size for part in parts) + extra
    )
    size = size if size == MAX else min(longest, max(1, size))
    collation = next((part.type.collation for part in parts if part.type.collation), None)
    return (nvarchar(size) if wide else varchar(size)).with_facts(collation=collation)


def translate(call_: Call) -> Value:
    """TRANSLATE wants as many characters for as many."""
    value, old, new = call_.text(0), call_.text(1), call_.text(2)
    kind = text_type(value.type, value.type.size)
    folding = call_.context.collation_of(value.type, old.type).fold_case
    if (
        isinstance(old.constant, str)
        and isinstance(new.constant, str)
        and len(old.constant) == len(new.constant)
    ):
        sides = (old.constant, new.constant)
        if folding:
            sides = (old.constant.lower() + old.constant.upper(), new.constant * 2)
        return Value(call("TRANSLATE", value.tree, *map(text, sides)), kind)
    if folding:
        raise call_.refused(
            "it would have to ignore the case of characters not known before", "Use constants."
        )
    return Value(call("tsql_translate", value.tree, old.tree, new.tree), kind)


def quote_name(call_: Call) -> Value:
    """QUOTENAME gives NULL for more than 128 characters, and for a character that quotes nothing."""
    value = call_.text(0)
    quote = call_.constant_text(1, "The second argument") if call_.has(1) else "["
    pair = _QUOTES.get(quote[:1])
    if pair is None:
        return constant(None, nvarchar(258))
    left, right = pair[0], pair[1]
    inner = call("REPLACE", value.tree, text(right), text(right * 2))
    quoted = join_text([text(left), inner, text(right)])
    short = binary(exp.LTE, call("LENGTH", value.tree), number(128))
    return Value(exp.Case(ifs=[exp.If(this=short, true=quoted)]), nvarchar(258))


def string_of_number(call_: Call) -> Value:
    """STR writes a rounded float at the right end of so many blanks.

    It gives up decimals to fit, and writes stars where not even the whole number fits.
    """
    value = call_.float(0)
    width = call_.integer(1) if call_.has(1) else constant(10, INT)
    decimals = call_.constant_integer(2, "The number of decimals") if call_.has(2) else 0
    if not 0 <= decimals <= 16:
        raise call_.refused("more than 16 decimals")
    branches: list[tuple[exp.Expr, exp.Expr]] = [(is_null(value.tree), exp.Null())]
    for scale in range(decimals, -1, -1):
        shown = cast_as(cast(value.tree, decimal(38, scale), safe=True), "VARCHAR")
        fits = binary(exp.LTE, call("LENGTH", shown), width.tree)
        branches.append((fits, call("LPAD", shown, width.tree, text(" "))))
    size = width.constant if isinstance(width.constant, int) else 8000
    stars = call("REPEAT", text("*"), width.tree)
    return Value(case(branches, stars), varchar(max(1, min(size, 8000))))


def character(call_: Call) -> Value:
    """CHAR of a code up to 127; above that the character depends on the code page."""
    return Value(call("tsql_char", call_.integer(0).tree), varchar(1))


def unicode_character(call_: Call) -> Value:
    return Value(call("tsql_nchar", call_.integer(0).tree), nvarchar(1))


def code(call_: Call) -> Value:
    """ASCII: the first byte of a text."""
    return Value(call("tsql_ascii", call_.text(0).tree), INT)


def unicode_code(call_: Call) -> Value:
    value = call_.text(0)
    return Value(call("NULLIF", call("UNICODE", value.tree), number(-1)), INT)


def soundex(call_: Call) -> Value:
    return Value(call("tsql_soundex", call_.text(0).tree), varchar(4).with_facts(trimmed=True))


def difference(call_: Call) -> Value:
    codes = [call("tsql_soundex", call_.text(index).tree) for index in (0, 1)]
    return Value(cast(call("tsql_difference", *codes), INT), INT)


def escape(call_: Call) -> Value:
    """STRING_ESCAPE knows one kind: json."""
    if call_.constant_text(1, "The second argument").lower() != "json":
        raise call_.refused("only 'json' is known")
    value = call_.text(0)
    return Value(call("tsql_json_escape", value.tree), nvarchar(MAX))


def parse_name(call_: Call) -> Value:
    """PARSENAME gives a part of a dotted name, counted from the right."""
    part = call_.integer(1)
    return Value(call("tsql_parsename", call_.text(0).tree, part.tree), nvarchar(128))


FUNCTIONS: dict[str, Function] = {
    "ASCII": code,
    "CHAR": character,
    "CONCAT": concatenate,
    "CONCAT_WS": concatenate_with,
    "DATALENGTH": data_length,
    "DIFFERENCE": difference,
    "LEFT": _end("LEFT"),
    "LEN": length,
    "LOWER": _same_length("LOWER"),
    "LTRIM": _trim("LTRIM"),
    "NCHAR": unicode_character,
    "PARSENAME": parse_name,
    "QUOTENAME": quote_name,
    "REPLICATE": replicate,
    "REVERSE": reverse,
    "RIGHT": _end("RIGHT"),
    "RTRIM": _trim("RTRIM"),
    "SOUNDEX": soundex,
    "SPACE": space,
    "STR": string_of_number,
    "STRING_ESCAPE": escape,
    "STUFF": stuff,
    "SUBSTRING": substring,
    "TRANSLATE": translate,
    "TRIM": _trim("TRIM"),
    "UNICODE": unicode_code,
    "UPPER": _same_length("tsql_upper"),
}
