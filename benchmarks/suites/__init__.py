"""The suites by name: a package each, whose modules are the sides; see `benchmarks.case`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.suites import events, kernel, loop, pool, prep, score, sql, tune

if TYPE_CHECKING:
    from benchmarks.case import Case

SUITES: Final[dict[str, tuple[Case, ...]]] = {
    "pool": pool.CASES,
    "loop": loop.CASES,
    "kernel": kernel.CASES,
    "prep": prep.CASES,
    "sql": sql.CASES,
    "score": score.CASES,
    "events": events.CASES,
    "tune": tune.CASES,
}
