"""Cut a text file into pieces of whole records, and make partitions of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from engine.lake.partition import ColumnFacts, Partition
from engine.lake.text import LastEnd, blocks, compression_of, is_splittable, newline_end

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile

# What of each piece of a file too large to be looked through is looked at: from everywhere in the file,
# since what is rare in a column (a fraction among whole numbers) tends to come in runs.
_SAMPLE_SHARE = 16
_SMALLEST_SAMPLE = 1 << 20
# Lines are looked for in steps of so many bytes.
_CUT_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of whole records in a stream, and the first of them to look at.

    Attributes:
        start: Position of the first record in the stream, after any decompression and recoding.
        stop: Position after the last.
        sample: Records from `start` on; all of them, if `whole`.
        whole: Whether the sample is the piece.
    """

    start: int
    stop: int
    sample: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What is kept of a piece: its range, and its rows and nulls where all of it was seen."""

    start: int
    stop: int
    rows: int | None = None
    facts: tuple[ColumnFacts, ...] = ()


def looked(piece: Piece, table: pa.Table) -> Looked:
    """What a piece's sample, parsed, tells of the piece."""
    if not piece.whole:
        return Looked(piece.start, piece.stop)
    columns = zip(table.schema.names, table.columns, strict=True)
    facts = tuple(ColumnFacts(name, 0, column.null_count) for name, column in columns)
    return Looked(piece.start, piece.stop, len(table), facts)


@dataclass(frozen=True, slots=True)
class Cutter:
    """How a file is cut.

    Attributes:
        size: Wanted bytes per piece.
        last_end: Where records end.
        sampled: Whether a part of each piece is enough to look at.
        seekable: Whether positions in the stream are positions in the file.
    """

    size: int
    last_end: LastEnd
    sampled: bool
    seekable: bool

    def pieces(self, stream: IO[bytes], start: int, rest: bytes, stop: int) -> Iterator[Piece]:
        """Cut a stream from the first record on.

        Args:
            stream: Stands after `rest`.
            start: Position of the first record.
            rest: Bytes from there on that are already taken from the stream.
            stop: Size of the file.
        """
        if self.sampled and self.seekable and self.last_end is newline_end:
            return self._found_by_seeking(stream, start, stop)
        return self._found_by_reading(stream, start, rest)

    def _found_by_reading(self, stream: IO[bytes], start: int, rest: bytes) -> Iterator[Piece]:
        for data in blocks(stream, self.size, self.last_end, rest):
            end = self.last_end(data[: self._sample]) if self.sampled else 0
            yield Piece(start, start + len(data), data[: end or len(data)], whole=end in (0, len(data)))
            start += len(data)

    def _found_by_seeking(self, stream: IO[bytes], start: int, stop: int) -> Iterator[Piece]:
        """Read nothing but the samples and around the cuts."""
        while start < stop:
            end = _line_end(stream, min(start + self.size, stop) - 1, stop)
            stream.seek(start)
            data = stream.read(min(self._sample, end - start))
            if len(data) < end - start:
                data = data[: newline_end(data)] or data + stream.read(end - start - len(data))
            yield Piece(start, end, data, whole=len(data) == end - start)
            start = end

    @property
    def _sample(self) -> int:
        return max(_SMALLEST_SAMPLE, self.size // _SAMPLE_SHARE)


def _line_end(stream: IO[bytes], position: int, stop: int) -> int:
    """The position after the first newline at or after `position`."""
    stream.seek(position)
    while position < stop:
        data = stream.read(_CUT_BYTES)
        found = data.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(data)
        if not data:
            break
    return stop


def is_divisible(location: str, encoding: str) -> bool:
    """Whether ranges of the file's bytes can be read alone."""
    return compression_of(location) is None and is_splittable(encoding)


def text_partitions(
    file: FoundFile,
    format_name: str,
    pieces: Sequence[Looked],
    *,
    header: tuple[str, ...] = (),
    divisible: bool,
) -> tuple[Partition, ...]:
    """One partition per piece; one for the whole file where ranges cannot be read alone."""
    if not divisible and len(pieces) > 1:
        pieces = [Looked(pieces[0].start, pieces[-1].stop)]
    return tuple(
        Partition(
            file.location,
            format_name,
            file.stamp,
            stored=piece.stop - piece.start if divisible else file.stamp.size,
            rows=piece.rows,
            byte_range=(piece.start, piece.stop) if divisible else None,
            header=header,
            first_row=1 if at == 0 else None,
            facts=piece.facts,
            wildcards=file.wildcards,
        )
        for at, piece in enumerate(pieces)
    )
