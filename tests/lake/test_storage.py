from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from engine.errors import NotFoundError, PathRefusedError, WriteError
from engine.lake import Root, Storage, open_dataset, open_storage
from engine.lake.publish import make_folder, publish_new, publishing, remove_tree
from engine.lake.storage import normalise


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "raw/../../secret.csv",
        "raw/..",
        "/etc/passwd",
        "file:///etc/passwd",
        "s3://bucket/key",
        "memory://x",
        "http://example.org/x.csv",
        "simplecache::s3://bucket/key",
        "filecache::file:///etc/passwd",
        "a\0b",
        "",
    ],
)
def test_paths_that_leave_the_roots_are_refused(storage: Storage, path: str) -> None:
    with pytest.raises(PathRefusedError):
        storage.resolve(path)


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "**/../../x", "file:///etc/*"])
def test_datasets_are_refused_outside_of_the_roots(storage: Storage, path: str) -> None:
    with pytest.raises(PathRefusedError):
        open_dataset(storage, path)


def test_a_root_that_is_a_prefix_of_a_sibling_holds_only_itself(tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "lake")
    (tmp_path / "lake2").mkdir()
    (tmp_path / "lake2" / "x.csv").write_text("a\n1\n")
    with pytest.raises(PathRefusedError):
        storage.resolve(str(tmp_path / "lake2" / "x.csv"))


def test_a_symlink_that_leads_out_is_refused_wherever_it_is_met(storage: Storage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("a\n1\n")
    home = Path(storage.home.location)
    (home / "raw").mkdir(parents=True)
    (home / "raw" / "link").symlink_to(outside)
    (home / "file.csv").symlink_to(outside / "secret.csv")
    for path in ("raw/link/secret.csv", "file.csv", "raw/link"):
        with pytest.raises(PathRefusedError):
            storage.resolve(path)
    for path in ("raw/*/*.csv", "raw/**", "raw"):
        with pytest.raises(PathRefusedError):
            open_dataset(storage, path)
    with pytest.raises(PathRefusedError):
        storage.open(str(home / "file.csv"))


def test_a_symlink_that_stays_inside_is_followed(storage: Storage, put) -> None:
    put("real/a.csv", "a\n1\n2\n")
    home = Path(storage.home.location)
    (home / "alias").symlink_to(home / "real")
    (home / "one.csv").symlink_to(home / "real" / "a.csv")
    assert open_dataset(storage, "alias").count() == 2
    assert open_dataset(storage, "one.csv").count() == 2


def test_a_root_behind_a_symlink_takes_paths_by_both_names(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "lake").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "a.csv").write_text("a\n1\n")
    storage = open_storage(tmp_path / "lake")
    for path in (
        "a.csv",
        tmp_path / "lake" / "a.csv",
        tmp_path / "disk" / "a.csv",
        f"file://{tmp_path}/lake/a.csv",
    ):
        assert storage.resolve(str(path)) == str(tmp_path / "disk" / "a.csv")


def test_further_roots_are_read_but_not_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n1\n")
    storage = open_storage(tmp_path / "lake", roots=[tmp_path / "data"])
    location = storage.resolve(str(tmp_path / "data" / "a.csv"))
    assert open_dataset(storage, location).count() == 1
    for act in (
        lambda: publish_new(storage, location, b"x"),
        lambda: remove_tree(storage, location),
        lambda: make_folder(storage, location),
    ):
        with pytest.raises(PathRefusedError):
            act()


def test_a_storage_pickles_and_never_shows_its_credentials() -> None:
    storage = open_storage(
        "s3://bucket/lake",
        roots=["s3://other", Root("memory:///x", (("token", "hidden-token"),))],
        options={"key": "hidden-key", "secret": "hidden-secret"},
        table_options={"AWS_SECRET_ACCESS_KEY": "hidden-again"},
    )
    assert "hidden" not in repr(storage) + str(storage)
    again = pickle.loads(pickle.dumps(storage))
    assert again == storage
    assert dict(again.roots[1].options)["secret"] == "hidden-secret"
    assert again.resolve("a/b.csv") == "s3://bucket/lake/a/b.csv"
    assert again.resolve("s3://other/x") == "s3://other/x"
    with pytest.raises(PathRefusedError):
        again.resolve("s3://bucket2/lake/x")


def test_locations_have_one_spelling() -> None:
    assert normalise("/a//b/./c/") == normalise("file:///a/b/c") == "/a/b/c"
    assert normalise("memory://a/b") == normalise("memory:///a/b") == "memory:///a/b"
    assert normalise("S3://Bucket//k/") == "s3://Bucket/k"


def test_a_missing_file_is_named(storage: Storage, put) -> None:
    put("raw/a.csv", "a\n")
    with pytest.raises(NotFoundError, match=r"'raw/b\.csv'.*raw holds a\.csv"):
        open_dataset(storage, "raw/b.csv")
    with pytest.raises(NotFoundError, match="no such file: raw/x"):
        storage.open(storage.resolve("raw/x"))


@pytest.mark.parametrize("kind", ["storage", "memory"])
def test_a_file_is_published_whole_or_not_at_all(kind: str, request: pytest.FixtureRequest) -> None:
    storage: Storage = request.getfixturevalue(kind)
    folder, location = storage.resolve("job"), storage.resolve("job/sub/file")
    make_folder(storage, folder)
    with pytest.raises(RuntimeError, match="body"), publishing(storage, location, within=folder) as scratch:
        scratch.write_bytes(b"half")
        raise RuntimeError("body")
    assert not storage.is_file(location)
    with publishing(storage, location, within=folder) as scratch:
        scratch.write_bytes(b"whole")
        assert not storage.is_file(location)
    with storage.open(location) as handle:
        assert handle.read() == b"whole"
    assert [entry.name for entry in storage.list(storage.resolve("job/sub"))] == ["file"]
    assert not scratch.exists()
    remove_tree(storage, folder)
    remove_tree(storage, folder)
    assert storage.list(storage.resolve("job")) == []


def test_a_straggler_of_a_removed_folder_finds_no_place(storage: Storage) -> None:
    folder = storage.resolve("job")
    make_folder(storage, folder)
    remove_tree(storage, folder)
    with pytest.raises(WriteError), publishing(storage, storage.resolve("job/a/file"), within=folder):
        pass
    assert not Path(folder).exists()


@pytest.mark.parametrize("kind", ["storage", "memory"])
def test_of_two_who_write_a_new_file_one_succeeds(kind: str, request: pytest.FixtureRequest) -> None:
    storage: Storage = request.getfixturevalue(kind)
    location = storage.resolve("x/1.json")
    assert publish_new(storage, location, b"first")
    assert not publish_new(storage, location, b"second")
    with storage.open(location) as handle:
        assert handle.read() == b"first"
    assert [entry.name for entry in storage.list(storage.resolve("x"))] == ["1.json"]


def test_a_store_that_refuses_is_told_as_a_write_error(storage: Storage, put) -> None:
    put("plain", "a file, not a folder")
    with pytest.raises(WriteError, match=r"plain/x/1\.json: cannot be written"):
        publish_new(storage, storage.resolve("plain/x/1.json"), b"")
    with pytest.raises(PathRefusedError):
        remove_tree(storage, storage.home.location)


def test_the_root_of_a_disk_can_be_a_root() -> None:
    assert Root("/").holds("/etc/x")
    assert os.path.realpath("/") == open_storage("/").home.location
