"""Amounts as people say them."""

from __future__ import annotations

from collections.abc import Sequence


def spoken_bytes(size: float) -> str:
    """Bytes in three digits: `1.20 GB`."""
    return _spoken(size, (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)), "B")


def spoken_count(number: float) -> str:
    """A number in three digits: `1.20 M`; small ones in full."""
    return _spoken(number, (("G", 1e9), ("M", 1e6)), "") if number >= 1e6 else f"{number:,.0f}"


def spoken_seconds(seconds: float | None) -> str:
    """A time: `0.42 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _spoken(size: float, units: Sequence[tuple[str, float]], smallest: str) -> str:
    for unit, factor in units:
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size:.0f} {smallest}".strip()
