"""From patterns to files: `*` and `?` within a name, `**` over folders; a folder means all below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from engine.lake.storage import Entry, FileStamp, Storage

DELTA_LOG = "_delta_log"
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
        FormatError: A folder holds a Delta table, whose files must not be read one by one.
    """
    found: dict[str, FoundFile] = {}
    for path in paths:
        matched = list(_expand(storage, path))
        if not matched:
            raise NotFoundError(f"no file matches {path!r}", _what_is_there(storage, path), path=path)
        for file in matched:
            found.setdefault(file.location, file)
    return tuple(found[location] for location in sorted(found))


def _expand(storage: Storage, path: str) -> Iterator[FoundFile]:
    location = storage.resolve(path)
    folder, segments = _split(storage, location)
    if segments:
        yield from _match(storage, folder, segments, ())
    elif storage.is_folder(location):
        yield from _below(storage, location, prefix="", texts=None)
    elif storage.is_file(location):
        yield FoundFile(location, storage.stamp(location))


def _split(storage: Storage, location: str) -> tuple[str, list[str]]:
    """The folder above the first wildcard, and the segments from there on."""
    parts = storage.relative(location).split("/")
    literal = next((at for at, part in enumerate(parts) if _WILD.search(part)), len(parts))
    root = location[: len(location) - len("/".join(parts))].rstrip("/")
    return "/".join([root, *parts[:literal]]), parts[literal:]


def _match(
    storage: Storage, folder: str, segments: Sequence[str], texts: tuple[str, ...]
) -> Iterator[FoundFile]:
    """Match the segments one folder level at a time, so that only folders that can match are listed."""
    segment, rest = segments[0], segments[1:]
    if segment == "**":
        yield from _match_deep(storage, folder, rest or ["*"], texts, whole=not rest)
        return
    pattern = _segment_regex(segment)
    for entry in _visible(storage, folder, segment):
        match = pattern.fullmatch(entry.name)
        if match is None or entry.is_folder != bool(rest):
            continue
        matched = (*texts, *match.groups())
        if rest:
            yield from _match(storage, entry.location, rest, matched)
        else:
            yield FoundFile(entry.location, entry.stamp, matched)


def _match_deep(
    storage: Storage, folder: str, rest: Sequence[str], texts: tuple[str, ...], *, whole: bool
) -> Iterator[FoundFile]:
    """`**`: no folder, or any number of them. A `**` at the end stands for the whole path below."""
    if whole:
        yield from _below(storage, folder, prefix="", texts=texts)
        return
    for below, location in _folders(storage, folder, ""):
        yield from _match(storage, location, rest, (*texts, below))


def _folders(storage: Storage, folder: str, below: str) -> Iterator[tuple[str, str]]:
    yield below, folder
    for entry in _visible(storage, folder, ""):
        if entry.is_folder:
            yield from _folders(storage, entry.location, f"{below}/{entry.name}".lstrip("/"))


def _below(
    storage: Storage, folder: str, *, prefix: str, texts: tuple[str, ...] | None
) -> Iterator[FoundFile]:
    """All files below a folder; `texts` None means that no wildcard stands for the way down."""
    for entry in _visible(storage, folder, ""):
        way = f"{prefix}{entry.name}"
        if entry.is_folder:
            yield from _below(storage, entry.location, prefix=f"{way}/", texts=texts)
        else:
            yield FoundFile(entry.location, entry.stamp, () if texts is None else (*texts, way))


def _visible(storage: Storage, folder: str, segment: str) -> Iterable[Entry]:
    entries = storage.list(folder)
    if any(entry.name == DELTA_LOG for entry in entries):
        raise FormatError(
            f"{storage.relative(folder)} is a Delta table: its files hold rows that the table no longer has",
            "open the folder itself, without a pattern, or the table by its name",
            path=folder,
        )
    return [entry for entry in entries if not _is_hidden(entry.name) or segment[:1] == entry.name[:1]]


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
