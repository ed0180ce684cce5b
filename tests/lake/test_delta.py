"""Delta tables of other tools: read rightly, or refused by name."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from engine.errors import FormatError, NotFoundError, WriteError
from engine.lake import Root, Storage, open_storage, open_table, write_table
from engine.lake.delta_client import client_options

ROWS = pa.table({"a": [1, 2, 3], "s": ["x", None, "é"], "k": [1, 1, 2]})


@pytest.fixture
def folder(storage: Storage) -> str:
    location = storage.resolve("tables/dbo/t")
    Path(location).parent.mkdir(parents=True)
    return location


def edit_log(folder: str, change: Callable[[dict[str, Any]], None], version: int = 0) -> None:
    path = Path(folder, "_delta_log", f"{version:020d}.json")
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    for action in actions:
        change(action)
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))


def with_features(*names: str) -> dict[str, Any]:
    return {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": names, "writerFeatures": names}


def test_tables_of_delta_rs_are_read(storage: Storage, folder: str) -> None:
    write_deltalake(folder, ROWS, partition_by=["k"])
    write_deltalake(folder, ROWS.slice(0, 1), mode="append")
    DeltaTable(folder).delete("a = 2")
    DeltaTable(folder).optimize.compact()
    table = open_table(storage, "t")
    assert (
        table.to_arrow().sort_by("a").to_pylist()
        == DeltaTable(folder).to_pyarrow_table().sort_by("a").to_pylist()
    )
    assert table.versions() == [0, 1, 2, 3]
    assert table.at(0).to_arrow().sort_by("a").equals(ROWS)
    assert table.schema == ROWS.schema
    assert [commit.operation for commit in table.history] == ["OPTIMIZE", "DELETE", "WRITE", "WRITE"]
    grown = write_table(storage, "t", [0], make=lambda _: ROWS, mode="append")
    assert grown.count() == table.count() + 3


def test_a_checkpoint_and_a_cleaned_log(storage: Storage, folder: str) -> None:
    write_deltalake(folder, ROWS)
    for _ in range(3):
        write_deltalake(folder, ROWS, mode="append")
    DeltaTable(folder).create_checkpoint()
    for version in range(3):
        Path(folder, "_delta_log", f"{version:020d}.json").unlink()
    table = open_table(storage, "t")
    assert (table.version, table.count(), table.versions()) == (3, 12, [3])
    with pytest.raises(NotFoundError, match=r"version 1 can no longer be read"):
        table.at(1)
    again = write_table(storage, "t", [0], make=lambda _: ROWS)
    assert (again.version, again.count()) == (4, 3)


def test_a_file_that_was_vacuumed_is_told(storage: Storage, folder: str) -> None:
    write_deltalake(folder, ROWS)
    write_deltalake(folder, ROWS, mode="overwrite")
    for file in set(DeltaTable(folder, version=0).file_uris()):
        Path(file.removeprefix("file://")).unlink()
    with pytest.raises(NotFoundError, match=r"version is gone: no such file: tables/dbo/t/part-.*vacuum"):
        open_table(storage, "t", version=0).to_arrow()
    assert open_table(storage, "t").count() == 3


@pytest.mark.parametrize("feature", ["columnMapping", "deletionVectors", "fancyNewThing", "timestampNtz"])
def test_reader_features(storage: Storage, folder: str, feature: str) -> None:
    write_deltalake(folder, ROWS)

    def change(action: dict[str, Any]) -> None:
        if "protocol" in action:
            action["protocol"] = with_features(feature)
        if "metaData" in action and feature == "columnMapping":
            action["metaData"]["configuration"]["delta.columnMapping.mode"] = "name"
            schema = json.loads(action["metaData"]["schemaString"])
            for number, field in enumerate(schema["fields"]):
                field["metadata"] = {
                    "delta.columnMapping.id": number, "delta.columnMapping.physicalName": field["name"],
                }  # fmt: skip
            action["metaData"]["schemaString"] = json.dumps(schema)

    edit_log(folder, change)
    if feature in ("timestampNtz", "deletionVectors"):
        # Allowed is not used: as long as no file has a vector, there is nothing to misread.
        assert open_table(storage, "t").to_arrow().equals(ROWS)
        return
    needs = {"columnMapping": "column mapping by name"}.get(feature, feature)
    with pytest.raises(FormatError, match=rf"dbo.t.* {needs}|dbo.t.*'{needs}'"):
        open_table(storage, "t").to_arrow()
    with pytest.raises((WriteError, FormatError)):
        write_table(storage, "t", [0], make=lambda _: ROWS)


def inline_vector(rows: list[int]) -> dict[str, Any]:
    """A deletion vector as the protocol stores it in the log: magic, one Roaring bitmap, in Z85."""
    positions = struct.pack(f"<{len(rows)}H", *rows)
    bitmap = struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16) + positions
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = str.maketrans(_B85, letters + ".-:+=^!/*?&<>()[]{}@%$#")
    text = base64.b85encode(data).decode().translate(other)
    return {"storageType": "i", "sizeInBytes": len(data), "cardinality": len(rows), "pathOrInlineDv": text}


_B85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


@pytest.mark.parametrize("damaged", [False, True])
def test_deleted_rows_never_come_back(storage: Storage, folder: str, damaged: bool) -> None:
    write_deltalake(folder, ROWS)

    def change(action: dict[str, Any]) -> None:
        if "protocol" in action:
            action["protocol"] = with_features("deletionVectors")
        if "add" in action:
            action["add"]["deletionVector"] = inline_vector([0, 2])
            if damaged:
                action["add"]["deletionVector"]["pathOrInlineDv"] = "0" * 45

    edit_log(folder, change)
    with pytest.raises(FormatError, match="Deletion Vector error" if damaged else "needs deletion vectors"):
        open_table(storage, "t").to_arrow()


@pytest.mark.parametrize(
    ("settings", "mode", "message"),
    [
        ({"delta.appendOnly": "true"}, "overwrite", "only lets rows be added"),
        ({"delta.appendOnly": "true"}, "append", None),
        ({"delta.appendOnly": "false"}, "overwrite", None),
        ({"delta.constraints.positive": "a > 0"}, "append", "check constraints"),
        ({"delta.enableChangeDataFeed": "true"}, "append", "a change data feed"),
        ({"delta.enableChangeDataFeed": "false"}, "append", None),
        ({"delta.enableRowTracking": "true"}, "append", "row tracking"),
    ],
)
def test_promises_of_a_table_are_kept_or_the_write_is_refused(
    storage: Storage, folder: str, settings: dict[str, str], mode: str, message: str | None
) -> None:
    write_deltalake(folder, ROWS)
    edit_log(folder, lambda action: action.get("metaData", {}).get("configuration", {}).update(settings))
    if message is None:
        assert write_table(storage, "t", [0], make=lambda _: ROWS, mode=mode).version == 1
        return
    with pytest.raises(WriteError, match=message):
        write_table(storage, "t", [0], make=lambda _: ROWS, mode=mode)
    assert open_table(storage, "t").count() == 3


def test_columns_that_compute_themselves_are_refused(storage: Storage, folder: str) -> None:
    write_deltalake(folder, ROWS)

    def change(action: dict[str, Any]) -> None:
        if "metaData" in action:
            schema = json.loads(action["metaData"]["schemaString"])
            schema["fields"][0]["metadata"]["delta.generationExpression"] = "k + 1"
            action["metaData"]["schemaString"] = json.dumps(schema)

    edit_log(folder, change)
    assert open_table(storage, "t").count() == 3
    with pytest.raises(WriteError, match="generated columns"):
        write_table(storage, "t", [0], make=lambda _: ROWS, mode="append")


def test_a_broken_log_is_named(storage: Storage, folder: str) -> None:
    write_deltalake(folder, ROWS)
    Path(folder, "_delta_log", f"{0:020d}.json").write_text("not json\n")
    with pytest.raises(FormatError, match="tables/dbo/t: its Delta log cannot be read"):
        open_table(storage, "t")


def test_a_file_of_a_table_that_is_broken_is_named(storage: Storage, folder: str) -> None:
    write_deltalake(folder, ROWS)
    [uri] = DeltaTable(folder).file_uris()
    path = Path(uri.removeprefix("file://"))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FormatError, match=rf"{path.name}.*not a readable Parquet file"):
        open_table(storage, "t").to_arrow()


def test_a_log_may_not_point_out_of_the_roots(storage: Storage, folder: str, tmp_path: Path) -> None:
    write_deltalake(folder, ROWS)
    pq.write_table(ROWS, tmp_path / "secret.parquet")

    def change(action: dict[str, Any]) -> None:
        if "add" in action:
            action["add"]["path"] = f"file://{tmp_path}/secret.parquet"

    edit_log(folder, change)
    from engine.errors import PathRefusedError

    with pytest.raises((PathRefusedError, FormatError)):
        open_table(storage, "t").to_arrow()


def test_widened_columns_and_added_ones(storage: Storage, folder: str) -> None:
    write_deltalake(folder, pa.table({"a": [1]}))
    write_deltalake(folder, pa.table({"a": [2], "new": ["x"]}), mode="append", schema_mode="merge")
    assert sorted(open_table(storage, "t").to_arrow().to_pylist(), key=lambda row: row["a"]) == [
        {"a": 1, "new": None},
        {"a": 2, "new": "x"},
    ]


def test_bounds_that_only_the_log_knows(storage: Storage, folder: str) -> None:
    from deltalake import Schema
    from deltalake.transaction import AddAction, create_table_with_add_actions

    Path(folder).mkdir()
    rows = pa.table({"a": [1, 2], "t": pa.array([1, 1_999_999], pa.timestamp("us", "UTC"))})
    pq.write_table(rows, Path(folder, "x y.parquet"), write_statistics=False)
    stats = {
        "numRecords": 2, "minValues": {"a": 1, "t": "1970-01-01T00:00:00.000Z"},
        "maxValues": {"a": 2, "t": "1970-01-01T00:00:01.999Z"}, "nullCount": {"a": 0, "t": 0},
    }  # fmt: skip
    size = Path(folder, "x y.parquet").stat().st_size
    add = AddAction("x y.parquet", size, {}, 0, True, json.dumps(stats))
    create_table_with_add_actions(folder, Schema.from_arrow(rows.schema), [add], mode="error")
    source = open_table(storage, "t").source()
    [partition] = source.partitions
    fact = partition.fact("a")
    assert fact is not None
    assert (fact.low, fact.high, fact.nulls) == (1, 2, 0)
    assert source.null_free(["a"]) == {"a"}
    moment = partition.fact("t")
    assert moment is not None
    assert moment.high >= rows.column("t")[1].as_py()
    assert source.read(partition).equals(rows)


def test_credentials_for_deltas_own_client() -> None:
    options = {
        "key": "k",
        "secret": "s",
        "client_kwargs": {"endpoint_url": "http://minio:9000", "region_name": "eu"},
    }
    assert client_options(open_storage("s3://b/lake", options=options), "s3://b/lake/t") == {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ENDPOINT_URL": "http://minio:9000",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "eu",
    }
    given = open_storage("s3://b/lake", options=options, table_options={"AWS_REGION": "us"})
    assert client_options(given, "s3://b/lake/t") == {"AWS_REGION": "us"}
    assert client_options(
        open_storage("abfs://c/lake", options={"account_name": "n", "anon": False}), "abfs://c/lake"
    ) == {"account_name": "n"}
    home = open_storage("lake", roots=[Root("s3://other", (("key", "k2"),))], table_options={"x": "y"})
    assert client_options(home, home.resolve("t")) == {"x": "y"}
    assert client_options(home, "s3://other/t") == {"AWS_ACCESS_KEY_ID": "k2"}
