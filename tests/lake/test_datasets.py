from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import FormatError, NotFoundError, OptionError
from engine.lake import Storage, list_datasets, open_dataset, open_storage

Put = Callable[[str, "bytes | str"], Path]


@pytest.fixture
def filled(storage: Storage, put: Put) -> Storage:
    put("raw/a.csv", "a,b\n1,x\n2,y\n")
    put("raw/b.csv", "a,b\n3,z\n")
    put("other.csv", "c\n1\n")
    return storage


def test_a_dataset_is_a_named_versioned_pointer(filled: Storage) -> None:
    first = open_dataset(filled, "raw/a.csv", name="Trips")
    assert (first.name, first.version, first.count()) == ("Trips", 1, 2)
    assert open_dataset(filled, "raw/a.csv", name="trips").version == 1
    assert open_dataset(filled, "./raw//a.csv", name="TRIPS").version == 1
    assert open_dataset(filled, filled.resolve("raw/a.csv"), name="Trips").version == 1
    second = open_dataset(filled, "raw/*.csv", name="trips")
    assert (second.version, second.count()) == (2, 3)
    third = open_dataset(filled, "raw/*.csv", name="trips", schema=pa.schema([("a", pa.string())]))
    assert (third.version, str(third.schema.field("a").type)) == (3, "string")
    assert open_dataset(filled, "trips").version == 3
    assert open_dataset(filled, "TRIPS", version=1).count() == third.at(1).count() == 2
    assert third.versions() == [1, 2, 3]
    assert open_dataset(filled, "raw/a.csv", name="trips").version == 4
    assert list_datasets(filled) == ["trips"]
    assert repr(first) == "Dataset('Trips', version=1)"
    assert "<td>b</td><td>string</td>" in first._repr_html_()


def test_nothing_is_copied(filled: Storage, put: Put) -> None:
    data = open_dataset(filled, "raw")
    home = Path(filled.home.location)
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == [
        "000001.json",
        "a.csv",
        "b.csv",
        "other.csv",
    ]
    put("raw/c.csv", "a,b\n4,\n")
    assert data.count() == 3
    assert open_dataset(filled, "raw").count() == 4
    assert open_dataset(filled, "raw").version == 1


def test_a_definition_survives_its_file(filled: Storage) -> None:
    options = {
        "delimiter": ";", "quote": "'", "escape": "\\", "header": False, "names": ("p", "q"), "skip_rows": 1,
        "null_values": ["-"], "encoding": "latin-1", "quoted_newlines": False, "format": "csv",
        "schema": pa.schema([pa.field("p", pa.decimal128(9, 2), nullable=False)]), "partition_bytes": 10,
        "inspect_bytes": 20,
    }  # fmt: skip
    Path(filled.home.location, "odd").write_text("top\n1.10;'é'\n", encoding="latin-1")
    data = open_dataset(filled, "odd", name="odd", **options)
    again = open_dataset(filled, "odd")
    assert again.definition == data.definition
    assert again.definition.options.csv.names == ("p", "q")
    assert again.to_arrow().equals(data.to_arrow())
    assert pickle.loads(pickle.dumps(again)).to_arrow().equals(data.to_arrow())
    stored = json.loads(Path(filled.home.location, "catalog/datasets/odd/000001.json").read_text())
    assert stored["paths"] == ["odd"]
    assert stored["columns"] == {"p": "decimal128(9, 2)"}


def test_several_paths(filled: Storage) -> None:
    data = open_dataset(filled, ["raw/b.csv", "raw/a.csv"], name="both")
    assert data.to_arrow().column("a").to_pylist() == [1, 2, 3]
    with pytest.raises(OptionError, match="several paths need a name"):
        open_dataset(filled, ["raw/b.csv", "raw/a.csv"])
    with pytest.raises(NotFoundError, match="'raw/nothing'"):
        open_dataset(filled, ["raw/b.csv", "raw/nothing"], name="both")
    assert open_dataset(filled, "both").version == 1


def test_what_cannot_be_read_is_not_registered(filled: Storage, put: Put) -> None:
    put("bad.parquet", "PAR1")
    for path, error in (
        ("nothing.csv", NotFoundError),
        ("bad.parquet", FormatError),
        ("other.csv", OptionError),
    ):
        options = {"delimiter": ""} if error is OptionError else {}
        with pytest.raises(error):
            open_dataset(filled, path, name="x", **options)
    assert list_datasets(filled) == []
    with pytest.raises(NotFoundError, match=r"no dataset 'x'.*registered: none"):
        open_dataset(filled, "x", version=1)


def test_versions_that_are_not_there(filled: Storage) -> None:
    data = open_dataset(filled, "raw", name="r")
    for act in (lambda: data.at(2), lambda: open_dataset(filled, "r", version=0)):
        with pytest.raises(NotFoundError, match=r"'r' has no version"):
            act()
    with pytest.raises(OptionError, match="a version is of a registered name"):
        open_dataset(filled, "raw", name="r", version=1)


def test_a_definition_that_was_tampered_with_is_named(filled: Storage, put: Put) -> None:
    open_dataset(filled, "raw", name="r")
    for text in ("", "[]", '{"paths": ["/etc/passwd"]}'):
        put("catalog/datasets/r/000001.json", text)
        with pytest.raises(
            FormatError, match=r"catalog/datasets/r/000001\.json: not the definition of a dataset"
        ):
            open_dataset(filled, "r")


def test_definitions_from_elsewhere_stay_inside(filled: Storage, put: Put) -> None:
    open_dataset(filled, "raw", name="r")
    path = Path(filled.home.location, "catalog/datasets/r/000001.json")
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "paths": ["/etc/passwd"]}))
    from engine.errors import PathRefusedError

    with pytest.raises(PathRefusedError):
        open_dataset(filled, "r").schema  # noqa: B018


@pytest.mark.parametrize("kind", ["filled", "memory"])
def test_definitions_at_once_are_all_kept(kind: str, request: pytest.FixtureRequest) -> None:
    storage: Storage = request.getfixturevalue(kind)
    for number in range(4):
        location = storage.resolve(f"d/{number}.csv")
        storage.home.filesystem.makedirs(location.rpartition("/")[0], exist_ok=True)
        storage.home.filesystem.pipe_file(location, b"a\n" + b"1\n" * number)
    barrier = threading.Barrier(4)

    def register(number: int) -> None:
        barrier.wait()
        open_dataset(storage, f"d/{number}.csv", name="d")

    threads = [threading.Thread(target=register, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = open_dataset(storage, "d")
    assert data.versions() == [1, 2, 3, 4]
    assert sorted(data.at(version).count() for version in data.versions()) == [0, 1, 2, 3]


def test_a_path_outside_the_home_is_kept_in_full(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n1\n")
    storage = open_storage(tmp_path / "lake", roots=[tmp_path / "data"])
    data = open_dataset(storage, str(tmp_path / "data" / "a.csv"), name="a")
    assert data.definition.paths == (str(tmp_path / "data" / "a.csv"),)
    assert open_dataset(storage, "a").count() == 1


def test_the_whole_workspace_is_a_folder_too(put: Put, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.csv").write_text("a\n1\n")
    storage = open_storage(tmp_path / "x")
    assert open_dataset(storage, "*.csv").count() == 1
    assert open_dataset(storage, str(tmp_path / "x" / "*.csv"), name="all").count() == 1
    with pytest.raises(FormatError, match="json"):
        open_dataset(storage, ".", name="everything")
