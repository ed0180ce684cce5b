"""The lake that the published samples read: population, taxi trips, books, nested Parquet, Delta; a few rows each."""

# ruff: noqa: E501 - rows read better unbroken

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake

if TYPE_CHECKING:
    from pathlib import Path

POPULATION = [
    ("LU", "Luxembourg", 2016, 582000), ("LU", "Luxembourg", 2017, 594130),
    ("FR", "France", 2016, 66603000), ("FR", "France", 2017, 67105512), ("BE", "Belgium, Kingdom", 2017, 11375158),
]  # fmt: skip
BOOKS = [
    {"_id": "ahokw88", "type": "Book", "title": "The AWK Programming Language", "year": "1988", "publisher": "Addison-Wesley", "authors": ["Alfred V. Aho", "Brian W. Kernighan"], "source": "DBLP"},
    {"_id": "allen94", "type": "Book", "title": "Probability and Statistics", "year": "1994", "publisher": "Academic Press", "authors": ["Arnold O. Allen"], "source": "DBLP"},
]  # fmt: skip


def write_files(home: Path) -> None:
    """Write all of it under the folder."""
    for write in (_write_population, _write_taxi, _write_json, _write_nested, _write_delta):
        write(home)


def _write_population(home: Path) -> None:
    folder = home / "csv"
    for name in ("population", "population-header", "population-tsv", "population-quoted", "population-gz"):
        (folder / name).mkdir(parents=True)
    plain = "".join(f'{code},"{name}",{year},{people}\n' for code, name, year, people in POPULATION)
    (folder / "population/population.csv").write_text(plain)
    (folder / "population-header/population.csv").write_text(
        "country_code,country_name,year,population\n" + plain
    )
    (folder / "population-tsv/population.csv").write_text(
        plain.replace(", K", "; K").replace('"', "").replace(",", "\t")
    )
    (folder / "population-quoted/population.csv").write_text(
        "".join(f"{c}|'{n}'|{y}|{p}\r\n" for c, n, y, p in POPULATION)
    )
    (folder / "population-gz/population.csv.gz").write_bytes(gzip.compress(plain.encode()))


def _write_taxi(home: Path) -> None:
    at = 0
    for year, month in [(2016, 12), (2017, 1), (2017, 2)]:
        trips = []
        for day in range(1, 5):
            at += 1
            start = dt.datetime(year, month, day, 8 + at, 30)
            trips.append({"vendorID": at % 2 + 1, "tpepPickupDateTime": start, "tpepDropoffDateTime": start + dt.timedelta(minutes=7 + at),
                          "passengerCount": at % 3 + 1, "tripDistance": at / 2, "paymentType": str(at % 2 + 1), "fareAmount": 4.0 + at, "tipAmount": at / 4 if at % 3 else 0.0})  # fmt: skip
        folder = home / f"parquet/taxi/year={year}/month={month}"
        folder.mkdir(parents=True)
        schema = pa.schema([(name, pa.int32() if kind == pa.int64() else pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind) for name, kind in
                            zip(trips[0], pa.Table.from_pylist(trips).schema.types, strict=True)])  # fmt: skip
        pq.write_table(pa.Table.from_pylist(trips, schema), folder / "part-0.snappy.parquet")
        lines = [",".join(trips[0]), *(",".join(str(value) for value in trip.values()) for trip in trips)]
        (home / "csv/taxi").mkdir(exist_ok=True)
        (home / f"csv/taxi/yellow_tripdata_{year}-{month:02}.csv").write_text("\n".join(lines) + "\n")


def _write_json(home: Path) -> None:
    (home / "json/books").mkdir(parents=True)
    (home / "json/books.jsonl").write_text("\n".join(map(json.dumps, BOOKS)) + "\n")
    for number, book in enumerate(BOOKS):
        (home / f"json/books/book{number}.json").write_text(json.dumps(book, indent=2))
    (home / "json/array.json").write_text(
        json.dumps(
            [
                {"date_rep": "2020-07-24", "cases": 13, "geo_id": "AF"},
                {"date_rep": "2020-07-25", "cases": 2, "geo_id": "AL"},
            ]
        )
    )


def _write_nested(home: Path) -> None:
    (home / "parquet/nested").mkdir(parents=True)
    person = pa.struct([("Name", pa.string()), ("Age", pa.int32())])
    table = pa.table({
        "DocId": pa.array([1, 2], pa.int32()),
        "Person": pa.array([{"Name": "Ada", "Age": 36}, {"Name": "Bob", "Age": None}], person),
        "SimpleArray": pa.array([[11, 12], []], pa.list_(pa.int32())),
        "People": pa.array([[{"Name": "Cy", "Age": 1}, {"Name": "Di", "Age": 2}], None], pa.list_(person)),
        "SimpleMap": pa.array([[("Key1", "Value1")], []], pa.map_(pa.string(), pa.string())),
    })  # fmt: skip
    pq.write_table(table, home / "parquet/nested/nested.parquet")


def _write_delta(home: Path) -> None:
    (home / "delta").mkdir()
    table = pa.table(
        {
            "iso_country": ["US", "US", "SE", "SE"],
            "updated": [dt.date(2021, 1, d) for d in (1, 2, 1, 2)],
            "confirmed": [10, 15, 1, 2],
        }
    )
    write_deltalake(home / "delta/covid", table, partition_by=["iso_country"])
