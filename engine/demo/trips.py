"""Trips like those in the public files of New York's yellow taxis: any number, the same for the same seed."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from engine.demo.city import City, Floats, Ints, city
from engine.demo.faults import MONEY, apply_faults, choose_faults
from engine.demo.rides import SECOND, make_rides
from engine.errors import OptionError
from engine.lake.storage import Storage, open_storage

SCHEMA: Final = pa.schema(
    [
        ("VendorID", pa.int64()),
        ("tpep_pickup_datetime", pa.timestamp("us")),
        ("tpep_dropoff_datetime", pa.timestamp("us")),
        ("passenger_count", pa.float64()),
        ("trip_distance", pa.float64()),
        ("RatecodeID", pa.float64()),
        ("store_and_fwd_flag", pa.string()),
        ("PULocationID", pa.int64()),
        ("DOLocationID", pa.int64()),
        ("payment_type", pa.int64()),
        ("fare_amount", pa.float64()),
        ("extra", pa.float64()),
        ("mta_tax", pa.float64()),
        ("tip_amount", pa.float64()),
        ("tolls_amount", pa.float64()),
        ("improvement_surcharge", pa.float64()),
        ("total_amount", pa.float64()),
        ("congestion_surcharge", pa.float64()),
    ]
)
MONTHS: Final = tuple(f"2019-{number:02d}" for number in range(1, 13))

_NULLABLE: Final = ("passenger_count", "RatecodeID", "store_and_fwd_flag", "congestion_surcharge")
# A block of a month is made at a time: 0.6 GB at the peak, whatever the size of the month.
_BLOCK_ROWS: Final = 1_000_000
_GROUP_ROWS: Final = 122_880
# Fewer rows than this are not worth a month of their own.
_MONTH_ROWS: Final = 5_000


def make_month(month: str, rows: int, seed: int) -> pa.Table:
    """Makes one month of trips, independent of every other month.

    Args:
        month: "YYYY-MM".
        rows: How many trips; 0 gives an empty table of the same schema.
        seed: Together with the month decides every value.

    Returns:
        A table of `rows` rows with the columns and types of `SCHEMA`, in order of pickup but for the
        rows whose clock was wrong. The faults and their rates are `engine.demo.faults.FAULTS`.

    Raises:
        OptionError: `month` is not a month, or `rows` is negative.
    """
    return pa.concat_tables([SCHEMA.empty_table(), *_blocks(month, rows, seed)])


def write_trips(
    storage: Storage | str | Path,
    *,
    rows: int,
    seed: int = 2019,
    months: Sequence[str] | None = None,
    on_month: Callable[[str, int], None] | None = None,
) -> tuple[str, ...]:
    """Writes trips as `raw/trips/month=YYYY-MM/part-0.parquet` into a lake, a file per month.

    Args:
        storage: The lake; a folder or URL is opened as one.
        rows: Trips over all months together.
        seed: The same seed, rows and months give the same bytes.
        months: "YYYY-MM", each once; by default those of 2019, fewer when there are few rows.
        on_month: Called with month and rows after each file.

    Returns:
        The paths written, relative to the lake, in the order of `months`.

    Raises:
        OptionError: A month is no month or given twice, there is none, or `rows` is negative.
    """
    shares = share_rows(rows, months=months)
    lake = storage if isinstance(storage, Storage) else open_storage(storage)
    written = []
    for month, count in shares.items():
        path = f"raw/trips/month={month}/part-0.parquet"
        _write_month(lake, path, month, count, seed)
        written.append(path)
        if on_month is not None:
            on_month(month, count)
    return tuple(written)


def share_rows(rows: int, *, months: Sequence[str] | None = None) -> dict[str, int]:
    """Splits rows over months by their number of days; the shares add up to `rows`.

    Raises:
        OptionError: As `write_trips`.
    """
    if rows < 0:
        raise OptionError(f"rows = {rows} is negative.", "Give the number of trips to make.", rows=rows)
    if months is None:
        months = MONTHS[: min(len(MONTHS), max(1, rows // _MONTH_ROWS))]
    if not months or len(set(months)) != len(months):
        raise OptionError(
            f"months = {list(months)!r} is empty or names a month twice.", "Name each month once."
        )
    ends = np.cumsum([calendar.monthrange(*_year_month(month))[1] for month in months])
    cuts = [0, *(rows * ends // ends[-1]).tolist()]
    return {month: cuts[at + 1] - cuts[at] for at, month in enumerate(months)}


def _year_month(month: str) -> tuple[int, int]:
    if not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", month):
        raise OptionError(f"{month!r} is not a month.", 'Write it as "2019-01".', month=month)
    return int(month[:4]), int(month[5:])


def _write_month(lake: Storage, path: str, month: str, rows: int, seed: int) -> None:
    """Writes beside and then moves, so that a reader never meets half a file."""
    import pyarrow.parquet as pq

    target = lake.resolve(path)
    folder, _, name = target.rpartition("/")
    beside = f"{folder}/.{name}.writing"
    files = lake.root_of(target).filesystem
    files.makedirs(folder, exist_ok=True)
    # Several row groups even in a small file: pruning and parallel reading have something to work on.
    group = min(_GROUP_ROWS, max(1, -(-rows // 4)))
    try:
        with files.open(beside, "wb") as sink, pq.ParquetWriter(sink, SCHEMA) as writer:
            for block in _blocks(month, rows, seed):
                writer.write_table(block, row_group_size=group)
        files.mv(beside, target)
    finally:
        if files.exists(beside):
            files.rm(beside)


def _blocks(month: str, rows: int, seed: int) -> Iterator[pa.Table]:
    """The month in slices of time that carry equal shares of its demand."""
    year, number = _year_month(month)
    if rows < 0:
        raise OptionError(f"rows = {rows} is negative.", "Give the number of trips to make.", rows=rows)
    blocks = -(-rows // _BLOCK_ROWS)
    for block in range(blocks):
        count = rows * (block + 1) // blocks - rows * block // blocks
        rng = np.random.default_rng([seed, year, number, block])
        moments = (block + np.sort(rng.random(count))) / blocks
        yield _make_block(dt.date(year, number, 1), moments, rng)


def _make_block(first_day: dt.date, moments: Floats, rng: np.random.Generator) -> pa.Table:
    town = city()
    columns = make_rides(town, _pickup_times(town, first_day, moments), rng)
    missing = apply_faults(columns, choose_faults(rng, len(moments)), rng)
    columns["total_amount"] = np.round(sum(columns[name] for name in MONEY), 2)
    arrays = [
        pa.array(columns[field.name], field.type, mask=missing if field.name in _NULLABLE else None)
        for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)


def _pickup_times(town: City, first_day: dt.date, moments: Floats) -> Ints:
    """Moments in [0, 1) of the month's demand as microseconds since 1970, in whole seconds."""
    days = calendar.monthrange(first_day.year, first_day.month)[1]
    weekdays = (first_day.weekday() + np.arange(days)) % 7
    passed = np.concatenate([[0.0], np.cumsum(town.demand[weekdays].ravel())])
    hours = np.interp(moments, passed / passed[-1], np.arange(len(passed)))
    start = calendar.timegm(first_day.timetuple())
    return np.asarray((start + np.floor(hours * 3600)).astype(np.int64) * SECOND)
