"""Preparation of rows that the loop knows nothing about: times become parts, rows without a label go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_PARTS = ("year", "month", "day", "hour", "weekday")


@dataclass(frozen=True, slots=True)
class PlainColumns:
    """Columns of an unknown source by what becomes of them.

    Attributes:
        kept: Numbers, booleans and text, as they are.
        times: Timestamps and dates; each becomes `<name>_year _month _day _hour _weekday` (float64,
            NaN where the time is missing; Monday is 0).
        left_out: Lists, structs, binaries: nothing that a tree can split on.
    """

    kept: tuple[str, ...]
    times: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        return (*self.kept, *self.times)


def sort_columns(schema: pa.Schema) -> PlainColumns:
    """Sort a source's columns by their types."""
    import pyarrow as pa

    kept, times, left_out = [], [], []
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            times.append(field.name)
        elif pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_time(kind):
            left_out.append(field.name)
        else:
            kept.append(field.name)
    return PlainColumns(tuple(kept), tuple(times), tuple(left_out))


def derive(frame: pd.DataFrame, columns: PlainColumns) -> pd.DataFrame:
    """Replace each time by its parts, row for row; the frame is not changed."""
    import pandas as pd

    made = frame[list(columns.kept)].copy()
    for name in columns.times:
        times = pd.to_datetime(frame[name])
        for part in _PARTS:
            made[f"{name}_{part}"] = getattr(times.dt, part).astype("float64")
    return made


def labelled(frame: pd.DataFrame, label: str, names: Sequence[str]) -> pd.DataFrame:
    """The rows that have a label, with these columns."""
    return frame.loc[frame[label].notna(), list(names)]
