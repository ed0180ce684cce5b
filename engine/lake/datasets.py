"""Datasets: named, versioned pointers to files. A version is a definition; nothing is copied."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import FormatError, NotFoundError, OptionError
from engine.lake.delta_client import holds_delta
from engine.lake.delta_log import delta_source
from engine.lake.discover import files_source
from engine.lake.formats import CsvOptions, ReadOptions
from engine.lake.names import decode
from engine.lake.places import DATASETS, dataset_location
from engine.lake.publish import publish_new
from engine.lake.readable import Readable

if TYPE_CHECKING:
    from engine.lake.source import Source
    from engine.lake.storage import Storage

DELTA = "delta"

_CSV_FIELDS = tuple(field.name for field in fields(CsvOptions))
_READ_FIELDS = ("format", "schema", "inspect_bytes", "partition_bytes")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a version of a dataset points to: paths below the roots, and how to read what is there."""

    paths: tuple[str, ...]
    options: ReadOptions


class Dataset(Readable):
    """Files of the lake under a name. Made by `open_dataset`.

    A version fixes the definition, not the bytes: files that come to match its paths later are read by those
    who open it later.
    """

    def __init__(self, storage: Storage, name: str, version: int, definition: Definition) -> None:
        self.storage = storage
        self.name = name
        self.version: int = version
        self.definition = definition

    def versions(self) -> list[int]:
        """Versions of the definition, oldest first."""
        return _versions(self.storage, self.name)

    def at(self, version: int) -> Dataset:
        """Another version of the definition.

        Raises:
            NotFoundError: There is no such version.
        """
        return _registered(self.storage, self.name, version)

    def _open(self) -> Source:
        return _source_of(self.storage, self.definition)


def open_dataset(
    storage: Storage,
    name_or_path: str | Sequence[str],
    *,
    name: str | None = None,
    version: int | None = None,
    **options: Any,
) -> Dataset:
    """A dataset by its name, or by path: a file, folder or pattern, which is then registered.

    The same definition again is the same version; a changed one is the next. A path that matches nothing is
    not registered.

    Args:
        storage: The workspace's files.
        name_or_path: A registered name; or a path below the roots, or several.
        name: What to register the path as; the path itself by default.
        version: An earlier version of a registered name.
        **options: How the files are written: `format`, `schema`, `partition_bytes`, `inspect_bytes` of
            `ReadOptions`, and `delimiter`, `quote`, `escape`, `header`, `names`, `skip_rows`, `null_values`,
            `encoding`, `quoted_newlines` of `CsvOptions`.

    Raises:
        NotFoundError: Neither a name nor a path with files; or no such version.
        PathRefusedError: A path outside of the roots.
        FormatError: Files that cannot be read together.
        OptionError: An option that there is not, or that makes no sense.
    """
    paths = (name_or_path,) if isinstance(name_or_path, str) else tuple(name_or_path)
    if version is not None and (options or name is not None):
        raise OptionError("a version is of a registered name", "leave name= and options out", version=version)
    if (
        not options
        and name is None
        and len(paths) == 1
        and (version is not None or _versions(storage, paths[0]))
    ):
        return _registered(storage, paths[0], version)
    if name is None and len(paths) != 1:
        raise OptionError("several paths need a name", "pass name=", paths=list(paths))
    definition = Definition(tuple(_spelled(storage, path) for path in paths), read_options(options))
    source = _source_of(storage, definition)
    dataset = _register(storage, name or paths[0], definition)
    dataset._source = source  # noqa: SLF001 the files are already listed
    return dataset


def list_datasets(storage: Storage) -> list[str]:
    """Names of all registered datasets, in order."""
    return sorted(decode(entry.name) for entry in storage.list(storage.resolve(DATASETS)) if entry.is_folder)


def read_options(options: Mapping[str, Any]) -> ReadOptions:
    """Options as users write them, in one list.

    Raises:
        OptionError: There is no such option.
    """
    for name in options:
        if name not in _CSV_FIELDS + _READ_FIELDS:
            raise OptionError(
                f"there is no option {name!r}",
                f"choose from {', '.join(_READ_FIELDS + _CSV_FIELDS)}",
                option=name,
            )
    read = {name: value for name, value in options.items() if name in _READ_FIELDS}
    return ReadOptions(
        csv=_csv_options({name: options[name] for name in _CSV_FIELDS if name in options}), **read
    )


def _csv_options(values: Mapping[str, Any]) -> CsvOptions:
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return CsvOptions(**plain)


def _spelled(storage: Storage, path: str) -> str:
    """One spelling per path: below the home without it, elsewhere in full."""
    location = storage.resolve(path)
    return (storage.relative(location) or ".") if storage.home.holds(location) else location


def _source_of(storage: Storage, definition: Definition) -> Source:
    location = storage.resolve(definition.paths[0])
    is_delta = len(definition.paths) == 1 and holds_delta(storage, location)
    if not is_delta and definition.options.format != DELTA:
        return files_source(storage, definition.paths, definition.options)
    options = definition.options
    if options != ReadOptions(format=options.format, partition_bytes=options.partition_bytes):
        raise OptionError("a Delta table tells its schema itself", "leave schema= and the options of CSV out")
    return delta_source(storage, location, partition_bytes=options.partition_bytes)[1]


def _register(storage: Storage, name: str, definition: Definition) -> Dataset:
    while True:
        versions = _versions(storage, name)
        latest = versions[-1] if versions else 0
        if latest and _read(storage, name, latest) == definition:
            return Dataset(storage, name, latest, definition)
        location = _file(storage, name, latest + 1)
        # Another process may take the number first: then look again.
        if publish_new(storage, location, json.dumps(_to_json(definition), indent=1).encode()):
            return Dataset(storage, name, latest + 1, definition)


def _registered(storage: Storage, name: str, version: int | None) -> Dataset:
    versions = _versions(storage, name)
    if not versions:
        there = ", ".join(list_datasets(storage)[:20]) or "none yet"
        raise NotFoundError(f"there is no dataset {name!r}", f"registered: {there}", dataset=name)
    wanted = versions[-1] if version is None else version
    if wanted not in versions:
        raise NotFoundError(
            f"dataset {name!r} has no version {version}", f"it has {versions}", version=version
        )
    return Dataset(storage, name, wanted, _read(storage, name, wanted))


def _versions(storage: Storage, name: str) -> list[int]:
    entries = storage.list(dataset_location(storage, name))
    return sorted(int(entry.name.removesuffix(".json")) for entry in entries if entry.name.endswith(".json"))


def _file(storage: Storage, name: str, version: int) -> str:
    return f"{dataset_location(storage, name)}/{version:06d}.json"


def _read(storage: Storage, name: str, version: int) -> Definition:
    location = _file(storage, name, version)
    with storage.open(location) as handle:
        text = handle.read()
    try:
        return _from_json(json.loads(text))
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise FormatError(
            f"{storage.relative(location)}: not the definition of a dataset: {error}",
            "remove the file and register the dataset again",
            file=location,
        ) from error


def options_to_json(options: ReadOptions) -> dict[str, Any]:
    """How files are read, as plain JSON."""
    schema = options.schema
    return {
        "format": options.format,
        "inspect_bytes": options.inspect_bytes,
        "partition_bytes": options.partition_bytes,
        # Arrow's own bytes for the program, its words for whoever opens the file.
        "schema": None if schema is None else base64.b64encode(schema.serialize()).decode(),
        "columns": None if schema is None else {field.name: str(field.type) for field in schema},
        "csv": asdict(options.csv),
    }


def options_from_json(stored: Mapping[str, Any]) -> ReadOptions:
    """What `options_to_json` told."""
    schema = stored["schema"]
    declared = None if schema is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema)))
    return ReadOptions(
        stored["format"],
        declared,
        _csv_options(stored["csv"]),
        stored["inspect_bytes"],
        stored["partition_bytes"],
    )


def _to_json(definition: Definition) -> dict[str, Any]:
    return {"paths": list(definition.paths), **options_to_json(definition.options)}


def _from_json(stored: Mapping[str, Any]) -> Definition:
    return Definition(tuple(stored["paths"]), options_from_json(stored))
