from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest

from engine.errors import FormatError, NotFoundError
from engine.lake.globs import find_files

if TYPE_CHECKING:
    from engine.lake import Storage

FILES = [
    "raw/a.csv",
    "raw/b.txt",
    "raw/2019/01/x.csv",
    "raw/2019/02/y.csv",
    "raw/2019/02/deep/z.csv",
    "raw/_hidden/h.csv",
    "raw/.dot/d.csv",
    "raw/_SUCCESS",
    "raw/.x.csv.crc",
    "raw/_key=1/k.csv",
    "raw/odd [1].csv",
]

CASES = [
    ("raw/a.csv", {"raw/a.csv": ()}),
    ("raw/*.csv", {"raw/a.csv": ("a",), "raw/odd [1].csv": ("odd [1]",)}),
    ("raw/?.csv", {"raw/a.csv": ()}),
    ("raw/odd [1].csv", {"raw/odd [1].csv": ()}),
    ("raw/2019/*/*.csv", {"raw/2019/01/x.csv": ("01", "x"), "raw/2019/02/y.csv": ("02", "y")}),
    ("raw/20*/0*/*.csv", {"raw/2019/01/x.csv": ("19", "1", "x"), "raw/2019/02/y.csv": ("19", "2", "y")}),
    (
        "raw/2019/**",
        {
            "raw/2019/01/x.csv": ("01/x.csv",),
            "raw/2019/02/y.csv": ("02/y.csv",),
            "raw/2019/02/deep/z.csv": ("02/deep/z.csv",),
        },
    ),
    (
        "raw/2019/**/*.csv",
        {
            "raw/2019/01/x.csv": ("01", "x"),
            "raw/2019/02/y.csv": ("02", "y"),
            "raw/2019/02/deep/z.csv": ("02/deep", "z"),
        },
    ),
    ("raw/**/a.csv", {"raw/a.csv": ("",)}),
    ("raw/2019", {"raw/2019/01/x.csv": (), "raw/2019/02/y.csv": (), "raw/2019/02/deep/z.csv": ()}),
    ("raw/2019/", {"raw/2019/01/x.csv": (), "raw/2019/02/y.csv": (), "raw/2019/02/deep/z.csv": ()}),
    ("raw/_hidden/h.csv", {"raw/_hidden/h.csv": ()}),
    ("raw/_hidden/*.csv", {"raw/_hidden/h.csv": ("h",)}),
    ("raw/_*/*.csv", {"raw/_hidden/h.csv": ("hidden", "h"), "raw/_key=1/k.csv": ("key=1", "k")}),
    ("raw/*/k.csv", {"raw/_key=1/k.csv": ("_key=1",)}),
]


@pytest.fixture(params=["storage", "memory"])
def filled(request: pytest.FixtureRequest) -> Storage:
    storage: Storage = request.getfixturevalue(request.param)
    for path in FILES:
        location = storage.resolve(path)
        filesystem = storage.home.filesystem
        filesystem.makedirs(location.rpartition("/")[0], exist_ok=True)
        filesystem.pipe_file(location, b"a\n1\n")
    return storage


@pytest.mark.parametrize(("path", "expected"), CASES)
def test_what_a_path_matches(filled: Storage, path: str, expected: dict[str, tuple[str, ...]]) -> None:
    found = find_files(filled, [path])
    assert {filled.relative(file.location): file.wildcards for file in found} == expected
    assert [file.location for file in found] == sorted(file.location for file in found)
    assert all(file.stamp.size == 4 for file in found)


def test_everything_but_what_is_hidden_is_below_a_folder(filled: Storage) -> None:
    found = {filled.relative(file.location) for file in find_files(filled, ["raw"])}
    assert found == {
        path for path in FILES if "_hidden" not in path and "/." not in path and "_SUCCESS" not in path
    }


def test_a_file_that_two_paths_match_is_read_once(filled: Storage) -> None:
    assert len(find_files(filled, ["raw/*.csv", "raw/a.csv"])) == 2


@pytest.mark.parametrize("path", ["nothing.csv", "raw/*.parquet", "raw/nowhere/*.csv", "raw/a.csv/*"])
def test_a_path_that_matches_nothing_is_named(filled: Storage, path: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        find_files(filled, [path])
    assert repr(path) in caught.value.message
    assert "holds" in caught.value.hint


def test_files_of_a_delta_table_are_not_read_behind_its_back(
    storage: Storage, put: Callable[..., Path]
) -> None:
    put("t/_delta_log/00000000000000000000.json", "{}")
    put("t/part.parquet", b"")
    put("other/x.csv", "a\n1\n")
    for path in ("t/*.parquet", "t/**", "**/*.parquet"):
        with pytest.raises(FormatError, match="is a Delta table"):
            find_files(storage, [path])


def test_files_written_by_others_are_seen_at_once() -> None:
    files = fsspec.filesystem("memory")
    files.pipe_file("/globs-late/a.csv", b"a\n")
    from engine.lake import open_storage

    storage = open_storage("memory://globs-late")
    assert len(find_files(storage, ["*.csv"])) == 1
    files.pipe_file("/globs-late/b.csv", b"a\n")
    assert len(find_files(storage, ["*.csv"])) == 2
    files.rm("/globs-late", recursive=True)
