"""Assignment: what INSERT, UPDATE and typed rowsets do to a value on its way into a column."""

from __future__ import annotations

from engine.sql.meaning.conversion.convert import convert
from engine.sql.meaning.conversion.request import IMPLICIT
from engine.sql.meaning.trees import call, number
from engine.sql.meaning.types import FIXED_TEXT, MAX, SqlType, nvarchar, varchar
from engine.sql.meaning.values import Value


def assign(value: Value, target: SqlType) -> Value:
    """Convert to the type of a column; a text that is too long ends the statement instead of being cut.

    Raises:
        BindError: T-SQL does not convert by itself between these types.
    """
    longer = value.type.is_text and target.is_text and target.size != MAX and not _fits(value.type, target)
    if not longer:
        return convert(value, target, IMPLICIT)
    whole = (nvarchar if target.is_unicode else varchar)(MAX)
    checked = call("tsql_assigned", convert(value, whole).tree, number(target.size))
    kind = (nvarchar if target.is_unicode else varchar)(target.size)
    fitting = Value(checked, kind.with_facts(collation=value.type.collation))
    return convert(fitting, target) if target.base in FIXED_TEXT else fitting.retyped(target)


def _fits(source: SqlType, target: SqlType) -> bool:
    return source.size != MAX and source.size <= target.size
