"""From patterns to files: `*` and `?` within a name, `**` over folders; a folder means all below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import FormatError, NotFoundError
from engine.lake.places import DELTA_LOG

if TYPE_CHECKING:
    from engine.lake.storage import Entry, FileStamp, Storage

_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a pattern matched, and the text that each `*` of it stood for."""

    location: str
    stamp: FileStamp
    wildcards: tuple[str, ...] = ()


def find_files(storage: Storage, paths: Sequence[str]) -> tuple[FoundFile, ...]:
    """Every file that the paths name, each once, in order of location.

    Names that begin with `_` or `.` are skipped as by every other engine (`_SUCCESS`, `.crc`), unless the
    path spells the mark itself or they are a Hive folder (`_key=1`).

    Raises:
        NotFoundError: A path matches nothing.
        PathRefusedError: A path, or a symlink below it, leaves the storage's roots.
        FormatError: A file belongs to a Delta table, whose files must not be read one by one.
    """
    walk = _Walk(storage)
    found: dict[str, FoundFile] = {}
    for path in paths:
        matched = list(walk.expand(path))
        if not matched:
            raise NotFoundError(f"No file matches {path!r}.", _what_is_there(storage, path), path=path)
        for file in matched:
            found.setdefault(file.location, file)
    walk.refuse_table_files(found)
    return tuple(found[location] for location in sorted(found))


class _Walk:
    """A walk through folders that remembers which of them are Delta tables."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._tables: set[str] = set()

    def expand(self, path: str) -> Iterator[FoundFile]:
        storage, location = self._storage, self._storage.resolve(path)
        folder, segments = _split(storage, location)
        self._look_up(folder)
        if segments:
            yield from self._match(folder, segments, ())
        elif storage.is_folder(location):
            yield from self._below(location, way="", texts=None)
        elif storage.is_file(location):
            yield FoundFile(location, storage.stamp(location))

    def refuse_table_files(self, locations: Iterable[str]) -> None:
        """A table's folder also holds files of rows that it no longer has."""
        inside = (
            (file, table) for file in locations for table in self._tables if file.startswith(f"{table}/")
        )
        for file, table in inside:
            name, table_name = self._storage.relative(file), self._storage.relative(table)
            raise FormatError(
                f"{name} belongs to a Delta table, and may hold rows that it no longer has",
                f"open {table_name!r} itself, or the table by its name",
                path=file,
                table=table,
            )

    def _look_up(self, folder: str) -> None:
        """Whether the folders above a pattern are tables; those below it are met on the way."""
        storage = self._storage
        root = storage.root_of(folder)
        while root.holds(folder):
            if storage.is_folder(f"{folder}/{DELTA_LOG}"):
                self._tables.add(folder)
            folder = folder.rpartition("/")[0]

    def _match(self, folder: str, segments: Sequence[str], texts: tuple[str, ...]) -> Iterator[FoundFile]:
        """Match the segments one level at a time, so that only folders that can match are listed."""
        segment, rest = segments[0], segments[1:]
        if segment == "**":
            yield from self._match_deep(folder, rest, texts)
            return
        pattern = _segment_regex(segment)
        for entry in self._visible(folder, segment):
            match = pattern.fullmatch(entry.name)
            if match is None or entry.is_folder != bool(rest):
                continue
            matched = (*texts, *match.groups())
            if rest:
                yield from self._match(entry.location, rest, matched)
            else:
                yield FoundFile(entry.location, entry.stamp, matched)

    def _match_deep(self, folder: str, rest: Sequence[str], texts: tuple[str, ...]) -> Iterator[FoundFile]:
        """`**`: no folder, or any number of them. A `**` at the end stands for the whole path below."""
        if not rest:
            yield from self._below(folder, way="", texts=texts)
            return
        for way, location in self._folders(folder, ""):
            yield from self._match(location, rest, (*texts, way))

    def _folders(self, folder: str, way: str) -> Iterator[tuple[str, str]]:
        yield way, folder
        for entry in self._visible(folder, ""):
            if entry.is_folder:
                yield from self._folders(entry.location, f"{way}/{entry.name}".lstrip("/"))

    def _below(self, folder: str, *, way: str, texts: tuple[str, ...] | None) -> Iterator[FoundFile]:
        """All files below a folder; `texts` None means that no wildcard stands for the way down."""
        for entry in self._visible(folder, ""):
            here = f"{way}{entry.name}"
            if entry.is_folder:
                yield from self._below(entry.location, way=f"{here}/", texts=texts)
            else:
                yield FoundFile(entry.location, entry.stamp, () if texts is None else (*texts, here))

    def _visible(self, folder: str, segment: str) -> list[Entry]:
        """What a pattern's segment may match; all that is not hidden for an empty one."""
        entries = self._storage.list(folder)
        if any(entry.name == DELTA_LOG for entry in entries):
            self._tables.add(folder)
        return [entry for entry in entries if not _is_hidden(entry.name) or segment[:1] == entry.name[:1]]


def _split(storage: Storage, location: str) -> tuple[str, list[str]]:
    """The folder above the first wildcard, and the segments from there on."""
    parts = storage.relative(location).split("/")
    literal = next((at for at, part in enumerate(parts) if _WILD.search(part)), len(parts))
    root = location[: len(location) - len("/".join(parts))].rstrip("/")
    return "/".join([root, *parts[:literal]]).rstrip("/"), parts[literal:]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _segment_regex(segment: str) -> re.Pattern[str]:
    parts = {"*": "(.*)", "?": "."}
    return re.compile("".join(parts.get(char, re.escape(char)) for char in segment), re.DOTALL)


def _what_is_there(storage: Storage, path: str) -> str:
    """A hint: the first names in the deepest folder of the path that exists."""
    location = storage.resolve(path)
    root = storage.root_of(location)
    folder, _ = _split(storage, location)
    while folder != root.location and root.holds(folder) and not storage.is_folder(folder):
        folder = folder.rpartition("/")[0]
    names = [entry.name for entry in storage.list(folder)[:5]]
    return f"{storage.relative(folder) or 'the workspace'} holds {', '.join(names) or 'nothing'}"
