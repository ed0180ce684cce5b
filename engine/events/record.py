"""What every record of the log is: a frozen value with a kind, a version, and plain fields."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
_KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all records.

    Fields hold text, numbers, booleans, None, tuples and mappings of these, or frozen records of them: what
    JSON can say. The kind is the class's name in lower case: `TrialFinished` is `trial_finished`.

    Attributes:
        kind: What the log calls it.
        version: Counts up when a field changes its meaning; a new field with a default needs no new version.
        parts: The class of the records that a field is a tuple of, by field.
    """

    kind: ClassVar[str] = "event"
    version: ClassVar[int] = 1
    parts: ClassVar[Mapping[str, type]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Not super(): `slots=True` makes every class twice, and the closure still names the first one.
        cls.kind = _WORDS.sub("_", cls.__name__).lower()
        _KINDS[cls.kind] = cls

    def data(self) -> dict[str, Any]:
        """The fields as JSON can say them."""
        return {name: plain(getattr(self, name)) for name in field_names(type(self))}


@dataclass(frozen=True, slots=True)
class Unknown(Event):
    """A record whose kind or version this release does not know, as another one wrote it."""

    said: str
    fields: Mapping[str, Any]


def kinds() -> Mapping[str, type[Event]]:
    """Every kind of record that has been imported."""
    return dict(_KINDS)


def revive(kind: str, version: int, data: Mapping[str, Any]) -> Event:
    """The record that was written; `Unknown` where it cannot be made."""
    found = _KINDS.get(kind)
    if found is None or version > found.version:
        return Unknown(kind, data)
    names = field_names(found)
    try:
        return found(**{name: _field(found, name, value) for name, value in data.items() if name in names})
    except TypeError:  # a field without a default is missing
        return Unknown(kind, data)


def plain(value: Any) -> Any:
    """A value as JSON can say it: what is not finite becomes None, what is nothing JSON knows its text."""
    if type(value) in _EXACT:  # most are; this function is most of what a record costs
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str | int):  # an enum, or another library's own text
        return str(value) if isinstance(value, str) else int(value)
    return _composed(value)


def _composed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in field_names(type(value))}
    if callable(getattr(value, "tolist", None)):  # numpy's scalars and arrays
        return plain(value.tolist())
    return str(value)


_EXACT = frozenset({type(None), bool, int, str})


def field_names(kind: type) -> tuple[str, ...]:
    """The fields of a frozen record's class."""
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return names


_NAMES: dict[type, tuple[str, ...]] = {}


def _field(kind: type[Event], name: str, value: Any) -> Any:
    part = kind.parts.get(name)
    if part is None or not isinstance(value, list):
        return _frozen(value)
    names = field_names(part)
    return tuple(part(**{key: _frozen(item) for key, item in one.items() if key in names}) for one in value)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
