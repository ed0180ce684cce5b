"""The schema of many files."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from engine.errors import FormatError
from engine.lake.promotion import Promote, promote

_SHOWN = 5


def union_schemas(
    schemas: Iterable[tuple[str, pa.Schema]], rule: Promote = promote, *, related: bool = False
) -> pa.Schema:
    """One schema by column name for many files, in order of first appearance.

    A column is nullable unless every file has it and declares that it holds no nulls.

    Args:
        schemas: File names (for messages) and their schemas, of plain types.
        rule: How two types of one column meet.
        related: Whether each must have a column of those before it.

    Raises:
        FormatError: A column has types in two files that no type holds both of, or a file is not
            `related`: it is of another table.
    """
    fields: dict[str, pa.Field] = {}
    origin: dict[str, str] = {}
    seen: set[pa.Schema] = set()
    for position, (file, schema) in enumerate(schemas):
        if schema in seen:
            continue
        if related and fields and schema.names and fields.keys().isdisjoint(schema.names):
            raise _unrelated(origin, fields, file, schema)
        seen.add(schema)
        for found in schema:
            known = fields.get(found.name)
            merged = found.with_nullable(found.nullable or position > 0)
            if known is not None:
                kind = rule(known.type, found.type)
                if kind is None:
                    raise _clash(known, found, origin[found.name], file)
                merged = pa.field(found.name, kind, known.nullable or found.nullable)
            if known is None or merged.type != known.type:
                origin[found.name] = file
            fields[found.name] = merged
        for gone in fields.keys() - set(schema.names):
            fields[gone] = fields[gone].with_nullable(True)
    return pa.schema(list(fields.values()))


def spell(schema: pa.Schema) -> str:
    """A schema in one line.

    >>> spell(pa.schema([("a", pa.int64()), ("b", pa.string())]))
    'a int64, b string'
    """
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _unrelated(
    origin: dict[str, str], fields: dict[str, pa.Field], file: str, schema: pa.Schema
) -> FormatError:
    first = next(iter(origin.values()))
    return FormatError(
        f"{first} and {file} have no column in common: {', '.join(list(fields)[:_SHOWN])} in the one, "
        f"{', '.join(schema.names[:_SHOWN])} in the other",
        "open the files of one table at a time: by their own folder, or a pattern such as 'raw/trips*.csv'",
        files=[first, file],
    )


def _clash(first: pa.Field, second: pa.Field, first_file: str, second_file: str) -> FormatError:
    return FormatError(
        f"column {first.name!r} is {first.type} in {first_file} and {second.type} in {second_file}",
        f"pass schema= with the type of {first.name!r}, or open the files apart",
        column=first.name,
        files=[first_file, second_file],
        types=[str(first.type), str(second.type)],
    )


def conforms(found: pa.Schema | None, wanted: Iterable[pa.Field]) -> bool:
    """Whether a file has these columns, of these types: it needs no telling what to make of it."""
    types = {} if found is None else dict(zip(found.names, found.types, strict=True))
    return all(types.get(field.name) == field.type for field in wanted)
