"""The files of a log on anything that fsspec knows, where nothing can be appended to."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from engine.events.store import FOLDER, LIVE, new_writer, segment_name, stem


class ObjectSegment:
    """Numbered objects `STEM.0001.jsonl`, each of them whole lines."""

    def __init__(self, folder: str, filesystem: Any, writer: str) -> None:
        self.name, self.size, self.closed = segment_name(writer), 0, False
        self._folder, self._filesystem, self._pieces = folder, filesystem, 0

    def append(self, lines: bytes) -> int:
        self._pieces += 1
        self._filesystem.pipe_file(f"{self._folder}/{self.name}.{self._pieces:06d}.jsonl", lines)
        self.size += len(lines)
        return len(lines)

    def close(self) -> None:
        self.closed = True


class ObjectStore:
    """See `engine.events.store.Store`.

    Which writers live cannot be told here, so only those of this process are put away: what others leave
    stays as lines, and is read all the same.
    """

    # A piece every few seconds: an object costs a request to write and another one to read.
    wait_seconds = 2.0

    def __init__(self, home: str, options: Mapping[str, Any]) -> None:
        import fsspec

        self.location = f"{home.rstrip('/')}/{FOLDER}"
        self._live = f"{self.location}/{LIVE}"
        self._filesystem = fsspec.filesystem(home.split("://", maxsplit=1)[0], **options)
        self._writer = new_writer()
        self._own: list[ObjectSegment] = []

    def create(self) -> ObjectSegment:
        self._filesystem.makedirs(self._live, exist_ok=True)
        self._own.append(ObjectSegment(self._live, self._filesystem, self._writer))
        return self._own[-1]

    def live(self) -> list[tuple[str, int]]:
        return self._listed(self._live, ".jsonl")

    def archived(self) -> list[tuple[str, int]]:
        return self._listed(self.location, ".parquet")

    def read_live(self, name: str, start: int) -> bytes:
        return bytes(self._filesystem.cat_file(f"{self._live}/{name}", start=start))

    def open_archived(self, name: str) -> IO[bytes]:
        return io.BytesIO(self._filesystem.cat_file(f"{self.location}/{name}"))

    def dead(self) -> Iterator[tuple[str, list[str]]]:
        names = [name for name, _ in self.live()]
        for segment in [one for one in self._own if one.closed]:
            yield segment.name, [name for name in names if stem(name) == segment.name]
            self._own.remove(segment)

    def writers(self) -> set[str] | None:
        return None

    def remove_live(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._filesystem.rm_file(f"{self._live}/{name}")

    def remove_archived(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._filesystem.rm_file(f"{self.location}/{name}")

    def put(self, name: str, data: bytes) -> None:
        self._filesystem.pipe_file(f"{self.location}/{name}", data)

    @contextmanager
    def keeping(self) -> Iterator[bool]:
        yield True

    def _listed(self, folder: str, suffix: str) -> list[tuple[str, int]]:
        self._filesystem.invalidate_cache(folder)
        try:
            found = self._filesystem.ls(folder, detail=True)
        except FileNotFoundError:
            return []
        names = ((str(one["name"]).rsplit("/", 1)[-1], int(one.get("size") or 0)) for one in found)
        return sorted((name, size) for name, size in names if name.endswith(suffix))
