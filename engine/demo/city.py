"""The made-up city that all trips drive in, whatever their seed: its zones, its hours, how fast it moves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Zone numbers are those of the public lookup table of New York's Taxi and Limousine Commission:
# 1..263 lie in the city (1 is Newark airport), 264 and 265 mean "unknown".
ZONES: Final = 263
NEWARK: Final = 1
KENNEDY: Final = 132
LA_GUARDIA: Final = 138
_AIRPORTS: Final = [NEWARK, KENNEDY, LA_GUARDIA]
MANHATTAN: Final = (
    4, 12, 13, 24, 41, 42, 43, 45, 48, 50, 68, 74, 75, 79, 87, 88, 90, 100, 107, 113, 114, 116, 120,
    125, 127, 128, 137, 140, 141, 142, 143, 144, 148, 151, 152, 153, 158, 161, 162, 163, 164, 166, 170,
    186, 194, 202, 209, 211, 224, 229, 230, 231, 232, 233, 234, 236, 237, 238, 239, 243, 244, 246, 249,
    261, 262, 263,
)  # fmt: skip

# Trips per hour relative to the mean hour: two peaks on working days, a late Friday and Saturday night.
_WORKDAY: Final = (0.55, 0.3, 0.2, 0.15, 0.2, 0.3, 0.65, 1.1, 1.35, 1.3, 1.2, 1.2,
                   1.25, 1.25, 1.3, 1.3, 1.2, 1.4, 1.65, 1.6, 1.45, 1.4, 1.25, 0.9)  # fmt: skip
_WEEKEND: Final = (1.25, 1.1, 0.85, 0.6, 0.35, 0.2, 0.25, 0.4, 0.6, 0.85, 1.05, 1.2,
                   1.3, 1.3, 1.3, 1.3, 1.25, 1.3, 1.4, 1.3, 1.2, 1.2, 1.25, 1.2)  # fmt: skip
# Miles per hour of a short trip.
_WORKDAY_SPEED: Final = (15, 16, 17, 18, 19, 18, 14, 11, 9.5, 9.5, 9.5, 9.2,
                         9, 9, 8.8, 8.6, 8.6, 8.6, 9, 10, 11, 12, 13, 14)  # fmt: skip
_WEEKEND_SPEED: Final = (13, 13.5, 14, 15, 17, 19, 19, 18, 16, 14, 12.5, 11.5,
                         11, 10.5, 10.5, 10.5, 10.5, 10.5, 11, 11.5, 12, 12, 12.5, 13)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """Lookup tables by zone number (0..263, 0 unused), by weekday (Monday is 0) and by hour.

    Attributes:
        east, north: Position of a zone, miles.
        manhattan: Whether a zone pays the congestion surcharge.
        generosity: How much more readily a zone tips, in logits.
        demand: (7, 24), trips relative to the mean hour.
        speed: (7, 24), miles per hour of a short trip.
        pickups: (2, 264), cumulative share of pickups by zone; row 0 by day, row 1 by night.
        dropoffs: (264, 264), cumulative share of drop-offs by zone, a row per pickup zone.
    """

    east: Floats
    north: Floats
    manhattan: Bools
    generosity: Floats
    demand: Floats
    speed: Floats
    pickups: Floats
    dropoffs: Floats


@cache
def city() -> City:
    """The one city, built once per process."""
    rng = np.random.default_rng(265)
    manhattan = np.isin(np.arange(ZONES + 1), MANHATTAN)
    east, north = _positions(rng, manhattan)
    day, night = _popularity(rng, manhattan)
    apart = np.hypot(east[:, None] - east, north[:, None] - north)
    # A trip of two miles is e times rarer than one round the corner to an equally popular zone.
    pull = day[None, :] * np.exp(-apart / 2.0)
    # People fly from wherever they live: nearness does not choose an airport.
    pull[:, _AIRPORTS] = 0.1 * day[_AIRPORTS]
    return City(
        east=east,
        north=north,
        manhattan=manhattan,
        generosity=rng.normal(0.0, 0.5, ZONES + 1),
        demand=np.array([_WORKDAY] * 5 + [_WEEKEND] * 2),
        speed=np.array([_WORKDAY_SPEED] * 5 + [_WEEKEND_SPEED] * 2, dtype=np.float64),
        pickups=_cumulative(np.stack([day, night])),
        dropoffs=_cumulative(pull),
    )


def draw(cumulative: Floats, rows: NDArray[Any], uniform: Floats) -> Ints:
    """One column number each: of row `rows[i]` of a cumulative table at `uniform[i]` in [0, 1)."""
    height, width = cumulative.shape
    # All rows laid end to end are one rising sequence, so that one binary search serves every row.
    ladder = (cumulative + np.arange(height)[:, None]).ravel()
    found = np.searchsorted(ladder, rows + uniform, side="right") - rows * width
    return np.asarray(
        np.minimum(found, width - 1), dtype=np.int64
    )  # rows + 0.999.. may round up to the next row


def _positions(rng: np.random.Generator, manhattan: Bools) -> tuple[Floats, Floats]:
    """An island 2 miles by 13 amid a disc of 11 miles; the airports at their real bearing and distance."""
    angle, radius = rng.uniform(0, 2 * np.pi, ZONES + 1), 11.0 * np.sqrt(rng.random(ZONES + 1))
    east = np.where(manhattan, rng.uniform(-1.0, 1.0, ZONES + 1), 5.0 + radius * np.cos(angle))
    north = np.where(manhattan, rng.uniform(-6.5, 6.5, ZONES + 1), -2.0 + radius * np.sin(angle))
    for zone, place in ((NEWARK, (-9.5, -4.5)), (KENNEDY, (11.0, -8.5)), (LA_GUARDIA, (5.5, 1.5))):
        east[zone], north[zone] = place
    return east, north


def _popularity(rng: np.random.Generator, manhattan: Bools) -> tuple[Floats, Floats]:
    """Weights of the zones by day and by night; one zone in five is a nightlife zone."""
    day = rng.lognormal(0.0, 0.8, ZONES + 1) * np.where(manhattan, 20.0, 0.6)
    day[_AIRPORTS] = (4.0, 45.0, 45.0)
    day[0] = 0.0
    return day, day * np.where(rng.random(ZONES + 1) < 0.2, 4.0, 0.8)


def _cumulative(weights: Floats) -> Floats:
    summed = np.cumsum(weights, axis=1)
    return np.asarray(summed / summed[:, -1:], dtype=np.float64)
