"""Columns that stand in the path: `.../month=2019-01/zone=3/part.parquet`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa

from engine.errors import FormatError

NULL = "__HIVE_DEFAULT_PARTITION__"

_INTEGER = re.compile(r"^-?[0-9]{1,18}$")
_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


def path_values(relative: str) -> tuple[tuple[str, str | None], ...]:
    """The `key=value` folders of a path, decoded; None for Hive's mark of a null.

    >>> path_values("trips/month=2019-01/zone=a%2Fb/x.parquet")
    (('month', '2019-01'), ('zone', 'a/b'))
    """
    found = []
    for folder in relative.split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if equals and key:
            found.append((unquote(key), None if value == NULL else unquote(value)))
    return tuple(found)


def value_types(
    files: Iterable[tuple[str, tuple[tuple[str, str | None], ...]]], declared: pa.Schema | None = None
) -> pa.Schema:
    """One type per key over all files: int64 if every value is a whole number, else date32, else string.

    Args:
        files: File names (for messages) and what `path_values` found in them.
        declared: Types that the user has given; they win.

    Raises:
        FormatError: Two files have different keys, or a value is not of the declared type.
    """
    texts: dict[str, set[str]] = {}
    first: tuple[str, list[str]] | None = None
    for name, values in files:
        keys = [key for key, _ in values]
        first = first or (name, keys)
        if keys != first[1]:
            raise FormatError(
                f"{first[0]} lies under {_spell(first[1])} but {name} under {_spell(keys)}",
                "open folders of one layout together, or name files that lie at one depth",
                files=[first[0], name],
            )
        for key, value in values:
            texts.setdefault(key, set()).update(() if value is None else (value,))
    return pa.schema([pa.field(key, _type_of(key, seen, declared)) for key, seen in texts.items()])


def typed_values(values: Sequence[tuple[str, str | None]], types: pa.Schema) -> tuple[tuple[str, Any], ...]:
    """The values of one path as Python values of `types`.

    Raises:
        FormatError: A value is not of its declared type.
    """
    return tuple((key, _parse(key, text, types.field(key).type)) for key, text in values)


def folder_name(key: str, value: Any) -> str:
    """The folder that holds the rows where `key` is `value`; `path_values` reads it back.

    >>> folder_name("zone", "a/b"), folder_name("day", None)
    ('zone=a%2Fb', 'day=__HIVE_DEFAULT_PARTITION__')
    """
    text = NULL if value is None else quote(str(value), safe=" ,:+-")
    return f"{quote(key, safe=' ')}={text}"


def _spell(keys: Sequence[str]) -> str:
    return "/".join(f"{key}=" for key in keys) or "no key=value folder"


def _type_of(key: str, texts: set[str], declared: pa.Schema | None) -> pa.DataType:
    position = -1 if declared is None else declared.get_field_index(key)
    if declared is not None and position >= 0:
        return declared.field(position).type
    if not texts:
        return pa.string()
    if all(_INTEGER.match(text) for text in texts):
        return pa.int64()
    return pa.date32() if all(_is_date(text) for text in texts) else pa.string()


def _is_date(text: str) -> bool:
    if not _DATE.match(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parse(key: str, text: str | None, kind: pa.DataType) -> Any:
    if text is None:
        return None
    try:
        return pa.scalar(text).cast(kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise FormatError(
            f"the folder {key}={text} is not of type {kind}",
            f"declare {key!r} as string in schema=",
            column=key,
            value=text,
        ) from None
