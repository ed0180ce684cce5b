"""The formats there are, and which one a file is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import FormatError, OptionError
from engine.lake import csv_files, csv_rows, json_lines, parquet
from engine.lake.formats import COMPRESSIONS, Format
from engine.lake.promotion import promote_json, promote_text

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.storage import Storage

FORMATS = (
    Format(
        "csv",
        (".csv", ".tsv"),
        csv_files.plan,
        csv_files.read,
        promote_text,
        is_text=True,
        stream=csv_files.stream,
    ),
    Format(
        "json",
        (".jsonl", ".ndjson", ".json"),
        json_lines.plan,
        json_lines.read,
        promote_json,
        is_text=True,
        stream=json_lines.stream,
    ),
    Format(
        "parquet",
        (".parquet", ".pq"),
        parquet.plan,
        parquet.read,
        stream=parquet.stream,
        facts=parquet.facts,
    ),
)
# CSV read row by row; nothing is of it by its suffix.
_ROWS = Format("rows", (), csv_rows.plan, csv_rows.read, promote_text, is_text=True)
_BY_NAME = {one.name: one for one in (*FORMATS, _ROWS)}


def format_named(name: str) -> Format:
    """The format of that name.

    Raises:
        OptionError: There is none.
    """
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise OptionError(f"there is no format {name!r}", f"choose from {', '.join(_BY_NAME)}", format=name)
    return found


def format_of(storage: Storage, files: Sequence[FoundFile]) -> Format:
    """The one format of all files, by their suffixes.

    Raises:
        FormatError: A suffix says nothing, or two files are of different formats.
    """
    first: tuple[Format, str] | None = None
    for file in files:
        name = storage.relative(file.location)
        found = _by_suffix(name)
        if first is None:
            first = (found, name)
        elif found is not first[0]:
            raise FormatError(
                f"{first[1]} is {first[0].name} and {name} is {found.name}",
                "open them apart, or narrow the pattern to one suffix",
                files=[first[1], name],
            )
    if first is None:
        raise FormatError("no file to tell the format of", "name a file")
    return first[0]


def _by_suffix(name: str) -> Format:
    stem = name.lower()
    for suffix in COMPRESSIONS:
        stem = stem.removesuffix(suffix)
    for one in FORMATS:
        if stem.endswith(one.suffixes) and (one.is_text or stem == name.lower()):
            return one
    raise FormatError(
        f"{name}: the suffix names no format", f"pass format= ({', '.join(_BY_NAME)})", file=name
    )
