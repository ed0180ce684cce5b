"""The statistics of a data file, from its Parquet footer, as a Delta log spells them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.lake.partition import ColumnFacts

# Delta's own default (dataSkippingNumIndexedCols): a log is read whole, it must not grow with wide tables.
_INDEXED_COLUMNS = 32
_LONGEST_TEXT = 32
_LAST_CHARACTER = "\U0010ffff"


def stats_json(rows: int, facts: Sequence[ColumnFacts]) -> str:
    """`numRecords`, `minValues`, `maxValues` and `nullCount` of the first columns."""
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for fact in facts[:_INDEXED_COLUMNS]:
        if fact.nulls is not None:
            nulls[fact.name] = fact.nulls
        spelled = _bounds(fact)
        if spelled is not None:
            low[fact.name], high[fact.name] = spelled
    return json.dumps({"numRecords": rows, "minValues": low, "maxValues": high, "nullCount": nulls})


def partition_text(value: Any) -> str | None:
    """A partition value as a log spells it.

    >>> partition_text(dt.date(2019, 1, 31)), partition_text(True), partition_text(None)
    ('2019-01-31', 'true', None)
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if value.tzinfo is None else _instant(value, "%f")
    return str(value)


def _bounds(fact: ColumnFacts) -> tuple[Any, Any] | None:
    low, high = fact.low, fact.high
    if low is None or high is None:
        return None
    for python, spell in _SPELLINGS.items():
        if isinstance(low, python):
            return spell(low, high)
    return None


def _same(low: Any, high: Any) -> tuple[Any, Any]:
    return low, high


def _floats(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _texts(low: str, high: str) -> tuple[str, str]:
    """Cut texts still bound: the lower by being shorter, the upper by a last character that none is above."""
    return low[:_LONGEST_TEXT], high if len(high) <= _LONGEST_TEXT else high[:_LONGEST_TEXT] + _LAST_CHARACTER


def _decimals(low: Decimal, high: Decimal) -> tuple[float, float] | None:
    """As JSON numbers, if a double holds them: readers take them for doubles."""
    pair = float(low), float(high)
    return pair if Decimal(repr(pair[0])) == low and Decimal(repr(pair[1])) == high else None


def _dates(low: dt.date, high: dt.date) -> tuple[str, str]:
    return low.isoformat(), high.isoformat()


def _times(low: dt.datetime, high: dt.datetime) -> tuple[str, str]:
    """To the millisecond, as Delta wants it: the lower cut off, the upper rounded up."""
    up = high + dt.timedelta(microseconds=-high.microsecond % 1000)
    return _millis(low), _millis(up)


def _millis(moment: dt.datetime) -> str:
    thousandths = f"{moment.microsecond // 1000:03d}"
    if moment.tzinfo is not None:
        return _instant(moment, thousandths)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{thousandths}"


def _instant(moment: dt.datetime, fraction: str) -> str:
    return moment.astimezone(dt.UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{fraction}Z")


# In this order: a bool is an int and a datetime is a date.
_SPELLINGS: Mapping[type, Callable[[Any, Any], tuple[Any, Any] | None]] = {
    bool: _same,
    int: _same,
    float: _floats,
    str: _texts,
    Decimal: _decimals,
    dt.datetime: _times,
    dt.date: _dates,
}
