"""Where a log's files are: `events/*.parquet`, and `events/_live/*.jsonl` of those who still write.

The seam `Store` has two kinds. On a local disk a writer appends to a segment of its own and holds a lock on
it that the kernel drops when the process dies, whatever kills it; so anybody may tell a dead writer's
segment. An object store knows no appending: there a segment is a row of small objects, one every few seconds,
and what a killed writer had not sent yet is lost.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Iterator
from typing import IO, Any, Protocol

FOLDER = "events"
LIVE = "_live"  # readers of a folder of Parquet files pass over names that begin so


class Segment(Protocol):
    """A writer's own file."""

    name: str
    size: int

    def append(self, lines: bytes) -> int:
        """Add lines; returns how many bytes of them are written, after which the rest is to come.

        Raises:
            OSError: Nothing of them is written.
        """

    def close(self) -> None:
        """Nothing more comes; the segment may be put away."""


class Store(Protocol):
    """The files of one log; names are file names below the folder that they are listed in."""

    location: str
    wait_seconds: float  # how long lines may be gathered before they are appended

    def create(self) -> Segment:
        """A new segment.

        Raises:
            OSError: There cannot be one.
        """

    def live(self) -> list[tuple[str, int]]:
        """Every live file with its size, oldest first."""

    def archived(self) -> list[tuple[str, int]]:
        """Every Parquet file with its size, oldest first."""

    def read_live(self, name: str, start: int) -> bytes:
        """The bytes of a live file from `start` on.

        Raises:
            FileNotFoundError: It has been put away.
        """

    def open_archived(self, name: str) -> IO[bytes]:
        """A Parquet file.

        Raises:
            FileNotFoundError: It has been merged into another.
        """

    def dead(self) -> Iterator[tuple[str, list[str]]]:
        """Segments that nobody writes any more, with their live files, in order.

        Each is this process's alone until the next is asked for.
        """

    def writers(self) -> set[str] | None:
        """Who writes now, by `writer_of`; None if that cannot be told."""

    def remove_live(self, name: str) -> None:
        """Forget a live file."""

    def remove_archived(self, name: str) -> None:
        """Forget a Parquet file."""

    def put(self, name: str, data: bytes) -> None:
        """Write a Parquet file, which is there whole or not at all."""

    def keeping(self) -> Any:
        """A context within which this process alone puts files away; gives False if another one does."""


def segment_name(writer: str) -> str:
    """A name that no other segment has; names sort by time, and tell whose they are."""
    now = dt.datetime.now(dt.UTC)
    return f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}-{writer}"


def new_writer() -> str:
    """What tells a writer from another one of the same process number."""
    return secrets.token_hex(3)


def writer_of(segment: str) -> str:
    """Whose segment it is: the same for all segments that one process wrote one after the other."""
    return segment.partition("-")[2]


def stem(name: str) -> str:
    """The segment of a live file's name: `STEM.jsonl`, or `STEM.0001.jsonl` for a piece of one."""
    return name.split(".", maxsplit=1)[0]
