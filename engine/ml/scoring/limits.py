"""When bad rows are too many: pure."""

from __future__ import annotations

# Of a source whose rows are not counted beforehand, a share says little before so many were seen.
_ENOUGH = 10_000


def allowance(limit: float | None, rows: int | None) -> int | None:
    """Bad rows that a job may have, where its number of rows is known."""
    return None if limit is None or rows is None else int(limit * rows)


def excess(limit: float | None, rows: int | None, good: int, bad: int, *, ended: bool) -> str:
    """What is wrong with a job that has seen so many rows; empty if it may go on.

    A job that stays within its limit in the end is never stopped before; where rows are not known, it is
    stopped by the share of the rows seen so far, once these are many.

    Args:
        limit: Greatest share of bad rows; None for no limit.
        rows: Rows in all; None if not known.
        good: Rows scored so far.
        bad: Rows so far that could not be.
        ended: Whether these are all.
    """
    seen = good + bad
    if ended and bad and not good:
        return f"all of its {bad:,} rows are bad"
    if limit is None or not bad:
        return ""
    allowed = allowance(limit, rows)
    most = int(limit * seen) if ended or allowed is None else max(allowed, 0)
    if bad <= most or (allowed is None and not ended and seen < _ENOUGH):
        return ""
    return f"{bad:,} of {seen:,} rows are bad, more than max_bad_fraction={limit:g} allows"
