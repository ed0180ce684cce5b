"""Made-up trips: the same for the same seed, as many as asked, with the faults of the real files."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.demo.city import ZONES, city, draw
from engine.demo.faults import FAULTS, MONEY
from engine.demo.trips import MONTHS, SCHEMA, make_month, share_rows, write_trips
from engine.errors import OptionError
from engine.lake.storage import open_storage

ROWS = 200_000


@pytest.fixture(scope="module")
def march() -> pd.DataFrame:
    return make_month("2019-03", ROWS, 7).to_pandas()


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_a_seed_decides_every_byte(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_trips(tmp_path / name, rows=12_000, seed=seed)
    one, same, other = (digests(tmp_path / name) for name in "abc")
    assert one == same
    assert one.keys() == other.keys()
    assert set(one.values()).isdisjoint(other.values())


def test_a_month_does_not_depend_on_the_others(tmp_path: Path) -> None:
    write_trips(tmp_path / "one", rows=2_800, months=["2019-02"])
    write_trips(tmp_path / "two", rows=5_900, months=["2019-02", "2019-01"])
    path = "raw/trips/month=2019-02/part-0.parquet"
    assert digests(tmp_path / "one")[path] == digests(tmp_path / "two")[path]


def test_files_have_the_public_schema_and_several_row_groups(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    paths = write_trips(tmp_path, rows=20_000, on_month=lambda month, rows: seen.append((month, rows)))
    assert paths == tuple(f"raw/trips/month={month}/part-0.parquet" for month in MONTHS[:4])
    assert [month for month, _ in seen] == list(MONTHS[:4])
    for path, (_, rows) in zip(paths, seen, strict=True):
        file = pq.ParquetFile(tmp_path / path)
        assert file.schema_arrow.equals(SCHEMA)
        assert file.metadata.num_rows == rows
        assert file.metadata.num_row_groups == 4
    assert sum(rows for _, rows in seen) == 20_000
    assert set(digests(tmp_path)) == set(paths), "something was left beside the files"


def test_any_store_will_do() -> None:
    lake = open_storage("memory://town")
    (path,) = write_trips(lake, rows=100)
    with lake.open(lake.resolve(path)) as source:
        assert pq.read_table(source).equals(make_month("2019-01", 100, 2019))
    assert lake.list(lake.resolve("raw/trips/month=2019-01"))[0].name == "part-0.parquet"
    (same,) = write_trips("memory://town", rows=200)
    assert same == path
    with lake.open(lake.resolve(path)) as source:
        assert pq.read_table(source).num_rows == 200


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_trips(tmp_path, rows=10)
    assert digests(tmp_path) == {}


@given(rows=st.integers(0, 10**9), count=st.integers(1, 12))
def test_shares_of_the_months_add_up(rows: int, count: int) -> None:
    shares = share_rows(rows, months=MONTHS[:count])
    assert sum(shares.values()) == rows
    assert all(
        abs(share - rows * 30.4 / (count * 30.4)) <= rows * 0.1 / count + 1 for share in shares.values()
    )


@pytest.mark.parametrize(
    ("rows", "months"), [(-1, None), (5, []), (5, ["2019-13"]), (5, ["2019-1"]), (5, ["2019-01", "2019-01"])]
)
def test_senseless_requests_are_refused(tmp_path: Path, rows: int, months: list[str] | None) -> None:
    with pytest.raises(OptionError):
        write_trips(tmp_path, rows=rows, months=months)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_few_rows(rows: int) -> None:
    table = make_month("2020-02", rows, 1)
    assert table.num_rows == rows
    assert table.schema.equals(SCHEMA)


@settings(max_examples=20, deadline=None)
@given(month=st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)), seed=st.integers(0, 2**32))
def test_every_month_is_mostly_in_its_month(month: dt.date, seed: int) -> None:
    pickup = make_month(f"{month:%Y-%m}", 300, seed).to_pandas()["tpep_pickup_datetime"]
    inside = (pickup.dt.year == month.year) & (pickup.dt.month == month.month)
    assert inside.mean() > 0.95


def test_large_months_are_made_in_blocks_in_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.demo.trips._BLOCK_ROWS", 1_000)
    table = make_month("2019-05", 3_500, 3)
    assert table.num_rows == 3_500
    pickup = table.to_pandas()["tpep_pickup_datetime"]
    pickup = pickup[(pickup >= "2019-05-01") & (pickup < "2019-06-01")]
    assert pickup.is_monotonic_increasing
    assert pickup.dt.day.nunique() == 31


# -- faults ----------------------------------------------------------------------------------------------


def carries(march: pd.DataFrame) -> dict[str, pd.Series]:
    """Which rows show each fault, read off the values alone."""
    on_the_way = (march.tpep_dropoff_datetime - march.tpep_pickup_datetime).dt.total_seconds()
    return {
        "missing": march.passenger_count.isna(),
        "refund": march.total_amount < 0,
        "reversed": on_the_way < 0,
        "misdated": march.tpep_pickup_datetime.dt.year != 2019,
        "day_long": on_the_way > 80_000,
        "unknown_rate_code": march.RatecodeID == 99,
        "unknown_payment": march.payment_type == 5,
        "unknown_zone": (march.PULocationID > ZONES) | (march.DOLocationID > ZONES),
        "zero_distance": march.trip_distance == 0,
        "no_passengers": march.passenger_count == 0,
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_come_at_their_rates(march: pd.DataFrame, fault: str) -> None:
    found, rate = carries(march)[fault].mean(), FAULTS[fault]
    assert found == pytest.approx(rate, abs=5 * np.sqrt(rate / ROWS))


def test_nulls_come_together(march: pd.DataFrame) -> None:
    missing = march.passenger_count.isna()
    for column in ("RatecodeID", "congestion_surcharge", "store_and_fwd_flag"):
        assert (march[column].isna() == missing).all()
    assert (march.payment_type[missing] == 0).all()
    assert march.drop(columns=list(march.columns[march.isna().any()])).notna().all(axis=None)


def test_refunds_follow_what_they_refund(march: pd.DataFrame) -> None:
    second = np.flatnonzero(march.total_amount < 0)
    assert len(second) > 100
    paid, back = march.iloc[second - 1].reset_index(drop=True), march.iloc[second].reset_index(drop=True)
    for column in march.columns:
        sign = -1 if column in (*MONEY, "total_amount") else 1
        wanted = sign * paid[column] if sign < 0 else paid[column]
        pd.testing.assert_series_equal(back[column], wanted, check_names=False)


def test_unknown_zones_are_both_codes(march: pd.DataFrame) -> None:
    assert {264, 265} <= set(march.DOLocationID)
    assert march.PULocationID.between(1, 265).all()


# -- what depends on what --------------------------------------------------------------------------------


def test_totals_are_the_sum_of_what_is_charged(march: pd.DataFrame) -> None:
    known = march[march.congestion_surcharge.notna()]
    np.testing.assert_allclose(known[list(MONEY)].sum(axis=1), known.total_amount, atol=0.006)


def test_only_cards_record_tips(march: pd.DataFrame) -> None:
    tipped = (march.tip_amount > 0).groupby(march.payment_type).mean()
    assert tipped[1] == pytest.approx(0.92, abs=0.02)
    assert (tipped.drop(1) == 0).all()


def test_trips_hang_together(march: pd.DataFrame) -> None:
    trips = march[~np.logical_or.reduce(list(carries(march).values()))]
    seconds = (trips.tpep_dropoff_datetime - trips.tpep_pickup_datetime).dt.total_seconds()
    hour = trips.tpep_pickup_datetime.dt.hour
    workday = trips.tpep_pickup_datetime.dt.day_of_week < 5
    speed = trips.trip_distance / (seconds / 3600)
    assert speed[workday & (hour == 4)].mean() > 1.5 * speed[workday & (hour == 15)].mean()
    assert (hour[workday] == 18).sum() > 5 * (hour[workday] == 4).sum()
    assert np.corrcoef(trips.trip_distance, seconds)[0, 1] > 0.75
    metered = trips[trips.RatecodeID == 1]
    assert np.corrcoef(metered.trip_distance, metered.fare_amount)[0, 1] > 0.95
    assert (trips.fare_amount[trips.RatecodeID == 2] == 52).all()
    assert trips.trip_distance[trips.RatecodeID == 2].mean() > 3 * trips.trip_distance.mean()


def test_draw_follows_its_table() -> None:
    cumulative = np.array([[0.0, 0.25, 1.0], [0.5, 0.5, 1.0]])
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, 40_000)
    found = draw(cumulative, rows, rng.random(40_000))
    shares = np.array([np.bincount(found[rows == row], minlength=3) / (rows == row).sum() for row in (0, 1)])
    np.testing.assert_allclose(shares, [[0, 0.25, 0.75], [0.5, 0, 0.5]], atol=0.02)
    edge = draw(cumulative, np.array([1]), np.array([np.nextafter(1.0, 0.0)]))
    assert edge.tolist() == [2]


def test_the_city_is_sound() -> None:
    town = city()
    assert town.manhattan.sum() == 66
    for table in (town.pickups, town.dropoffs):
        assert (np.diff(table, axis=1) >= 0).all()
        np.testing.assert_allclose(table[:, -1], 1.0)
        assert (table[:, 0] == 0).all(), "zone 0 does not exist"


def test_make_month_gives_an_arrow_table() -> None:
    assert isinstance(make_month("2019-01", 10, 1), pa.Table)
