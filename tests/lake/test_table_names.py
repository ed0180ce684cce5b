"""Names of tables: case, quoting, folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lake_samples import PARTS, ROWS, part_of, read_by_others

from engine.errors import OptionError, PathRefusedError
from engine.lake import (
    Storage,
    TableName,
    drop_table,
    list_tables,
    open_storage,
    open_table,
    write_table,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Trips", "dbo.trips"),
        ("Sales.TRIPS", "sales.trips"),
        ("[My Schema].[a.b]", "my schema.[a.b]"),
        ("[x]]y]", "dbo.[x]]y]"),
        ("STRASSE", "dbo.strasse"),
        ("straße", "dbo.strasse"),
        ("E\u0301", "dbo.é"),
        ("../../etc", None),
        ("a.b.c", None),
        ("", None),
        (".", None),
        ("..", None),
        ("a.", None),
        ("[]", None),
        ("[a", None),
        ("a]", None),
        ("a[b]", None),
        (" ", None),
        ("x" * 129, None),
    ],
)
def test_names(text: str, name: str | None) -> None:
    if name is None:
        with pytest.raises(PathRefusedError):
            TableName.parse(text)
    else:
        parsed = TableName.parse(text)
        assert str(parsed) == name
        assert TableName.parse(str(parsed)) == TableName.parse(parsed) == parsed


@settings(deadline=None, max_examples=30)
@given(st.text(min_size=1, max_size=20).filter(str.strip))
def test_any_name_is_a_folder_and_comes_back(text: str) -> None:
    storage = open_storage(os.fspath(Path("/tmp") / "never-made"))
    quoted = "[" + text.replace("]", "]]") + "]"
    name = TableName.parse(quoted)
    folder = name.folder
    assert folder.count("/") == 1
    assert not set(folder) & set('\\:*?"<>|%. \0\n')
    assert TableName.parse(str(name)) == name
    storage.resolve(f"tables/{folder}")


@pytest.mark.parametrize(
    "name", ["[a/../../b]", "[%20?#]", "[ä ö.ü]", "[~x]", "[.hidden]", "[_log]", "[a\nb]", "[日本]"]
)
def test_odd_names_work_all_the_way(storage: Storage, name: str) -> None:
    table = write_table(storage, name, PARTS, make=part_of)
    write_table(storage, name, PARTS, make=part_of, mode="append")
    assert list_tables(storage) == [table.name]
    assert open_table(storage, list_tables(storage)[0]).count() == 20
    assert read_by_others(table.location).num_rows == 10 * 2
    drop_table(storage, name)
    assert list(Path(storage.home.location).rglob("*")) == []


@pytest.mark.parametrize("folder", ["my lake", "läke#1?", "a+b&c"])
def test_a_workspace_may_lie_in_an_odd_folder(tmp_path: Path, folder: str) -> None:
    storage = open_storage(tmp_path / folder)
    assert write_table(storage, "t", PARTS, make=part_of).to_arrow().equals(ROWS)


def test_tables_are_refused_where_they_cannot_live(memory: Storage, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="tables cannot live on memory"):
        write_table(memory, "t", PARTS, make=part_of)
    assert list_tables(memory) == []
    with pytest.raises(OptionError, match="percent sign"):
        write_table(open_storage(tmp_path / "a%20b"), "t", PARTS, make=part_of)
