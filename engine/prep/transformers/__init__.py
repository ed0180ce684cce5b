"""Transformers of our own, for what scikit-learn has none that a graph could be written for."""

from __future__ import annotations

from engine.prep.transformers.datetimes import DatetimeParts
from engine.prep.transformers.texts import TextHasher

__all__ = ["DatetimeParts", "TextHasher"]
