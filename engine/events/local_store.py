"""The files of a log on a local disk."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from engine.events.store import FOLDER, LIVE, new_writer, segment_name, stem, writer_of

_MODE = 0o644


class LocalSegment:
    """A file that one process appends to, with a lock that ends with the process."""

    def __init__(self, name: str, handle: int) -> None:
        self.name, self.size = name, 0
        self._handle = handle

    def append(self, lines: bytes) -> int:
        written = os.write(self._handle, lines)  # a disk that is almost full takes a part
        self.size += written
        return written

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def __del__(self) -> None:
        self.close()


class LocalStore:
    """See `engine.events.store.Store`."""

    wait_seconds = 0.0

    def __init__(self, home: str) -> None:
        self.location = str(Path(home) / FOLDER)
        self._folder = Path(self.location)
        self._live = self._folder / LIVE
        self._writer = new_writer()

    def create(self) -> LocalSegment:
        self._live.mkdir(parents=True, exist_ok=True)
        while True:
            name = segment_name(self._writer)
            path = self._live / f"{name}.jsonl"
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
            if _locked(handle) and path.exists():  # else somebody took the empty file for a dead writer's
                return LocalSegment(name, handle)
            os.close(handle)

    def live(self) -> list[tuple[str, int]]:
        return _listed(self._live, ".jsonl")

    def archived(self) -> list[tuple[str, int]]:
        return _listed(self._folder, ".parquet")

    def read_live(self, name: str, start: int) -> bytes:
        with (self._live / name).open("rb") as file:
            file.seek(start)
            return file.read()

    def open_archived(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("rb")

    def dead(self) -> Iterator[tuple[str, list[str]]]:
        for name, _ in self.live():
            try:
                handle = os.open(self._live / name, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                if _locked(handle):
                    yield stem(name), [name]
            finally:
                os.close(handle)

    def writers(self) -> set[str] | None:
        ended = {segment for segment, _ in self.dead()}
        return {writer_of(stem(name)) for name, _ in self.live() if stem(name) not in ended}

    def remove_live(self, name: str) -> None:
        (self._live / name).unlink(missing_ok=True)

    def remove_archived(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def put(self, name: str, data: bytes) -> None:
        scratch = self._folder / f".{name}.{os.getpid()}"
        try:
            scratch.write_bytes(data)
            scratch.replace(self._folder / name)
        finally:
            scratch.unlink(missing_ok=True)

    @contextmanager
    def keeping(self) -> Iterator[bool]:
        try:
            handle = os.open(self._folder / ".keeper", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
        except OSError:  # there is no log, or it may only be read
            yield False
            return
        try:
            yield _locked(handle)
        finally:
            os.close(handle)


def _locked(handle: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _listed(folder: Path, suffix: str) -> list[tuple[str, int]]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for entry in entries:
        if entry.name.endswith(suffix) and not entry.name.startswith("."):
            with suppress(FileNotFoundError):
                found.append((entry.name, entry.stat().st_size))
    return sorted(found)
