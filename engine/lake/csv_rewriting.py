"""Text files with marks that Arrow cannot read, rewritten with marks that it can."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from engine.lake.text import bad_text, block_encoding, open_text

if TYPE_CHECKING:
    from engine.lake.formats import CsvOptions, Separators
    from engine.lake.storage import Storage


@contextmanager
def open_records(storage: Storage, location: str, options: CsvOptions) -> Iterator[IO[bytes]]:
    """The bytes of a CSV file with the marks of its options; see `open_text`.

    Raises:
        FormatError: Bytes that are no text.
    """
    with open_text(storage, location, options.encoding, compression=options.compression) as stream:
        if options.separators is None:
            yield stream
            return
        encoding = block_encoding(options.encoding)
        data = _all(stream)
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise bad_text(storage.relative(location), encoding, 0, error) from None
        yield io.BytesIO(rewritten(text.removeprefix("\ufeff"), options).encode())


def rewritten(text: str, options: CsvOptions) -> str:
    r"""The text with its separators changed for the marks of the options.

    >>> from engine.lake.formats import CsvOptions, Separators
    >>> options = CsvOptions(separators=Separators("||", ";"))
    >>> rewritten('1||a,b;2||"x;y";', options)
    '1,"a,b"\n2,"x;y"\n'
    """
    marks = options.separators
    if marks is None:
        return text
    pieces = []
    for match in _fields(marks).finditer(text):
        if match.end() == len(text) and not match.group(0):
            break
        pieces.append(_field(match.group("quoted"), match.group("bare"), marks, options))
        ends_field = match.group("end") == marks.field != marks.row
        pieces.append(options.delimiter if ends_field else "\n")
    return "".join(pieces)


def _field(quoted: str | None, bare: str | None, marks: Separators, options: CsvOptions) -> str:
    mark = options.quote
    if quoted is not None:
        value = quoted.replace(marks.quote * 2, marks.quote)
        return f"{mark}{value.replace(mark, mark * 2)}{mark}"
    value = bare or ""
    if any(one in value for one in (options.delimiter, mark, "\n", "\r")):
        return f"{mark}{value.replace(mark, mark * 2)}{mark}"
    return value


@lru_cache(maxsize=16)
def _fields(marks: Separators) -> re.Pattern[str]:
    row = re.escape(marks.row) if marks.row else "\r?\n"
    end = f"(?P<end>{re.escape(marks.field)}|{row}|\\Z)"
    bare = "(?P<bare>.*?)"
    if not marks.quote:
        return re.compile(f"(?:(?P<quoted>(?!))|{bare}){end}", re.DOTALL)  # nothing is ever quoted
    quote = re.escape(marks.quote)
    return re.compile(f"(?:{quote}(?P<quoted>(?:[^{quote}]|{quote}{quote})*){quote}|{bare}){end}", re.DOTALL)


def _all(stream: IO[bytes]) -> bytes:
    pieces = []
    while piece := stream.read(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)
