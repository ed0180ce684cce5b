"""Definitions as JSON files in the workspace: one file each, whole or not there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

from engine.errors import BindError, FormatError
from engine.lake.names import DEFAULT_SCHEMA, encode, fold
from engine.lake.publish import make_folder, publish_new, publishing, remove_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.lake import Storage

# Their objects are the system's: nobody makes any.
SYSTEM_SCHEMAS = ("sys", "information_schema")

_FOLDER = "catalog/sql"
_SUFFIX = ".json"


class Kind(Enum):
    """Kinds of definitions; the value is the folder's name, and what messages call it."""

    SCHEMA = "schema"
    TABLE = "table"
    VIEW = "view"
    PROCEDURE = "procedure"
    EXTERNAL_TABLE = "external table"
    FUNCTION = "function"
    DATA_SOURCE = "external data source"
    FILE_FORMAT = "external file format"
    STATISTICS = "statistics"
    SETTING = "setting"
    WORKLOAD_GROUP = "workload group"
    WORKLOAD_CLASSIFIER = "workload classifier"
    ROLE_MEMBER = "role member"


# Definitions that live in no schema.
_GLOBAL = (
    Kind.SCHEMA, Kind.DATA_SOURCE, Kind.FILE_FORMAT, Kind.SETTING, Kind.WORKLOAD_GROUP,
    Kind.WORKLOAD_CLASSIFIER, Kind.ROLE_MEMBER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """The name of an object as it compares: folded schema and name."""

    schema: str
    name: str

    @classmethod
    def of(cls, name: str, schema: str = "") -> Self:
        return cls(fold(schema or DEFAULT_SCHEMA), fold(name))

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Definition:
    """One object of the catalog.

    Attributes:
        kind: What it is.
        schema: Its schema as written; empty for what lives in none.
        name: Its name as written.
        body: What defines it, as JSON has it.
    """

    kind: Kind
    schema: str
    name: str
    body: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return Key.of(self.name, self.schema)


@dataclass(frozen=True, slots=True)
class Definitions:
    """All definitions of a workspace. Reads the store at each question: other processes change it too."""

    storage: Storage

    def find(self, kind: Kind, key: Key) -> Definition | None:
        """The definition of that name, or None."""
        location = self._location(kind, key)
        if not self.storage.is_file(location):
            return None
        with self.storage.open(location) as file:
            return _read(kind, file.read(), self.storage.relative(location))

    def get(self, kind: Kind, key: Key) -> Definition:
        """The definition of that name.

        Raises:
            BindError: There is none; the hint lists what there is.
        """
        found = self.find(kind, key)
        if found is None:
            there = ", ".join(one.name for one in self.all(kind)) or "none"
            shown = key.name if kind in _GLOBAL else str(key)
            raise BindError(
                f"Cannot find the {kind.value} '{shown}', because it does not exist or you do not have "
                "permission.",
                f"There is: {there}.",
                name=shown,
            )
        return found

    def add(self, definition: Definition) -> None:
        """Write a new definition.

        Raises:
            BindError: There is one of that name.
            WriteError: The store refused it.
        """
        location = self._location(definition.kind, definition.key)
        if not publish_new(self.storage, location, _text(definition)):
            raise already_there(definition.name)

    def put(self, definition: Definition) -> None:
        """Write a definition in place of the one of that name, if there is one; in one step.

        Raises:
            WriteError: The store refused it.
        """
        location = self._location(definition.kind, definition.key)
        folder = location.rpartition("/")[0]
        make_folder(self.storage, folder)
        with publishing(self.storage, location, within=folder) as scratch:
            scratch.write_bytes(_text(definition))

    def remove(self, kind: Kind, key: Key) -> bool:
        """Remove a definition; False if there was none."""
        return remove_file(self.storage, self._location(kind, key))

    def all(self, kind: Kind) -> Iterator[Definition]:
        """Every definition of a kind, by name."""
        for folder in self._folders(kind):
            for entry in self.storage.list(folder):
                if not entry.is_folder and entry.name.endswith(_SUFFIX) and not entry.name.startswith("."):
                    with self.storage.open(entry.location) as file:
                        yield _read(kind, file.read(), self.storage.relative(entry.location))

    def _folders(self, kind: Kind) -> list[str]:
        top = self.storage.resolve(f"{_FOLDER}/{encode(kind.value)}")
        if kind in _GLOBAL:
            return [top]
        return [entry.location for entry in self.storage.list(top) if entry.is_folder]

    def _location(self, kind: Kind, key: Key) -> str:
        name = f"{encode(key.name)}{_SUFFIX}"
        place = name if kind in _GLOBAL else f"{encode(key.schema)}/{name}"
        return self.storage.resolve(f"{_FOLDER}/{encode(kind.value)}/{place}")


def already_there(name: str) -> BindError:
    return BindError(
        f"There is already an object named '{name}' in the database.",
        "Choose another name, or DROP it first.",
        name=name,
    )


def _text(definition: Definition) -> bytes:
    told = {"schema": definition.schema, "name": definition.name, "body": dict(definition.body)}
    return json.dumps(told, indent=1, sort_keys=True).encode()


def _read(kind: Kind, data: bytes, place: str) -> Definition:
    try:
        told = json.loads(data)
        return Definition(kind, str(told["schema"]), str(told["name"]), dict(told["body"]))
    except (ValueError, KeyError, TypeError):
        raise FormatError(
            f"{place}: is no definition of a {kind.value}",
            "remove the file and create the object again",
            file=place,
        ) from None
