"""The one way from a value of one type to a value of another."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.sql.meaning.conversion.constants import folded
from engine.sql.meaning.conversion.legality import check_conversion
from engine.sql.meaning.conversion.request import IMPLICIT, Request
from engine.sql.meaning.conversion.to_bytes import to_bytes, to_uniqueidentifier
from engine.sql.meaning.conversion.to_moment import known_zone, to_moment
from engine.sql.meaning.conversion.to_number import to_number
from engine.sql.meaning.conversion.to_text import implicit_length, to_text
from engine.sql.meaning.dates import grammar
from engine.sql.meaning.trees import call
from engine.sql.meaning.types import (
    BYTES,
    FIXED_TEXT,
    MAX,
    NULL,
    NUMBERS,
    TEMPORAL,
    TEXT,
    Base,
    SqlType,
    varchar,
)
from engine.sql.meaning.values import Value, constant, settled


def convert(value: Value, target: SqlType, request: Request = IMPLICIT) -> Value:
    """Convert a value as T-SQL does.

    Args:
        value: What to convert.
        target: The type wanted.
        request: Style, safety, and whether CAST or CONVERT asked for it.

    Raises:
        BindError: T-SQL has no such conversion.
        UnsupportedSqlError: It has, and it cannot be kept here.
    """
    if value.type == target:
        return value
    if value.is_null or value.type == NULL:
        return constant(None, target)
    check_conversion(value.type, target, request)
    if value.is_constant and (result := folded(value, target, request)) is not None:
        return result
    value = _in_order(replace(value, tree=settled(value)), target, request)
    return Value(_converted(value, target, request), _with_facts(value.type, target))


def to_string(value: Value) -> Value:
    """Give the text that a value becomes where T-SQL wants text."""
    if value.type.is_text:
        return value
    if value.type == NULL:
        return constant(None, varchar(1))
    return convert(value, varchar(implicit_length(value.type)))


def _converted(value: Value, target: SqlType, request: Request) -> exp.Expr:
    if target.base in TEXT:
        return to_text(value, target, request)
    if target.base in NUMBERS:
        return to_number(value, target, request)
    if target.base in TEMPORAL:
        return to_moment(value, target, request)
    if target.base in BYTES:
        return to_bytes(value, target, request)
    return to_uniqueidentifier(value, request)


def _in_order(value: Value, target: SqlType, request: Request) -> Value:
    day_first = request.style in grammar.DAY_FIRST_STYLES
    if day_first and value.type.is_text and target.is_temporal:
        return replace(value, tree=call("tsql_day_first", value.tree))
    return value


def _with_facts(source: SqlType, target: SqlType) -> SqlType:
    """Say what is known of the converted values."""
    if target.base is Base.DATETIMEOFFSET:
        unknown = source.is_text or (source.base is Base.DATETIMEOFFSET and source.zone is None)
        zone = None if unknown else known_zone(source) if source.base is Base.DATETIMEOFFSET else "UTC"
        return target.with_facts(zone=zone)
    if not target.is_text:
        return target
    if not source.is_text:
        return target.with_facts(trimmed=target.base not in FIXED_TEXT and source.base not in BYTES)
    uncut = target.size == MAX or (source.size != MAX and source.size <= target.size)
    trimmed = source.trimmed and uncut and target.base not in FIXED_TEXT
    return target.with_facts(trimmed=trimmed, collation=source.collation)
