"""What OPENROWSET, external tables and COPY INTO say of files, as the lake's own options."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.lake import CsvOptions
from engine.lake.formats import Separators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.sql.meaning import SqlType

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\0": "\0"}
_LINES = ("\n", "\r\n", "\n\r")
_FORMATS = {"PARQUET": "parquet", "CSV": "csv", "DELTA": "delta", "JSON": "json", "JSONL": "json"}
_CODEPAGES = {
    "65001": "utf-8",
    "ACP": "cp1252",
    "RAW": "latin-1",
    "OEM": "cp437",
    "1200": "utf-16",
    "1252": "cp1252",
}
# The document idiom: one column per line, with a terminator and a quote that no text holds.
_DOCUMENT = "\x0b"


@dataclass(frozen=True, slots=True)
class RowsetColumn:
    """A column of a WITH clause: its name and type, and its number (from 1) or name in the file."""

    name: str
    type: SqlType
    ordinal: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Rejecting:
    """Which rows may be rejected.

    Attributes:
        allowed: How many; of 100, if `percent`.
        folder: Keeps them; empty for nowhere.
        percent: Whether `allowed` is a share.
        external: Whether an external table says so: rows have as many fields as it has columns, and rejected
            ones are kept as COPY INTO does.
        sample: Holds a share against the rows so far after each so many; 0 for at the end alone.
    """

    allowed: float
    folder: str = ""
    percent: bool = False
    external: bool = False
    sample: int = 0

    def of(self, rows: int) -> int:
        """How many of so many rows."""
        return int(rows * self.allowed / 100 if self.percent else self.allowed)


@dataclass(frozen=True, slots=True)
class Rowset:
    """Files to read as rows.

    Attributes:
        paths: Below the workspace's roots.
        format: `parquet`, `csv`, `delta` or `json`.
        csv: How CSV files are written.
        columns: What WITH declares; empty to infer.
        recursive: A folder means all below it, not its own files alone.
        rejecting: Which bad rows are let go; None for none.
    """

    paths: tuple[str, ...]
    format: str
    csv: CsvOptions = field(default_factory=CsvOptions)
    columns: tuple[RowsetColumn, ...] = ()
    recursive: bool = False
    rejecting: Rejecting | None = None

    @property
    def by_name(self) -> bool:
        """Whether columns are found by name: in all files that name them."""
        return self.format != "csv" or self.csv.header


def file_format(name: str) -> str:
    """The lake's word for a FORMAT.

    Raises:
        UnsupportedSqlError: There is none.
    """
    found = _FORMATS.get(name.upper())
    if found is None:
        raise UnsupportedSqlError(
            f"FORMAT = '{name}' is not supported.", f"Choose from {', '.join(_FORMATS)}."
        )
    return found


def csv_options(given: Mapping[str, str | int | bool]) -> CsvOptions:
    """CSV options of the lake from those of T-SQL; the defaults are those of OPENROWSET.

    Args:
        given: Option in lower case to value: fieldterminator, rowterminator, fieldquote, escapechar,
            firstrow, header_row, codepage, datafiletype, parser_version, data_compression.

    Raises:
        UnsupportedSqlError: A terminator, quote or code page that cannot be read.
    """
    delimiter = unescaped(str(given.get("fieldterminator", ",")))
    quote = _mark(str(given.get("fieldquote", '"')), "FIELDQUOTE")
    escape = _mark(str(given.get("escapechar", "")), "ESCAPECHAR")
    row = unescaped(str(given.get("rowterminator", "\\n")))
    header = bool(given.get("header_row", False))
    separators = None
    if len(delimiter.encode()) > 1 or row not in _LINES:
        separators = _separators(delimiter, row, quote, escape)
        delimiter, quote = CsvOptions().delimiter, CsvOptions().quote
    return CsvOptions(
        delimiter=delimiter,
        quote="" if quote == delimiter == _DOCUMENT else quote,
        escape=escape,
        header=header,
        skip_rows=_skipped(int(given.get("firstrow", 2 if header else 1)), header=header),
        null_values=("",),
        # Parser 2.0 reads "" as an empty text.
        quoted_nulls=str(given.get("parser_version", "1.0")) != "2.0",
        separators=separators,
        compression=_compression(str(given.get("data_compression", ""))),
        encoding=_encoding(given),
    )


def _separators(field: str, row: str, quote: str, escape: str) -> Separators:
    if not field:
        raise BindError("FIELDTERMINATOR is empty.", "Give what stands between fields.")
    if escape:
        raise UnsupportedSqlError(
            "ESCAPECHAR does not go with a terminator of several characters.", "Quote fields instead."
        )
    # A mark that is also a terminator quotes nothing: the idiom of one document in a file, whatever is in it.
    return Separators(field, "" if row in _LINES else row, "" if quote in (field, row) else quote)


def _compression(name: str) -> str | None:
    """The lake's word for a compression; None to go by the files' suffixes.

    Raises:
        UnsupportedSqlError: Text files of that compression cannot be read.
    """
    known = {"": None, "GZIP": "gzip", "DEFAULTCODEC": "gzip", "NONE": ""}  # zlib is told from gzip
    plain = next((one for one in ("GZIP", "DEFAULTCODEC") if one in name.upper()), name.upper())
    if plain not in known:
        raise UnsupportedSqlError(
            f"Text files of COMPRESSION = '{name}' are not supported.", "Use GZIP, DEFAULTCODEC or NONE."
        )
    return known[plain]


def _skipped(first_row: int, *, header: bool) -> int:
    """Lines before the first row, the header's own not counted: it stands right before the first row."""
    if first_row < 1:
        raise BindError(f"FIRSTROW = {first_row} is not a row.", "Rows count from 1.")
    return max(first_row - 2, 0) if header else first_row - 1


def _encoding(given: Mapping[str, str | int | bool]) -> str:
    if str(given.get("datafiletype", "char")).lower() == "widechar":
        return "utf-16"
    page = str(given.get("codepage", "65001")).upper()
    if page not in _CODEPAGES:
        raise UnsupportedSqlError(
            f"CODEPAGE = '{page}' is not supported.", f"Choose from {', '.join(_CODEPAGES)}."
        )
    return _CODEPAGES[page]


def _mark(text: str, option: str) -> str:
    mark = unescaped(text)
    if len(mark.encode()) > 1:
        raise UnsupportedSqlError(
            f"{option} = '{text}' has more than one character.", "Files are read with one-character marks."
        )
    return mark


def unescaped(text: str) -> str:
    r"""What a terminator stands for: `0x0A`, `\t`, or itself.

    >>> unescaped("0x0D0A"), unescaped("\\t"), unescaped("|")
    ('\r\n', '\t', '|')
    """
    digits = text.replace("0x", "").replace("0X", "")
    if text[:2].lower() == "0x" and len(digits) % 2 == 0 and re.fullmatch(r"[0-9a-fA-F]+", digits):
        return bytes.fromhex(digits).decode("latin-1")
    for written, mark in _ESCAPES.items():
        text = text.replace(written, mark)
    return text
