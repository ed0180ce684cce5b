"""Parts of dates and times as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.prep.transformers.base import ByColumn

# The parts that come round again: the first value and how many there are.
CYCLES = {
    "quarter": (1, 4),
    "month": (1, 12),
    "day": (1, 31),
    "dayofyear": (1, 366),
    "weekday": (0, 7),
    "hour": (0, 24),
    "minute": (0, 60),
    "second": (0, 60),
}
PARTS = ("year", *CYCLES)
_PANDAS_NAMES = {"dayofyear": "day_of_year", "weekday": "day_of_week"}


class DatetimeParts(ByColumn):
    """Make numbers of dates and times: year, month, hour, ...; a missing time is missing in all of them.

    A time with a zone counts by the clock of that zone.

    Args:
        parts: Any of `year`, `quarter` (1 to 4), `month` (1 to 12), `day` (1 to 31), `dayofyear` (1 to 366),
            `weekday` (0 is Monday), `hour`, `minute` and `second`.
        cyclic: Put out sine and cosine of the parts that come round again, so that 23 o'clock is next to 0.

    Example:
        >>> import pandas as pd
        >>> when = pd.DataFrame({"when": pd.to_datetime(["2024-02-29 13:05"])})
        >>> DatetimeParts(parts=("year", "weekday", "hour")).fit_transform(when)
        array([[2.024e+03, 3.000e+00, 1.300e+01]])
    """

    def __init__(
        self, parts: Sequence[str] = ("year", "month", "day", "weekday", "hour"), *, cyclic: bool = False
    ) -> None:
        self.parts = parts
        self.cyclic = cyclic

    def suffixes(self) -> list[str]:
        names = []
        for part in self.parts:
            names += [f"{part}_sin", f"{part}_cos"] if self.is_cyclic(part) else [part]
        return names

    def is_cyclic(self, part: str) -> bool:
        """Whether this part is put out as sine and cosine."""
        return bool(self.cyclic) and part in CYCLES

    def _check_parameters(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        if isinstance(self.parts, str) or unknown or not len(self.parts):
            raise ValueError(f"parts={self.parts!r}: name some of {', '.join(PARTS)}")

    def _column(self, column: Any) -> Any:
        import pandas as pd

        kind = getattr(column, "dtype", None)
        if not (isinstance(kind, pd.DatetimeTZDtype) or getattr(kind, "kind", "") == "M"):
            raise ValueError(f"a column of dates and times is needed, not one of {kind}")
        return pd.DatetimeIndex(column)

    def _features(self, column: Any) -> np.ndarray:
        features = []
        for part in self.parts:
            values = np.asarray(getattr(column, _PANDAS_NAMES.get(part, part)), dtype=np.float64)
            if not self.is_cyclic(part):
                features.append(values)
                continue
            first, count = CYCLES[part]
            angle = 2 * np.pi * (values - first) / count
            features += [np.sin(angle), np.cos(angle)]
        return np.stack(features, axis=1)
