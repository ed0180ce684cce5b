"""What serverless queries are billed, and what a budget allows: pure arithmetic over days.

Facts: a query is billed for what it reads, moves between nodes and returns, rounded up to the next MB, 10 MB
at least; statements that touch no data are free; limits are whole TB for a day, a week and a month, and a
query that starts within the limit ends ("Cost management for serverless SQL pool" of Azure's documentation).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MB = 10**6
TB_IN_MB = 10**6
LEAST_MB = 10


class Period(StrEnum):
    """What a limit is for; the value is what `sp_set_data_processed_limit` calls it."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def begins(self, today: dt.date) -> dt.date:
        """The first day (UTC) of the period that a day is in; weeks begin on Monday.

        >>> Period.WEEKLY.begins(dt.date(2026, 11, 28))
        datetime.date(2026, 11, 23)
        """
        if self is Period.WEEKLY:
            return today - dt.timedelta(days=today.weekday())
        return today.replace(day=1) if self is Period.MONTHLY else today

    @property
    def setting(self) -> str:
        """The name of its limit in `sys.configurations`."""
        return f"Data processed {self.value} limit in TB"


def billed_mb(size: float) -> int:
    """MB that a query over data is billed, from the bytes that it processed.

    >>> billed_mb(100_000), billed_mb(10_000_001), billed_mb(11_000_000)
    (10, 11, 11)
    """
    return max(LEAST_MB, -(-int(size) // MB))


def spent_mb(period: Period, by_day: Mapping[dt.date, int], today: dt.date) -> int:
    """MB that were processed in the period that today is in."""
    first = period.begins(today)
    return sum(amount for day, amount in by_day.items() if first <= day <= today)


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """A limit that is reached."""

    period: Period
    limit_tb: int
    spent_mb: int

    def __str__(self) -> str:
        spent = f"{self.spent_mb / TB_IN_MB:.4g}"
        told = f"Period = {self.period.capitalize()}: Limit = {self.limit_tb} TB, Data processed = {spent} TB"
        return f"Query is rejected because SQL Serverless budget limit for a period is exceeded. ({told}))"


def overdrawn(
    limits: Mapping[Period, int], by_day: Mapping[dt.date, int], today: dt.date
) -> Overdrawn | None:
    """The first limit that is reached; None where the next query may run."""
    for period, limit in limits.items():
        spent = spent_mb(period, by_day, today)
        if spent >= limit * TB_IN_MB:
            return Overdrawn(period, limit, spent)
    return None
