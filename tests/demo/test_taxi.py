"""The tutorial's preparation against a slow oracle that goes row by row."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.demo.taxi import KEY, LABEL, TaxiColumns, clean, derive, recognise
from engine.demo.trips import SCHEMA, make_month
from engine.errors import DataError, NotFoundError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

PAYMENTS = {
    1: "card",
    2: "cash",
    3: "no charge",
    4: "dispute",
    6: "voided",
    "credit card": "card",
    "cash": "cash",
}
RATES = {1: "standard", 2: "kennedy", 3: "newark", 4: "nassau", 5: "negotiated", 6: "group"}


def absent(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value))


def traffic(hour: int) -> str:
    if hour <= 6 or hour >= 20:
        return "Night"
    if 7 <= hour <= 10:
        return "AMRush"
    return "Afternoon" if 11 <= hour <= 15 else "PMRush"


def oracle_row(row: dict[str, Any], columns: TaxiColumns) -> tuple[dict[str, Any], bool]:
    """Features and label of one trip, and whether the tutorial keeps it."""

    def get(role: str) -> Any:
        value = row[getattr(columns, role)]
        return None if absent(value) else value

    pickup, dropoff = (
        None if get(role) is None else pd.Timestamp(get(role)) for role in ("pickup", "dropoff")
    )
    both = pickup is not None and dropoff is not None
    seconds = (dropoff - pickup).total_seconds() if both else None
    made: dict[str, Any] = {
        "pickup_hour": None if pickup is None else pickup.hour,
        "trip_seconds": seconds,
        "distance": get("distance"),
        "fare": get("fare"),
        "weekday": "unknown" if pickup is None else pickup.day_name(),
        "traffic": "unknown" if pickup is None else traffic(pickup.hour),
    }
    keep = seconds is not None and 30 <= seconds <= 7200
    keep = keep and made["fare"] is not None and 1 <= made["fare"] <= 250
    keep = keep and made["distance"] is not None and 0 < made["distance"] <= 100
    if columns.passengers:
        made["passengers"] = get("passengers")
        keep = keep and made["passengers"] is not None and 0 < made["passengers"] < 8
    if columns.rate_code:
        made["rate_code"] = RATES.get(get("rate_code"), "unknown")
        keep = keep and get("rate_code") in {1, 2, 3, 4, 5}
    if columns.payment:
        made["payment"] = PAYMENTS.get(get("payment"), "unknown")
        keep = keep and made["payment"] in {"card", "cash"}
    if columns.tip:
        tip = get("tip")
        made[LABEL] = int(tip is not None and tip > 0)
        keep = keep and tip is not None and 0 <= tip <= 25 and tip < made["fare"]
    return made, bool(keep)


def check_against_oracle(frame: pd.DataFrame, columns: TaxiColumns) -> None:
    answers = [oracle_row(row, columns) for row in frame.to_dict("records")]
    derived = derive(frame, columns)
    assert derived.index.equals(frame.index)
    names = [*columns.numeric, *columns.categorical, *([LABEL] if columns.tip else [])]
    assert list(derived.columns) == [KEY, *names]
    for name in names:
        wanted = [answer[name] for answer, _ in answers]
        if name in columns.numeric:
            expected = np.array([np.nan if one is None else one for one in wanted], dtype="float64")
            np.testing.assert_array_equal(derived[name].to_numpy(), expected, err_msg=name)
        else:
            assert derived[name].tolist() == wanted, name
    pd.testing.assert_frame_equal(
        clean(frame, columns), frame[np.array([keep for _, keep in answers], dtype=bool)]
    )


@pytest.fixture(scope="module")
def trips() -> pd.DataFrame:
    return make_month("2019-03", 20_000, 5).to_pandas()


@pytest.fixture(scope="module")
def public() -> TaxiColumns:
    columns = recognise(SCHEMA.names)
    assert columns is not None
    return columns


def test_made_up_trips_as_the_oracle_says(trips: pd.DataFrame, public: TaxiColumns) -> None:
    check_against_oracle(trips, public)
    kept = len(clean(trips, public)) / len(trips)
    assert 0.9 < kept < 0.99


WHEN = st.none() | st.integers(-(2**31), 2**33).map(
    lambda second: pd.Timestamp(second, unit="s")  # 1901 to 2242
)
AMOUNT = st.none() | st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, 25.0, 100.0, 250.0])
CODE = st.none() | st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 99.0, -1.0, 1.5])
RAW_TRIP = st.tuples(WHEN, WHEN, AMOUNT, AMOUNT, CODE, CODE, CODE, AMOUNT)
NAMES = ["pickup", "dropoff", "distance", "fare", "passengers", "ratecode", "payment", "tip"]


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(RAW_TRIP, max_size=8))
def test_any_trips_as_the_oracle_says(rows: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=NAMES)
    for name in ("pickup", "dropoff"):
        frame[name] = frame[name].astype("datetime64[us]")
    for name in NAMES[2:]:
        frame[name] = frame[name].astype("float64")
    columns = recognise(NAMES)
    assert columns is not None
    check_against_oracle(frame, columns)


@given(seconds=st.integers(28, 7202), hour=st.integers(0, 23))
def test_the_edges_of_time(seconds: int, hour: int) -> None:
    start = pd.Timestamp(2019, 3, 1, hour)
    frame = pd.DataFrame(
        {
            "pickup": [start],
            "dropoff": [start + pd.Timedelta(seconds=seconds)],
            "distance": [1.0],
            "fare": [9.0],
        }
    )
    columns = recognise(frame.columns)
    assert columns is not None
    check_against_oracle(frame, columns)
    assert len(clean(frame, columns)) == (30 <= seconds <= 7200)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="no shared data beside the checkout")
def test_the_real_sample_is_recognised() -> None:
    frame = pd.read_csv(SHARED / "taxis.csv")
    columns = recognise(frame.columns)
    assert columns == TaxiColumns(
        pickup="pickup",
        dropoff="dropoff",
        distance="distance",
        fare="fare",
        passengers="passengers",
        payment="payment",
        tip="tip",
    )
    check_against_oracle(frame, columns)
    assert derive(frame, columns)[KEY].nunique() >= len(frame) - 1


# -- recognise -------------------------------------------------------------------------------------------


AZURE = ["tpepPickupDateTime", "tpepDropoffDateTime", "tripDistance", "fareAmount"]
FOR_HIRE = ["pickup_datetime", "dropoff_datetime", "trip_miles", "base_passenger_fare", "tips"]


@pytest.mark.parametrize(
    ("names", "pickup", "tip"),
    [
        (SCHEMA.names, "tpep_pickup_datetime", "tip_amount"),
        ([name.upper() for name in SCHEMA.names], "TPEP_PICKUP_DATETIME", "TIP_AMOUNT"),
        ([name.replace("tpep", "lpep") for name in SCHEMA.names], "lpep_pickup_datetime", "tip_amount"),
        (AZURE, "tpepPickupDateTime", None),
        (FOR_HIRE, "pickup_datetime", "tips"),
    ],
)
def test_names_of_other_files_are_recognised(names: list[str], pickup: str, tip: str | None) -> None:
    columns = recognise(names)
    assert columns is not None
    assert (columns.pickup, columns.tip) == (pickup, tip)
    assert set(columns.reads) <= set(names)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["carat", "cut", "price"],
        ["pickup", "dropoff", "fare"],
        ["pickup_zone", "dropoff", "fare", "distance"],
    ],
)
def test_other_tables_are_not_taken_for_trips(names: list[str]) -> None:
    assert recognise(names) is None


# -- derive ----------------------------------------------------------------------------------------------


def test_the_tip_never_leaks(trips: pd.DataFrame, public: TaxiColumns) -> None:
    scoring = public.without_tip()
    assert "tip_amount" not in scoring.reads
    derived = derive(trips, scoring)
    assert LABEL not in derived
    spoiled = trips.assign(tip_amount=5.0, total_amount=5.0)
    pd.testing.assert_frame_equal(derive(spoiled, scoring), derived)
    pd.testing.assert_frame_equal(derive(spoiled, public).drop(columns=LABEL), derived)


def test_an_empty_frame_has_the_types_of_a_full_one(trips: pd.DataFrame, public: TaxiColumns) -> None:
    empty = derive(trips.iloc[:0], public)
    pd.testing.assert_series_equal(empty.dtypes, derive(trips, public).dtypes)
    assert clean(trips.iloc[:0], public).empty


def test_partitions_give_what_the_whole_gives(trips: pd.DataFrame, public: TaxiColumns) -> None:
    whole = derive(clean(trips, public), public)
    parts = dd.from_pandas(trips, npartitions=5).map_partitions(clean, public).map_partitions(derive, public)
    pd.testing.assert_frame_equal(parts.compute(scheduler="sync"), whole)


def test_the_frame_given_is_not_changed(trips: pd.DataFrame, public: TaxiColumns) -> None:
    before = trips.copy()
    derive(trips, public)
    clean(trips, public)
    pd.testing.assert_frame_equal(trips, before)


def test_keys_are_stable_and_tell_trips_apart(trips: pd.DataFrame, public: TaxiColumns) -> None:
    keys = derive(trips, public)[KEY]
    assert keys.dtype == "int64"
    assert keys.is_unique
    assert derive(trips.sample(frac=1, random_state=1), public)[KEY].sort_index().equals(keys)
    as_text = trips.assign(
        tpep_pickup_datetime=trips.tpep_pickup_datetime.astype("str"),
        trip_distance=trips.trip_distance.astype("str"),
        payment_type=trips.payment_type.astype("str"),
    )
    pd.testing.assert_frame_equal(derive(as_text, public), derive(trips, public))


def test_a_key_of_the_source_is_kept() -> None:
    frame = pd.DataFrame(
        {
            "Trip_ID": ["a", "b"],
            "pickup": [None] * 2,
            "dropoff": [None] * 2,
            "distance": [1, 2],
            "fare": [1, 2],
        }
    )
    columns = recognise(frame.columns)
    assert columns is not None
    assert derive(frame, columns)[KEY].tolist() == ["a", "b"]


def test_text_that_means_nothing_is_missing_not_an_error() -> None:
    frame = pd.DataFrame(
        {
            "pickup": ["2019-03-01 10:00:00", "03/23/2019 08:21:09 PM", "yesterday", None],
            "dropoff": ["2019-03-01T10:01:00", "03/23/2019 08:31:09 PM", "2019-03-01", ""],
            "distance": ["1.5", "far", None, "inf"],
            "fare": [7, 8, 9, 10],
            "payment": [" Credit Card", "CSH", "barter", None],
        }
    )
    columns = recognise(frame.columns)
    assert columns is not None
    derived = derive(frame, columns)
    assert derived["trip_seconds"].tolist()[:2] == [60.0, 600.0]
    assert derived["trip_seconds"].isna().tolist() == [False, False, True, True]
    assert derived["distance"].isna().tolist() == [False, True, True, True]
    assert derived["payment"].tolist() == ["card", "cash", "unknown", "unknown"]
    assert clean(frame, columns).index.tolist() == [0]


def test_a_time_with_a_zone_counts_by_the_clock_on_the_wall() -> None:
    start = pd.Timestamp("2019-03-01 23:30", tz="America/New_York")
    frame = pd.DataFrame({"pickup": [start], "dropoff": [start], "distance": [1.0], "fare": [5.0]})
    columns = recognise(frame.columns)
    assert columns is not None
    assert derive(frame, columns)["pickup_hour"].tolist() == [23.0]


def test_errors_name_the_column(trips: pd.DataFrame, public: TaxiColumns) -> None:
    with pytest.raises(NotFoundError, match="fare_amount"):
        derive(trips.drop(columns="fare_amount"), public)
    with pytest.raises(DataError, match="tpep_pickup_datetime"):
        clean(trips.assign(tpep_pickup_datetime=1.5), public)


def test_a_model_learns_who_tips_but_not_for_certain(public: TaxiColumns) -> None:
    raw = make_month("2019-06", 60_000, 11).to_pandas()
    trips = derive(clean(raw, public), public).sample(frac=1.0, random_state=0)
    encoder = make_column_transformer(
        (OneHotEncoder(), [*public.categorical, "pickup_hour"]), remainder=StandardScaler()
    )
    model = make_pipeline(encoder, LogisticRegression(max_iter=200))  # the tutorial's own kind of model
    half = len(trips) // 2
    features, label = trips.drop(columns=[KEY, LABEL]), trips[LABEL]
    chance = model.fit(features[:half], label[:half]).predict_proba(features[half:])[:, 1]
    assert 0.93 < roc_auc_score(label[half:], chance) < 0.98
    card = (trips["payment"][half:] == "card").to_numpy()
    assert 0.65 < roc_auc_score(label[half:][card], chance[card]) < 0.85
