"""The top of a CSV file: what stands before the first record of data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from engine.errors import FormatError
from engine.lake.csv_records import Dialect
from engine.lake.text import BOM, bad_text, block_encoding

if TYPE_CHECKING:
    from engine.lake.formats import CsvOptions

_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Head:
    """The names of the columns, and where the data begins.

    Attributes:
        names: Column names; empty if the file holds nothing at all.
        size: Bytes before the first record of data.
        rest: Bytes already taken from the stream after them.
    """

    names: tuple[str, ...]
    size: int
    rest: bytes


def read_head(stream: IO[bytes], options: CsvOptions, name: str) -> Head:
    """Take byte-order mark, skipped lines and header from a stream.

    Raises:
        FormatError: Two columns of one name, or as many names given as the file has not.
    """
    text = _Text(stream)
    text.drop(len(BOM) if text.data.startswith(BOM) else 0)
    for _ in range(options.skip_rows):
        text.drop(text.until(lambda data: data.find(b"\n") + 1 or None))
    text.drop(len(text.data) - len(text.data.lstrip(b"\r\n")))
    dialect = Dialect(options.delimiter, options.quote, options.escape)
    end = text.until(lambda data: _first_end(dialect, data))
    first = _fields(text.data[:end], options, name, text.dropped)
    if options.header:
        text.drop(end)
    return Head(_names(first, options, name), text.dropped, text.data)


class _Text:
    """The start of a stream, read as far as somebody needs."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.data = stream.read(_HEAD_BYTES)
        self.dropped = 0

    def until(self, find: Callable[[bytes], int | None]) -> int:
        while (position := find(self.data)) is None:
            more = self._stream.read(max(_HEAD_BYTES, len(self.data)))
            if not more:
                return len(self.data)
            self.data += more
        return position

    def drop(self, count: int) -> None:
        self.data = self.data[count:]
        self.dropped += count


def _first_end(dialect: Dialect, data: bytes) -> int | None:
    end = dialect.first_end(data)
    return end if end < len(data) or data.endswith(b"\n") else None


def _fields(record: bytes, options: CsvOptions, name: str, offset: int) -> list[str]:
    try:
        text = record.decode("utf-8" if options.separators else block_encoding(options.encoding))
    except UnicodeDecodeError as error:
        raise bad_text(name, options.encoding, offset, error) from None
    lines = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=options.delimiter,
        quotechar=options.quote or None,
        escapechar=options.escape or None,
        quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
    )
    return next(iter(lines), [])


def _names(first: list[str], options: CsvOptions, file: str) -> tuple[str, ...]:
    numbered = [f"c{position}" for position in range(1, len(first) + 1)]
    if not first:
        return options.names or ()
    if options.names is not None:
        names = list(options.names)
    elif options.header:
        names = [text or spare for text, spare in zip(first, numbered, strict=True)]
    else:
        names = numbered
    if len(names) != len(first):
        raise FormatError(
            f"{file}: {len(first)} columns, but {len(names)} names were given",
            "give one name per column in names=",
            file=file,
            found=len(first),
        )
    twice = next((text for text in names if names.count(text) > 1), None)
    if twice is not None:
        raise FormatError(
            f"{file}: two columns are named {twice!r}",
            "pass names= with a name for each",
            file=file,
            column=twice,
        )
    return tuple(names)
