"""What is wrong with real trip files, put into made-up ones at known rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.demo.city import Bools, Ints

Columns = dict[str, NDArray[Any]]

MONEY: Final = (
    "fare_amount",
    "extra",
    "mta_tax",
    "tip_amount",
    "tolls_amount",
    "improvement_surcharge",
    "congestion_surcharge",
)

# Share of the rows that carry each fault; a row carries at most one.
FAULTS: Final[dict[str, float]] = {
    "missing": 0.006,  # passengers, rate code, flag and congestion surcharge null together; payment type 0
    "refund": 0.002,  # first rows of pairs: the next row is the same trip with every amount negative
    "reversed": 0.001,  # drop-off before pickup
    "misdated": 0.0005,  # a clock years off
    "day_long": 0.002,  # the meter ran until the next day
    "unknown_rate_code": 0.0005,  # 99
    "unknown_payment": 0.0005,  # 5
    "unknown_zone": 0.015,  # 264 or 265 at either end
    "zero_distance": 0.008,
    "no_passengers": 0.015,
}

_SECOND: Final = 1_000_000  # microseconds
_WRONG_YEARS: Final = ("2001-01-01", "2003-01-01", "2008-12-31", "2009-01-01", "2088-01-24")


def choose_faults(rng: np.random.Generator, rows: int) -> dict[str, Ints]:
    """Row numbers by kind of fault; disjoint, and the second row of a refund pair carries no other fault."""
    edges = np.cumsum(list(FAULTS.values()))
    kinds = np.searchsorted(edges, rng.random(rows), side="right")
    order = list(FAULTS)
    refund = order.index("refund")
    first = np.flatnonzero(kinds[:-1] == refund)
    first = first[~np.isin(first - 1, first)]
    kinds[kinds == refund] = len(order)
    kinds[first + 1] = len(order)
    found = {kind: np.flatnonzero(kinds == number) for number, kind in enumerate(order)}
    return found | {"refund": first}


def apply_faults(columns: Columns, chosen: dict[str, Ints], rng: np.random.Generator) -> Bools:
    """Spoils the chosen rows in place.

    Args:
        columns: Arrays of one length by public column name, times in microseconds; changed in place.
        chosen: What `choose_faults` chose for as many rows.
        rng: Draws the details.

    Returns:
        Which rows have their nullable columns missing.
    """
    _refund(columns, chosen["refund"])
    _spoil_times(columns, chosen, rng)
    columns["RatecodeID"][chosen["unknown_rate_code"]] = 99
    _pay_otherwise(columns, chosen["unknown_payment"], 5)
    _pay_otherwise(columns, chosen["missing"], 0)
    columns["trip_distance"][chosen["zero_distance"]] = 0.0
    columns["passenger_count"][chosen["no_passengers"]] = 0
    lost = chosen["unknown_zone"]
    ends = rng.integers(0, 3, len(lost))  # pickup, drop-off or both
    columns["PULocationID"][lost[ends != 1]] = 264
    columns["DOLocationID"][lost[ends != 0]] = rng.integers(264, 266, int((ends != 0).sum()))
    missing = np.zeros(len(columns["fare_amount"]), dtype=np.bool_)
    missing[chosen["missing"]] = True
    return missing


def _pay_otherwise(columns: Columns, rows: Ints, payment: int) -> None:
    """Sets a payment type of which no tip is recorded."""
    columns["payment_type"][rows] = payment
    columns["tip_amount"][rows] = 0.0


def _refund(columns: Columns, first: Ints) -> None:
    _pay_otherwise(columns, first, 4)
    for name, values in columns.items():
        values[first + 1] = -values[first] if name in MONEY else values[first]


def _spoil_times(columns: Columns, chosen: dict[str, Ints], rng: np.random.Generator) -> None:
    pickup, dropoff = columns["tpep_pickup_datetime"], columns["tpep_dropoff_datetime"]
    back = chosen["reversed"]
    dropoff[back] = pickup[back] - rng.integers(1, 3600, len(back)) * _SECOND
    long = chosen["day_long"]
    dropoff[long] = pickup[long] + rng.integers(86_100, 86_400, len(long)) * _SECOND
    astray = chosen["misdated"]
    starts = np.array(_WRONG_YEARS, dtype="datetime64[us]").astype(np.int64)
    shift = starts[rng.integers(0, len(starts), len(astray))] + rng.integers(0, 86_400, len(astray)) * _SECOND
    shift -= pickup[astray]
    pickup[astray] += shift
    dropoff[astray] += shift
