"""Where a workspace keeps its files: one writable root, further roots to read, and nothing outside them."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Self, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from engine.errors import LakeError, NotFoundError, PathRefusedError
from engine.lake.sightings import doubted, sighted

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_LOCAL = ("file", "local")
_STAMP_KEYS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "modified", "created")


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Identity of a file's content: its size, and the store's own mark of change (etag or time)."""

    size: int
    mark: str

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> Self:
        """The stamp in what an fsspec filesystem tells of a file."""
        mark = next((info[key] for key in _STAMP_KEYS if info.get(key) is not None), "")
        # fsspec's memory store tells a time as a number when it lists and as a datetime when it is asked.
        moment = mark.timestamp() if isinstance(mark, dt.datetime) else mark
        text = f"{moment:.6f}" if isinstance(moment, float) else str(moment)
        return cls(int(info.get("size") or 0), text)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a listed folder."""

    location: str
    name: str
    is_folder: bool
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Root:
    """One folder that may be read, and the options of its filesystem (kept out of every repr)."""

    location: str
    options: tuple[tuple[str, Any], ...] = field(default=(), repr=False, hash=False)

    @property
    def protocol(self) -> str:
        return protocol_of(self.location)

    @property
    def filesystem(self) -> Any:
        """The fsspec filesystem; fsspec keeps one per process and set of options."""
        return fsspec.filesystem(self.protocol, **dict(self.options))

    def holds(self, location: str) -> bool:
        """Whether a location, taken literally, is this folder or below it."""
        return location == self.location or location.startswith(self.location.rstrip("/") + "/")


@dataclass(frozen=True, slots=True)
class Storage:
    """The files of a workspace. Picklable; every path goes through it, on the driver and on workers alike.

    A *location* is what `resolve` returns: an absolute path on local disk, a URL elsewhere. Locations are
    checked again whenever they are used, so that one made by hand on a worker is refused too.

    Attributes:
        home: The writable root: datasets, tables and relative paths live here.
        read_only: Further roots that absolute paths and URLs may point into.
        table_options: Options for Delta's own object-store client, where it cannot share fsspec's.
    """

    home: Root
    read_only: tuple[Root, ...] = ()
    table_options: tuple[tuple[str, str], ...] = field(default=(), repr=False, hash=False)

    @property
    def roots(self) -> tuple[Root, ...]:
        return (self.home, *self.read_only)

    def resolve(self, path: str) -> str:
        """Turn a user's path or URL into a location inside the roots. Nothing has to be there.

        Raises:
            PathRefusedError: It leaves the roots: by `..`, an absolute path elsewhere, another scheme or a
                symlink.
        """
        if not path or "\0" in path or "::" in path:
            raise PathRefusedError(f"{path!r} is not a path", "give a path inside the workspace", path=path)
        if not _SCHEME.match(path) and not path.startswith("/"):
            path = f"{self.home.location.rstrip('/')}/{path}"
        location = normalise(path)
        self.root_of(location)
        if protocol_of(location) == "file" and not any(root.holds(location) for root in self.roots):
            return os.path.realpath(location)  # the way in was a symlink; its target lies inside
        return location

    def root_of(self, location: str) -> Root:
        """The root that holds `location`, following symlinks on local disk.

        Raises:
            PathRefusedError: No root holds it.
        """
        real = os.path.realpath(location) if protocol_of(location) == "file" else location
        for root in self.roots:
            if root.holds(real):
                return root
        raise PathRefusedError(
            f"{location!r} is outside the roots of this workspace",
            "copy it into the workspace, or name its folder as a further root",
            path=location,
            roots=[root.location for root in self.roots],
        )

    def relative(self, location: str) -> str:
        """The path below its root: what users read in messages, and what hive columns are taken from."""
        for root in self.roots:
            if root.holds(location):
                return location[len(root.location.rstrip("/")) + 1 :]
        return location

    def local_path(self, location: str) -> str | None:
        """The path to hand to a library that reads local files itself; None for other stores."""
        return location if self.root_of(location).protocol == "file" else None

    def open(self, location: str) -> IO[bytes]:
        """Open a file for reading bytes.

        Raises:
            NotFoundError: No such file.
            LakeError: The store refused.
        """
        with self.faults(location):
            root = self.root_of(location)
            _tell_watchers(root, location)
            return cast("IO[bytes]", root.filesystem.open(location, "rb"))

    def read(self, location: str, start: int, stop: int) -> bytes:
        """Bytes of a file from `start` to before `stop`; fewer where the file is shorter.

        Raises:
            NotFoundError: No such file.
            LakeError: The store refused.
        """
        with self.faults(location), self.open(location) as handle:
            handle.seek(start)
            return handle.read(stop - start)

    def stamp(self, location: str) -> FileStamp:
        """What tells a file from what it was before.

        Raises:
            NotFoundError: No such file.
            LakeError: The store refused.
        """
        with self.faults(location):
            return FileStamp.from_info(self._fresh(location).info(location))

    def is_folder(self, location: str) -> bool:
        with self.faults(location):
            return bool(self._fresh(location).isdir(location))

    def is_file(self, location: str) -> bool:
        with self.faults(location):
            return bool(self._fresh(location).isfile(location))

    def list(self, folder: str) -> list[Entry]:
        """The entries of a folder by name; none where there is no such folder. Symlinks must stay inside.

        Raises:
            PathRefusedError: A symlink leads out of the roots.
            LakeError: The store refused.
        """
        try:
            with self.faults(folder):
                found = self._fresh(folder).ls(folder, detail=True)
        except NotFoundError:
            return []
        # A file is listed as itself, and by some object stores a folder too.
        inside = [info for info in found if not folder.rstrip("/").endswith(str(info["name"]).strip("/"))]
        entries = sorted((self._entry(folder, info) for info in inside), key=lambda entry: entry.name)
        if protocol_of(folder) == "file":
            sighted(*(entry.location for entry in entries))
        return entries

    @contextmanager
    def faults(self, location: str) -> Iterator[None]:
        """Tell the store's own errors by the file's name."""
        name = self.relative(location)
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"no such file: {name}", "check the path", path=location) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise LakeError(
                f"{name}: cannot be read: {reason}", "check permissions and connection", path=location
            ) from error

    def _fresh(self, location: str) -> Any:
        """The filesystem, without what it remembers: another process may have written since it looked."""
        root = self.root_of(location)
        _tell_watchers(root, location)
        filesystem = root.filesystem
        filesystem.invalidate_cache(location)
        filesystem.invalidate_cache(location.rpartition("/")[0])
        return filesystem

    def _entry(self, folder: str, info: Mapping[str, Any]) -> Entry:
        name = PurePosixPath(str(info["name"])).name
        location = f"{folder.rstrip('/')}/{name}"
        is_folder = info["type"] == "directory"
        if info.get("islink"):
            is_folder = self.is_folder(location)
        return Entry(location, name, is_folder, FileStamp.from_info(info))


def open_storage(
    root: str | os.PathLike[str],
    *,
    roots: Sequence[str | os.PathLike[str] | Root] = (),
    options: Mapping[str, Any] | None = None,
    table_options: Mapping[str, str] | None = None,
) -> Storage:
    """The storage of a workspace at a folder or an fsspec URL. Nothing is created or contacted yet.

    Args:
        root: A local folder, or a URL such as `s3://bucket/lake`, `memory://lake`, `file:///data/lake`.
        roots: Further folders or URLs that may be read, not written; a `Root` brings options of its own.
        options: Options of the root's fsspec filesystem (credentials, endpoint). Further roots of the same
            protocol share them.
        table_options: Options of Delta's object-store client, where those are not `options` by other names.
    """
    home = Root(_root_location(root), tuple(sorted((options or {}).items())))
    others = [extra if isinstance(extra, Root) else _sibling(_root_location(extra), home) for extra in roots]
    return Storage(home, tuple(others), tuple(sorted((table_options or {}).items())))


def _tell_watchers(root: Root, location: str) -> None:
    if root.protocol == "file":
        sighted(location)
    else:
        doubted()


def protocol_of(location: str) -> str:
    """`file` for plain paths, else the scheme."""
    match = _SCHEME.match(location)
    return match.group(1).lower() if match else "file"


def normalise(path: str) -> str:
    """One spelling per location, without touching the disk: `file://` dropped, slashes single.

    Raises:
        PathRefusedError: The path has a `..` in it.
    """
    match = _SCHEME.match(path)
    scheme, rest = (match.group(1).lower(), path[match.end() :]) if match else ("file", path)
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PathRefusedError(f"{path!r} climbs out with '..'", "write the path without '..'", path=path)
    if scheme in _LOCAL:
        return "/" + "/".join(parts)
    # The memory filesystem has no host part: memory://a and memory:///a are one folder.
    return f"{scheme}://{'/' if scheme == 'memory' else ''}{'/'.join(parts)}"


def _root_location(root: str | os.PathLike[str]) -> str:
    text = os.fspath(root)
    if protocol_of(text) not in _LOCAL:
        return normalise(text)
    expanded = str(LocalFileSystem._strip_protocol(text))  # noqa: SLF001 fsspec's own reading of file:// and ~
    return os.path.realpath(expanded)


def _sibling(location: str, home: Root) -> Root:
    return Root(location, home.options if protocol_of(location) == home.protocol else ())
