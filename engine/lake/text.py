"""Text files as blocks of whole records, decompressed and in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import FormatError
from engine.lake.formats import COMPRESSIONS

if TYPE_CHECKING:
    from engine.lake.partition import Partition
    from engine.lake.storage import Storage

BOM = codecs.BOM_UTF8

LastEnd = Callable[[bytes], int]
"""Position after the last whole record of a block that starts at a record; 0 where none ends in it."""


def compression_of(location: str) -> str | None:
    suffix = location[location.rfind(".") :].lower()
    return COMPRESSIONS.get(suffix)


def newline_end(data: bytes) -> int:
    """The `LastEnd` of formats whose records are lines."""
    return data.rfind(b"\n") + 1


@contextmanager
def open_text(
    storage: Storage, location: str, encoding: str, *, compression: str | None = None
) -> Iterator[IO[bytes]]:
    """The decompressed bytes of a text file, in `block_encoding(encoding)`; None goes by the suffix."""
    codec = compression_of(location) if compression is None else compression or None
    with storage.faults(location), storage.open(location) as raw:
        if codec is None:
            yield _recoded(raw, encoding, storage.relative(location))
            return
        try:
            with pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec) as stream:
                yield _recoded(stream, encoding, storage.relative(location))
        except (OSError, EOFError) as error:
            raise FormatError(
                f"{storage.relative(location)}: not a readable {codec} file: {error}",
                "it may be cut short or named wrongly; write it again",
                file=location,
            ) from error


def _recoded(stream: Any, encoding: str, name: str) -> Any:
    return stream if is_splittable(encoding) else _Recoder(stream, encoding, name)


class _Recoder:
    """Reads text of an encoding in which records cannot be told by bytes, and gives it out in UTF-8."""

    def __init__(self, stream: Any, encoding: str, name: str) -> None:
        self._stream, self._encoding, self._name = stream, encoding, name
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._taken = 0

    def read(self, size: int) -> bytes:
        while True:
            raw = self._stream.read(size)
            try:
                text = self._decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as error:
                raise bad_text(self._name, self._encoding, self._taken, error) from None
            self._taken += len(raw)
            if text or not raw:
                return text.encode()


def blocks(stream: Any, size: int, last_end: LastEnd, start: bytes = b"") -> Iterator[bytes]:
    """Cut a stream into blocks of about `size` bytes that end where a record ends.

    A record longer than `size` makes its block longer. The last block may lack its final newline.

    Args:
        stream: What to read on from.
        size: Wanted bytes per block.
        last_end: Where records end.
        start: Bytes already taken from the stream.
    """
    rest, wanted, ended = start, size, False
    while True:
        if len(rest) < wanted and not ended:
            rest, ended = _filled(stream, rest, wanted)
        if ended and len(rest) <= wanted:
            break
        end = last_end(rest[:wanted])
        if end:
            yield rest[:end]
            rest, wanted = rest[end:], size
        else:
            wanted *= 2
    if rest:
        yield rest


def _filled(stream: Any, rest: bytes, wanted: int) -> tuple[bytes, bool]:
    """`wanted` bytes, `rest` first; fewer, and True, where the stream ends."""
    pieces, missing = [rest], wanted - len(rest)
    while missing > 0:
        piece = stream.read(missing)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces), False


def read_range(storage: Storage, partition: Partition) -> bytes:
    """The bytes of a partition that is a range of an uncompressed file."""
    start, stop = partition.byte_range or (0, partition.stamp.size)
    data = storage.read(partition.location, start, stop)
    if len(data) != stop - start:
        raise FormatError(
            f"{storage.relative(partition.location)}: ends at byte {start + len(data)} of {stop}",
            "the file was cut after it was opened; open the dataset again",
            file=partition.location,
        )
    return data


def is_splittable(encoding: str) -> bool:
    """Whether the bytes of ASCII characters mean nothing else in this encoding, so that it can be cut."""
    name = codecs.lookup(encoding).name
    return is_utf8(encoding) or name.startswith(("ascii", "iso8859", "cp125", "koi8", "mac-"))


def block_encoding(encoding: str) -> str:
    """The encoding in which `open_text` gives a file out: its own where that can be cut, else UTF-8."""
    return encoding if is_splittable(encoding) else "utf-8"


def is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def transcode(data: bytes, encoding: str, name: str, offset: int) -> bytes:
    """The same text in UTF-8.

    Raises:
        FormatError: The bytes are no text in `encoding`; names the file and the byte.
    """
    if is_utf8(encoding):
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise bad_text(name, encoding, offset, error) from None


def bad_text(name: str, encoding: str, offset: int, error: UnicodeDecodeError) -> FormatError:
    return FormatError(
        f"{name}: byte {offset + error.start} ({error.object[error.start]:#04x}) is no {encoding} text",
        "pass encoding= with the one the file was written in, such as 'latin-1' or 'cp1252'",
        file=name,
        byte=offset + error.start,
    )
