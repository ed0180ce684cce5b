"""What follows an expression: COLLATE and AT TIME ZONE.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT d AT TIME ZONE 'UTC' AT TIME ZONE 'Pacific Standard Time' AS x FROM t"))
SELECT TIMEZONE('UTC', t.d) AS x FROM t AS t
>>> print(shown("SELECT 1 AS x FROM t WHERE name = 'A' COLLATE Latin1_General_CI_AS"))
SELECT 1 AS x FROM t AS t WHERE t.name >= 'A' AND t.name < 'a!' AND LOWER(RTRIM(t.name, ' ')) = 'a'
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.collation import named_collation
from engine.sql.meaning.conversion.convert import convert, to_string
from engine.sql.meaning.conversion.to_moment import as_timestamp
from engine.sql.meaning.dates.zones import zone_of, zoned_time
from engine.sql.meaning.types import DATETIME2, DATETIMEOFFSET, Base, SqlType
from engine.sql.meaning.values import Value, string_of

if TYPE_CHECKING:
    from engine.sql.meaning.binding.context import Context


def collate(node: exp.Expr, context: Context) -> Value:
    """Give a text the collation that it asks for."""
    value = to_string(context.value(node.this))
    name = node.expression.name
    collation = context.settings.collation if name.lower() == "database_default" else named_collation(name)
    kind = value.type.with_facts(trimmed=value.type.trimmed, collation=replace(collation, explicit=True))
    return value.retyped(kind)


def at_time_zone(node: exp.Expr, context: Context) -> Value:
    """Say in which zone a date and time is, or show an instant in a zone."""
    value = context.value(node.this)
    zone = zone_of(string_of(context.value(node.args["zone"]), "The time zone"))
    if value.type.is_text:
        value = convert(value, DATETIME2)
    if not value.type.is_temporal or value.type.base in (Base.TIME, Base.DATE):
        raise BindError(
            f"Argument data type {value.type.base} is invalid for argument 1 of AT TIME ZONE function.",
            **place(node),
        )
    digits = value.type.size if value.type.base in (Base.DATETIME2, Base.DATETIMEOFFSET) else 3
    kind = SqlType(DATETIMEOFFSET.base, digits, zone=zone)
    if value.type.base is Base.DATETIMEOFFSET:
        return value.retyped(kind)
    return Value(zoned_time(as_timestamp(value), zone), kind)


RULES = {exp.AtTimeZone: at_time_zone, exp.Collate: collate}
