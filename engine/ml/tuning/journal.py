"""The journal of a study: one file that is only ever appended to, every line on the disk before it counts.

A line is a CRC-32 of the rest in eight hexadecimal digits, a blank, and JSON. A process may be killed at
any byte: a line that is not whole at the end of the file never happened. Boosters are files beside it, on the
disk before the line that names them.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol, Self

from engine.errors import FormatError, OptionError

FILE = "journal.log"
_BOOSTERS = "boosters"


class Journal(Protocol):
    """Where a study is remembered."""

    def append(self, kind: str, **data: Any) -> None:
        """One entry; it is kept when this returns."""

    def keep(self, number: int, rounds: int, booster: bytes) -> str:
        """A booster of a trial; returns its name."""

    def booster(self, name: str) -> bytes:
        """The booster of a name."""

    def forget(self, name: str) -> None:
        """Drop a booster that a later one replaces."""

    def sweep(self, named: Collection[str]) -> None:
        """Drop what no trial names: a crash may come between a line and the end of what it replaces."""


class MemoryJournal:
    """A journal that ends with its process: for a workspace that has no disk, and for tests."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.boosters: dict[str, bytes] = {}

    def append(self, kind: str, **data: Any) -> None:
        """See `Journal`."""
        self.entries.append({"kind": kind, **json.loads(json.dumps(data))})

    def keep(self, number: int, rounds: int, booster: bytes) -> str:
        """See `Journal`."""
        name = _booster_name(number, rounds)
        self.boosters[name] = booster
        return name

    def booster(self, name: str) -> bytes:
        """See `Journal`."""
        return self.boosters[name]

    def forget(self, name: str) -> None:
        """See `Journal`."""
        self.boosters.pop(name, None)

    def sweep(self, named: Collection[str]) -> None:
        """See `Journal`."""
        self.boosters = {name: booster for name, booster in self.boosters.items() if name in named}


class FileJournal:
    """A journal in a folder of its own.

    Only one process writes it at a time: it holds a lock on the file that ends with it, however it ends.
    """

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self.folder = folder
        self._file = file

    @classmethod
    def create(cls, folder: Path) -> Self:
        """A new journal.

        Raises:
            FileExistsError: There is one.
        """
        (folder / _BOOSTERS).mkdir(parents=True)
        file = (folder / FILE).open("xb", buffering=0)
        _lock(file, folder)
        _sync_folder(folder)
        return cls(folder, file)

    @classmethod
    def reopen(cls, folder: Path) -> tuple[Self, list[dict[str, Any]]]:
        """A journal to go on with, and its entries. What a crash left half-written at its end is cut off.

        Raises:
            FormatError: A line before the last is damaged.
            OptionError: Another process writes it.
        """
        file = (folder / FILE).open("r+b", buffering=0)
        _lock(file, folder)
        entries, whole = _parse(file.read(), folder / FILE)
        file.truncate(whole)
        file.seek(whole)
        return cls(folder, file), entries

    def append(self, kind: str, **data: Any) -> None:
        """See `Journal`."""
        text = json.dumps({"kind": kind, **data}, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        view, start = memoryview(line), self._file.tell()
        try:
            while view:
                view = view[self._file.write(view) or 0 :]
            os.fsync(self._file.fileno())
        except OSError:  # the disk is full, say: a line may follow when it no longer is, but none half a line
            self._file.truncate(start)
            self._file.seek(start)
            raise

    def keep(self, number: int, rounds: int, booster: bytes) -> str:
        """See `Journal`."""
        name = _booster_name(number, rounds)
        path = self.folder / _BOOSTERS / name
        write_whole(path, booster)
        return name

    def booster(self, name: str) -> bytes:
        """See `Journal`."""
        return (self.folder / _BOOSTERS / name).read_bytes()

    def forget(self, name: str) -> None:
        """See `Journal`."""
        with suppress(FileNotFoundError):
            (self.folder / _BOOSTERS / name).unlink()

    def sweep(self, named: Collection[str]) -> None:
        """See `Journal`."""
        for path in (self.folder / _BOOSTERS).iterdir():
            if path.name not in named:
                path.unlink()

    def close(self) -> None:
        """Give the lock back."""
        self._file.close()


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """The entries of a journal, whoever writes it.

    Raises:
        FormatError: A line before the last is damaged.
    """
    path = folder / FILE
    return _parse(path.read_bytes(), path)[0]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is either there with all of its bytes, or not there, and on the disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _booster_name(number: int, rounds: int) -> str:
    return f"{number:05d}-{rounds:06d}.ubj"


def _parse(data: bytes, path: Path) -> tuple[list[dict[str, Any]], int]:
    """Entries, and how many bytes of the file are whole lines."""
    entries: list[dict[str, Any]] = []
    whole = 0
    for number, line in enumerate(_lines(data), 1):
        entry = _entry(line)
        if entry is None:
            if whole + len(line) < len(data):
                raise FormatError(
                    f"Line {number} of the journal {path} is damaged, and lines follow it.",
                    "Restore the file from a copy; it is not safe to go on from here.",
                    path=str(path),
                    line=number,
                )
            break
        entries.append(entry)
        whole += len(line)
    return entries, whole


def _lines(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end + 1
        yield data[start:end]
        start = end


def _entry(line: bytes) -> dict[str, Any] | None:
    code, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or code != b"%08x" % zlib.crc32(text):
        return None
    entry: dict[str, Any] = json.loads(text)
    return entry


def _lock(file: IO[bytes], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise OptionError(
            f"Study {folder.name} is at work in another process.",
            "Wait for that one to end, or end it; then resume here.",
            study=folder.name,
        ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
