"""Preparation of taxi trips as in Microsoft's tutorial for Spark pools: will a trip be tipped?

The rules are those of "Build a machine learning app with Apache Spark MLlib" (Azure Synapse documentation,
2020-04). Its sources differ in their column names; `recognise` maps them to the names used here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from engine.errors import DataError, NotFoundError

LABEL: Final = "tipped"
KEY: Final = "trip_id"
UNKNOWN: Final = "unknown"

# Spellings by role, small letters and digits alone, the surest first.
_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "pickup": ("tpeppickupdatetime", "lpeppickupdatetime", "pickupdatetime", "trippickupdatetime", "pickup"),
    "dropoff": (
        "tpepdropoffdatetime",
        "lpepdropoffdatetime",
        "dropoffdatetime",
        "tripdropoffdatetime",
        "dropoff",
    ),
    "distance": ("tripdistance", "tripmiles", "distance"),
    "fare": ("fareamount", "fareamt", "basepassengerfare", "fare"),
    "passengers": ("passengercount", "passengers"),
    "rate_code": ("ratecodeid", "ratecode"),
    "payment": ("paymenttype", "payment"),
    "tip": ("tipamount", "tipamt", "tips", "tip"),
    "key": ("tripid", "rideid"),
}
_REQUIRED: Final = ("pickup", "dropoff", "distance", "fare")

# Codes of the data dictionary of New York's Taxi and Limousine Commission, and the words of older files.
_PAYMENTS: Final[dict[str, str]] = {
    **dict.fromkeys(("1", "card", "credit", "credit card", "crd", "cre"), "card"),
    **dict.fromkeys(("2", "cash", "csh", "cas"), "cash"),
    **dict.fromkeys(("3", "no charge", "noc"), "no charge"),
    **dict.fromkeys(("4", "dispute", "dis"), "dispute"),
    **dict.fromkeys(("6", "voided"), "voided"),
}
_RATES: Final[dict[str, str]] = {
    "1": "standard",
    "2": "kennedy",
    "3": "newark",
    "4": "nassau",
    "5": "negotiated",
    "6": "group",
}
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Hours 0-6 and 20-23, 7-10, 11-15, 16-19.
_TRAFFIC: Final = ("Night",) * 7 + ("AMRush",) * 4 + ("Afternoon",) * 5 + ("PMRush",) * 4 + ("Night",) * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxiColumns:
    """Which column of a source plays which role; None where the source has none.

    `numeric` and `categorical` name the features that `derive` makes of it. Numeric ones are float64, NaN
    where unknown; categorical ones are strings and never null ("unknown").
    """

    pickup: str
    dropoff: str
    distance: str
    fare: str
    passengers: str | None = None
    rate_code: str | None = None
    payment: str | None = None
    tip: str | None = None
    key: str | None = None

    @property
    def numeric(self) -> tuple[str, ...]:
        extra = ("passengers",) if self.passengers else ()
        return ("pickup_hour", "trip_seconds", "distance", "fare", *extra)

    @property
    def categorical(self) -> tuple[str, ...]:
        extra = tuple(name for name in ("rate_code", "payment") if getattr(self, name))
        return ("weekday", "traffic", *extra)

    @property
    def reads(self) -> tuple[str, ...]:
        """The source's columns that `derive` and `clean` look at."""
        return tuple(filter(None, dataclasses.astuple(self)))

    def without_tip(self) -> TaxiColumns:
        """For scoring: neither reads the tip nor makes a label."""
        return dataclasses.replace(self, tip=None)


def recognise(columns: Iterable[str]) -> TaxiColumns | None:
    """Finds the roles of a source's columns by name, whatever their case and underscores.

    Returns:
        None unless pickup, drop-off, distance and fare are all there.
    """
    by_spelling: dict[str, str] = {}
    for name in columns:
        by_spelling.setdefault("".join(filter(str.isalnum, name.lower())), name)
    roles = {
        role: next((by_spelling[one] for one in spellings if one in by_spelling), None)
        for role, spellings in _SPELLINGS.items()
    }
    if any(roles[role] is None for role in _REQUIRED):
        return None
    return TaxiColumns(**roles)  # type: ignore[arg-type]  # the required ones were just seen to be there


def derive(frame: pd.DataFrame, columns: TaxiColumns) -> pd.DataFrame:
    """Makes key, features and label of raw trips, row for row.

    Args:
        frame: Raw trips, any number of rows; not changed. Times may be timestamps or text.
        columns: The roles of its columns.

    Returns:
        Same rows, same index: `trip_id`, the columns of `columns.numeric` and `columns.categorical` and,
        where the tip is known, `tipped` (int64; 1 where tip > 0). Never tip or total. `trip_id` is the
        source's own key, else an int64 hash of times, distance, fare and passengers: the same in every
        partition and run, and shared by trips that agree in all of these.

    Raises:
        NotFoundError: The frame lacks a column of `columns`.
        DataError: A time column holds numbers.
    """
    trips = _read(frame, columns)
    pickup = trips["pickup"]
    hour = pickup.dt.hour.astype("float64")
    made: dict[str, Any] = {
        KEY: frame[columns.key] if columns.key else _fingerprint(trips),
        "pickup_hour": hour,
        "trip_seconds": trips["seconds"],
        "distance": trips["distance"],
        "fare": trips["fare"],
        "weekday": _name(pickup.dt.day_of_week, _WEEKDAYS),
        "traffic": _name(hour, _TRAFFIC),
    }
    made |= {name: trips[name] for name in ("passengers", "rate_code", "payment") if name in trips}
    if columns.tip:
        made[LABEL] = (trips["tip"] > 0).astype("int64")
    order = [KEY, *columns.numeric, *columns.categorical, *([LABEL] if columns.tip else [])]
    return pd.DataFrame(made, index=frame.index)[order]


def clean(frame: pd.DataFrame, columns: TaxiColumns) -> pd.DataFrame:
    """Drops the raw trips that the tutorial drops; a trip lacking a value that a filter asks for goes too.

    Kept are 1 to 7 passengers, a fare of 1 to 250, a tip of 0 to 25 and below the fare, more than 0 and up
    to 100 miles, rate codes 1 to 5, paid by card or cash, and 30 seconds to two hours on the way. A filter
    on a column that the source does not have is left out.

    Raises:
        NotFoundError, DataError: As `derive`.
    """
    trips = _read(frame, columns)
    keep = (
        trips["fare"].between(1, 250)
        & (trips["distance"] > 0)
        & (trips["distance"] <= 100)
        & trips["seconds"].between(30, 7200)
    )
    if "passengers" in trips:
        keep &= trips["passengers"].between(1, 7)
    if "tip" in trips:
        keep &= trips["tip"].between(0, 25) & (trips["tip"] < trips["fare"])
    if "rate_code" in trips:
        keep &= trips["rate_code"].isin([_RATES[code] for code in "12345"])
    if "payment" in trips:
        keep &= trips["payment"].isin(["card", "cash"])
    return frame[keep.to_numpy()]


def _read(frame: pd.DataFrame, columns: TaxiColumns) -> dict[str, pd.Series[Any]]:
    """The source's columns by role, in one type each whatever the source's."""
    for name in columns.reads:
        if name not in frame.columns:
            raise NotFoundError(
                f"Column {name!r} is not in the frame.", "Read all of TaxiColumns.reads.", column=name
            )
    times = {role: _times(frame[getattr(columns, role)]) for role in ("pickup", "dropoff")}
    amounts = {
        role: _numbers(frame[getattr(columns, role)])
        for role in ("distance", "fare", "passengers", "tip")
        if getattr(columns, role)
    }
    words = {
        role: _recode(frame[getattr(columns, role)], meanings)
        for role, meanings in (("rate_code", _RATES), ("payment", _PAYMENTS))
        if getattr(columns, role)
    }
    seconds = (times["dropoff"] - times["pickup"]).dt.total_seconds()
    return times | amounts | words | {"seconds": seconds}


def _times(values: pd.Series[Any]) -> pd.Series[Any]:
    """Local wall-clock times in microseconds; NaT where there is none."""
    if pd.api.types.is_numeric_dtype(values) and values.notna().any():
        raise DataError(
            f"Column {values.name!r} holds numbers, not times.", "Convert it to timestamps first."
        )
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_localize(None)
    if not pd.api.types.is_datetime64_dtype(values):
        text = values.astype(object)
        values = _parse(text, "ISO8601")
        odd = values.isna() & text.notna()
        if odd.any():  # 03/23/2019 08:21:09 PM, as in the city's own CSV exports
            values = values.where(~odd, _parse(text.where(odd), "mixed"))
    return values.astype("datetime64[us]")


def _parse(text: pd.Series[Any], form: str) -> pd.Series[Any]:
    # utc=True: without it, text of several offsets raises even under errors="coerce".
    return pd.to_datetime(text, format=form, errors="coerce", utc=True).dt.tz_localize(None)


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """float64; what is no finite number is NaN (XGBoost refuses infinities)."""
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan), index=values.index)


def _recode(values: pd.Series[Any], meanings: Mapping[str, str]) -> pd.Series[Any]:
    """Words for codes, looked up once per distinct code; 1, 1.0 and " 1" are one code."""
    codes, distinct = pd.factorize(values)
    words = [meanings.get(str(one).strip().lower().removesuffix(".0"), UNKNOWN) for one in distinct]
    return _name(pd.Series(codes, index=values.index), words)


def _name(codes: pd.Series[Any], names: Sequence[str]) -> pd.Series[Any]:
    """The name of each code; unknown where it is null or -1."""
    table = pd.array([*names, UNKNOWN], dtype="str")
    numbers = codes.fillna(-1).to_numpy(dtype="int64")
    return pd.Series(table.take(numbers), index=codes.index)  # -1 takes the last


def _fingerprint(trips: dict[str, pd.Series[Any]]) -> pd.Series[Any]:
    times = {name: trips[name].to_numpy().view("int64") for name in ("pickup", "dropoff")}
    amounts = {
        name: trips[name].to_numpy() + 0.0  # makes -0.0 hash as 0.0
        for name in ("distance", "fare", "passengers")
        if name in trips
    }
    hashed = pd.util.hash_pandas_object(pd.DataFrame(times | amounts), index=False)
    return pd.Series(hashed.to_numpy().view("int64"), index=trips["pickup"].index)
