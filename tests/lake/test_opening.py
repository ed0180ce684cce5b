"""A verb takes a source or its name: what names stand for, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from engine.errors import NotFoundError, OptionError
from engine.lake import InlineRunner, Storage, open_dataset, open_source, open_table, write_table

Put = Callable[[str, bytes | str], Path]


def table(storage: Storage, name: str, values: list[int]) -> None:
    rows = pa.table({"a": values})
    write_table(storage, name, [rows], make=lambda part: part, runner=InlineRunner(), mode="overwrite")


def test_a_name_is_a_table_a_version_of_it_or_files(storage: Storage, put: Put) -> None:
    table(storage, "dbo.gems", [1])
    table(storage, "dbo.gems", [2, 3])
    put("raw/2019.01.csv", "a\n4\n")
    found = {
        name: open_source(storage, name).to_pandas()["a"].tolist()
        for name in ("gems", "dbo.gems", "dbo.gems@0", "raw", "raw/2019.01.csv")
    }
    assert found == {
        "gems": [2, 3],
        "dbo.gems": [2, 3],
        "dbo.gems@0": [1],
        "raw": [4],
        "raw/2019.01.csv": [4],
    }


def test_sources_stay_what_they_are(storage: Storage, put: Put) -> None:
    table(storage, "dbo.gems", [1])
    put("raw/a.csv", "a\n4\n")
    for source in (open_table(storage, "dbo.gems"), open_dataset(storage, "raw")):
        assert open_source(storage, source) is source


def test_what_names_nothing_is_told_what_there_is(storage: Storage, put: Put) -> None:
    table(storage, "dbo.gems", [1])
    put("raw/a.csv", "a\n4\n")
    with pytest.raises(NotFoundError, match=r"no table and no file 'raw/b\.csv'\..*dbo\.gems.*a\.csv"):
        open_source(storage, "raw/b.csv")
    with pytest.raises(NotFoundError, match="version"):
        open_source(storage, "dbo.gems@7")


def test_a_frame_is_no_source_and_the_way_out_is_named(storage: Storage) -> None:
    with pytest.raises(OptionError, match=r"A DataFrame is no source\. Hint: .*pool\.write"):
        open_source(storage, pd.DataFrame({"a": [1]}))
