"""One ride after another: from where to where, for how long, what the meter says and what is tipped."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.demo.city import KENNEDY, LA_GUARDIA, NEWARK, City, Floats, Ints, draw

if TYPE_CHECKING:
    from engine.demo.faults import Columns

SECOND: Final = 1_000_000  # microseconds

_CARD, _CASH, _NO_CHARGE, _DISPUTE = 1, 2, 3, 4
_STANDARD, _TO_KENNEDY, _TO_NEWARK, _NASSAU, _NEGOTIATED = 1, 2, 3, 4, 5


def make_rides(town: City, pickup: Ints, rng: np.random.Generator) -> Columns:
    """Makes one faultless ride per pickup time.

    Args:
        town: Where they drive.
        pickup: Microseconds since 1970.
        rng: Draws everything else.

    Returns:
        The public columns but the total: times in int64 microseconds, passengers and rate code in float64.
    """
    rides = _drive(town, pickup, rng)
    rides |= _charge(town, rides, rng)
    return rides | _tip(town, rides, rng)


def _weekday_hour(times: Ints) -> tuple[Ints, Ints]:
    """Monday is 0; the first day of 1970 was a Thursday."""
    hours = times // (3600 * SECOND)
    return (hours // 24 + 3) % 7, hours % 24


def _drive(town: City, pickup: Ints, rng: np.random.Generator) -> Columns:
    """Who drives from where to where, how far and how long."""
    rows = len(pickup)
    weekday, hour = _weekday_hour(pickup)
    start = draw(town.pickups, ((hour >= 21) | (hour < 5)).astype(np.int64), rng.random(rows))
    end = draw(town.dropoffs, start, rng.random(rows))
    apart = np.hypot(town.east[start] - town.east[end], town.north[start] - town.north[end])
    # Streets are a quarter longer than the crow flies, and nobody hails a taxi for less than a few blocks.
    miles = np.round((apart + rng.exponential(0.3, rows)) * rng.lognormal(0.22, 0.12, rows) + 0.3, 2)
    pace = town.speed[weekday, hour] * (1 + np.minimum(miles, 15) / 12) * rng.lognormal(0, 0.22, rows)
    seconds = np.floor(45 + 3600 * miles / pace).astype(np.int64)
    return {
        "VendorID": rng.choice([1, 2, 4], rows, p=[0.36, 0.63, 0.01]),
        "tpep_pickup_datetime": pickup,
        "tpep_dropoff_datetime": pickup + seconds * SECOND,
        "passenger_count": rng.choice(6, rows, p=[0.72, 0.15, 0.045, 0.02, 0.04, 0.025]) + 1.0,
        "trip_distance": miles,
        "RatecodeID": _rate_codes(start, end, miles, town, rng),
        "store_and_fwd_flag": np.where(rng.random(rows) < 0.006, "Y", "N").astype(object),
        "PULocationID": start,
        "DOLocationID": end,
    }


def _rate_codes(start: Ints, end: Ints, miles: Floats, town: City, rng: np.random.Generator) -> Floats:
    kennedy = ((start == KENNEDY) & town.manhattan[end]) | (town.manhattan[start] & (end == KENNEDY))
    chance = rng.random(len(start))
    return np.select(
        [chance < 0.004, kennedy, end == NEWARK, (miles > 15) & (chance > 0.9)],
        [_NEGOTIATED, _TO_KENNEDY, _TO_NEWARK, _NASSAU],
        default=_STANDARD,
    ).astype(np.float64)


def _charge(town: City, rides: Columns, rng: np.random.Generator) -> Columns:
    """The tariff of 2019."""
    rows, rate, pickup = len(rides["trip_distance"]), rides["RatecodeID"], rides["tpep_pickup_datetime"]
    start, end = rides["PULocationID"], rides["DOLocationID"]
    weekday, hour = _weekday_hour(pickup)
    night, rush = (hour >= 20) | (hour < 6), (weekday < 5) & (hour >= 16) & (hour < 20)
    over_water = town.manhattan[start] ^ town.manhattan[end]
    tolled = over_water & (rng.random(rows) < np.where(np.isin(end, (NEWARK, LA_GUARDIA)), 0.7, 0.25))
    began = calendar.timegm((2019, 2, 2, 0, 0, 0)) * SECOND
    congested = (town.manhattan[start] | town.manhattan[end]) & (pickup >= began)
    return {
        "fare_amount": _fares(rides, rng),
        "extra": np.select([rush & (rate == _TO_KENNEDY), rush, night], [4.5, 1.0, 0.5], default=0.0),
        "mta_tax": np.where(np.isin(rate, (_TO_NEWARK, _NEGOTIATED)), 0.0, 0.5),
        "improvement_surcharge": np.full(rows, 0.3),
        "tolls_amount": np.select([tolled & (end == NEWARK), tolled], [12.5, 6.12], default=0.0),
        "congestion_surcharge": np.where(congested, 2.5, 0.0),
    }


def _fares(rides: Columns, rng: np.random.Generator) -> Floats:
    """Half a dollar a fifth of a mile driving, or a minute crawling; other rates to and from airports."""
    miles, rate = rides["trip_distance"], rides["RatecodeID"]
    minutes = (rides["tpep_dropoff_datetime"] - rides["tpep_pickup_datetime"]) / (60 * SECOND)
    crawling = np.maximum(0.0, minutes - 5 * miles)  # what is left after driving at 12 miles an hour
    metered = 2.5 + 0.5 * np.floor(5 * miles + crawling)
    agreed = np.round(rng.uniform(10, 120, len(miles)))
    rates = [rate == code for code in (_TO_KENNEDY, _TO_NEWARK, _NASSAU, _NEGOTIATED)]
    return np.select(rates, [52.0, metered + 17.5, metered * 1.5, agreed], default=metered)


def _tip(town: City, rides: Columns, rng: np.random.Generator) -> Columns:
    """Who pays how, and what cards tip; a cash tip leaves no record."""
    rows, miles = len(rides["trip_distance"]), rides["trip_distance"]
    _, hour = _weekday_hour(rides["tpep_pickup_datetime"])
    by_card = rng.random(rows) < 0.69 + 0.04 * np.tanh(miles - 3) - 0.06 * ((hour >= 22) | (hour < 6))
    other = rng.random(rows)
    payment = np.select([other < 0.005, other < 0.007, by_card], [_NO_CHARGE, _DISPUTE, _CARD], default=_CASH)
    tips = (payment == _CARD) & (rng.random(rows) < _readiness(town, rides, rng))
    share = rng.choice([0.15, 0.2, 0.25, 0.3], rows, p=[0.2, 0.55, 0.2, 0.05]) * rng.lognormal(0, 0.08, rows)
    due = rides["fare_amount"] + rides["extra"] + rides["tolls_amount"]
    wanted = np.where(rng.random(rows) < 0.25, np.ceil(share * due), share * due)
    return {
        "payment_type": payment,
        "tip_amount": np.where(tips, np.maximum(0.01, np.round(wanted, 2)), 0.0),
    }


def _readiness(town: City, rides: Columns, rng: np.random.Generator) -> Floats:
    """Chance that a card tips, by trip, hour, zone and rate, with noise that no column tells of."""
    miles, rate = rides["trip_distance"], rides["RatecodeID"]
    weekday, hour = _weekday_hour(rides["tpep_pickup_datetime"])
    logits = (
        2.9
        + 0.9 * np.tanh((miles - 2.5) / 2)
        + 0.7 * ((weekday < 5) & (hour >= 7) & (hour <= 10))
        - 1.3 * ((hour >= 23) | (hour <= 5))
        - 0.8 * (rides["passenger_count"] >= 4)
        - 2.5 * (rate == _NEGOTIATED)
        - 0.9 * (rate == _TO_NEWARK)
        + town.generosity[rides["PULocationID"]]
        + rng.normal(0, 0.4, len(miles))
    )
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float64)
