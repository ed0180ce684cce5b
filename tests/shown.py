"""Values as the files of cases write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any


def shown(value: Any) -> str:
    """A value as T-SQL would write it, or nearly.

    >>> shown("a"), shown(b"\\x0a"), shown(None), shown(True)
    ("'a'", '0x0A', 'NULL', 'True')
    """
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, bytes):
        return f"0x{value.hex().upper()}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, dt.date | dt.time) else repr(value)
