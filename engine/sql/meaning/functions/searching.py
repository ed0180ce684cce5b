"""Functions that look for a text in a text: CHARINDEX, PATINDEX and REPLACE.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT CHARINDEX('b', name) AS a, PATINDEX('%[0-9]%', name) AS b FROM t"))
SELECT CAST(STRPOS(t.name, 'b') AS INT) AS a, CAST(TSQL_PATINDEX(t.name, '(?s)^(.*?)(?:[0-9].*)$') AS INT) \
AS b FROM t AS t
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.functions.call import Call, Function, text_type
from engine.sql.meaning.patterns import read_pattern, regex_text
from engine.sql.meaning.trees import call, cast, text
from engine.sql.meaning.types import BIGINT, INT, MAX
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.collation import Collation


def position(call_: Call) -> Value:
    """CHARINDEX gives 0 where nothing is found, and for an empty text."""
    needle, hay = call_.text(0), call_.text(1)
    collation = call_.context.collation_of(hay.type, needle.type)
    trees = [_folded(value.tree, collation) for value in (hay, needle)]
    kind = BIGINT if hay.type.size == MAX else INT
    if call_.has(2):
        return Value(cast(call("tsql_charindex_from", *trees, call_.integer(2).tree), kind), kind)
    plain = isinstance(needle.constant, str) and needle.constant != ""
    return Value(cast(call("STRPOS" if plain else "tsql_charindex", *trees), kind), kind)


def _folded(tree: exp.Expr, collation: Collation) -> exp.Expr:
    tree = call("STRIP_ACCENTS", tree) if collation.fold_accent else tree
    return call("LOWER", tree) if collation.fold_case else tree


def pattern_position(call_: Call) -> Value:
    """PATINDEX gives the place of the first match; without a leading % only the start is tried."""
    steps = read_pattern(call_.constant_text(0, "The pattern"))
    subject = call_.text(1)
    collation = call_.context.collation_of(subject.type)
    kind = BIGINT if subject.type.size == MAX else INT
    floating = bool(steps) and steps[0].kind == "%"
    inner = regex_text(steps[1:] if floating else steps)
    lead = "(.*?)" if floating else "()"
    regex = f"(?{'i' if collation.fold_case else ''}s)^{lead}(?:{inner})$"
    tree = call("STRIP_ACCENTS", subject.tree) if collation.fold_accent else subject.tree
    return Value(cast(call("tsql_patindex", tree, text(regex)), kind), kind)


def replace(call_: Call) -> Value:
    """REPLACE, under a collation that ignores case by a regular expression."""
    value, old, new = call_.text(0), call_.text(1), call_.text(2)
    collation = call_.context.collation_of(value.type, old.type)
    kind = text_type(value.type, MAX if MAX in (value.type.size, new.type.size) else 8000)
    if collation.fold_accent:
        raise call_.refused("it would have to ignore accents", "Use a collation that ends in _AS.")
    if not collation.fold_case:
        return Value(call("REPLACE", value.tree, old.tree, new.tree), kind)
    if not (isinstance(old.constant, str) and isinstance(new.constant, str)):
        raise call_.refused(
            "it would have to ignore case for texts that only the data tells", "Use constants."
        )
    if not old.constant:
        return value
    regex, added = text(f"(?i){re.escape(old.constant)}"), text(new.constant.replace("\\", "\\\\"))
    return Value(call("REGEXP_REPLACE", value.tree, regex, added, text("g")), kind)


FUNCTIONS: dict[str, Function] = {"CHARINDEX": position, "PATINDEX": pattern_position, "REPLACE": replace}
