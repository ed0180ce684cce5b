"""From paths to a source: find the files, plan each, agree on one schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import NotFoundError
from engine.lake import hive
from engine.lake.format_table import format_named, format_of
from engine.lake.globs import find_files
from engine.lake.promotion import plain_schema
from engine.lake.recent import Recent
from engine.lake.side_by_side import mapped
from engine.lake.source import Reader, Source
from engine.lake.union import conforms, union_schemas

if TYPE_CHECKING:
    from engine.lake.formats import FilePlan, Format, ReadOptions
    from engine.lake.globs import FoundFile
    from engine.lake.storage import Storage

# Footers are small and mostly waited for; text that is looked through takes a core and memory.
_FOOTERS_AT_ONCE = 16
_TEXTS_AT_ONCE = 4
_sources: Recent[tuple[Storage, tuple[FoundFile, ...], ReadOptions], Source] = Recent(128)


def files_source(storage: Storage, paths: Sequence[str], options: ReadOptions) -> Source:
    """The source of all files that the paths name.

    Raises:
        NotFoundError: A path matches nothing, or `options.schema` declares a column that no file has.
        PathRefusedError: A path leaves the storage's roots.
        FormatError: Mixed formats, a file that cannot be read, or types that do not go together.
    """
    return plan_files(storage, find_files(storage, paths), options)


def plan_files(storage: Storage, files: Sequence[FoundFile], options: ReadOptions) -> Source:
    """The source of files that were found before; see `files_source`.

    As long as the files are what they were, it is the same source.
    """
    return _sources.get((storage, tuple(files), options), lambda: _planned(storage, files, options))


def _planned(storage: Storage, files: Sequence[FoundFile], options: ReadOptions) -> Source:
    chosen = format_named(options.format) if options.format else format_of(storage, files)
    if sum(file.stamp.size for file in files) > options.inspect_bytes:
        options = replace(options, inspect_bytes=0)
    at_once = _TEXTS_AT_ONCE if chosen.is_text else _FOOTERS_AT_ONCE
    plans = mapped(lambda file: chosen.plan(storage, file, options), files, at_once)
    return assemble(storage, plans, chosen, options)


def assemble(storage: Storage, plans: Sequence[FilePlan], chosen: Format, options: ReadOptions) -> Source:
    """One schema over planned files: their columns by name, then the columns of their paths.

    A column that stands both in the path and in the file is taken from the path, as Hive does.
    """
    names = [storage.relative(plan.file.location) for plan in plans]
    in_paths = [hive.path_values(name) if options.path_columns else () for name in names]
    path_types = hive.value_types(zip(names, in_paths, strict=True), options.schema)
    in_files = union_schemas(
        (
            (name, _declared(plan.schema, options.schema))
            for name, plan in zip(names, plans, strict=True)
            if plan.schema is not None
        ),
        chosen.promote,
        related=True,
    )
    keys = set(path_types.names)
    fields = [_final(field, chosen) for field in in_files if field.name not in keys]
    schema = pa.schema([*fields, *path_types])
    _refuse_unknown(options.schema, schema)
    partitions = [
        replace(partition, hive=hive.typed_values(values, path_types), conforms=conforms(plan.schema, fields))
        for plan, values in zip(plans, in_paths, strict=True)
        for partition in plan.partitions
    ]
    return Source(Reader(storage, schema, options), tuple(partitions))


def _declared(found: pa.Schema, declared: pa.Schema | None) -> pa.Schema:
    """The file's schema with the types that the user declares for columns of it."""
    if declared is None:
        return found
    wanted = {field.name: field for field in declared}
    return plain_schema(pa.schema([wanted.get(field.name, field) for field in found]))


def _final(field: pa.Field, chosen: Format) -> pa.Field:
    """A column of text in which no value was ever seen reads as string: whatever comes, it fits."""
    if chosen.is_text and pa.types.is_null(field.type):
        return field.with_type(pa.string())
    return field


def _refuse_unknown(declared: pa.Schema | None, schema: pa.Schema) -> None:
    names = schema.names
    unknown = [name for name in (() if declared is None else declared.names) if name not in set(names)]
    if unknown:
        raise NotFoundError(
            f"schema= declares {unknown[0]!r}, which no file has",
            f"there is {', '.join(map(repr, names[:20]))}",
            column=unknown[0],
        )
