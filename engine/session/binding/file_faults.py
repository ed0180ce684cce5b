"""What is wrong with a file that a query reads, in OPENROWSET's words: the value, its place, the way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import FormatError, LakeError, SqlRuntimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.lake import Storage
    from engine.session.binding.relations import Relation
    from engine.session.binding.rowset_options import Rowset

# Name, number in the file (0: unknown) and type of a field as WITH declares it.
_Declared = tuple[str, int, str]

_CONVERSION = 4864
_PARQUET = b"PAR1"
_MISMATCH = "(type mismatch or invalid character for the specified code page)"
_HEADER = "Row 1 looks like a header: FIRSTROW = 2 skips it, HEADER_ROW = TRUE takes names from it."
_LOOSE = "Declare the column VARCHAR and TRY_CAST it, or let rows go by MAXERRORS = n."
_SHOWN = 80


def told(error: FormatError, relations: Mapping[str, Relation]) -> FormatError | SqlRuntimeError:
    """The documented error of a value that is not of its column's type; any other error as it is.

    Args:
        error: What reading raised.
        relations: The tables of the query that was run.
    """
    return _conversion(error, lambda field: _declared_in(field, relations))


def told_of_rowset(error: FormatError, rowset: Rowset) -> FormatError | SqlRuntimeError:
    """As `told`, where the files of a rowset were only looked at."""
    numbered = {f"c{one.ordinal or at}": one for at, one in enumerate(rowset.columns, 1)}

    def declared(field: str) -> _Declared:
        found = numbered.get(field)
        return _undeclared(field) if found is None else (found.name, int(field[1:]), str(found.type))

    return _conversion(error, declared)


def _conversion(error: FormatError, declared: Callable[[str], _Declared]) -> FormatError | SqlRuntimeError:
    if "value" not in error.data or "record" not in error.data:
        return error
    field, record, value = (error.data[name] for name in ("column", "record", "value"))
    name, number, kind = declared(str(field))
    shown = f"column {number} ({name})" if number else f"column '{name}'"
    row = f"row {record}" if record else f"a row after byte {error.data.get('byte') or 0}"
    fits = f"{str(value)[:_SHOWN]!r} is no {kind or 'value of its type'}. "
    way_out = _HEADER if record == 1 else _LOOSE
    return SqlRuntimeError(
        f"Bulk load data conversion error {_MISMATCH} for {row}, {shown} in data file {error.data['file']}.",
        fits + way_out,
        number=_CONVERSION,
        file=error.data["file"],
        row=record,
        column_name=name,
        value=value,
    )


def _declared_in(field: str, relations: Mapping[str, Relation]) -> _Declared:
    for relation in relations.values():
        names = [name.lower() for name in relation.rows.schema.names]
        if field.lower() not in names or relation.query is None:
            continue
        for item in relation.query.find_all(exp.Alias):
            reads = isinstance(item.this, exp.Column) and item.this.name.lower() == field.lower()
            if reads and item.alias in relation.columns:
                return item.alias, names.index(field.lower()) + 1, str(relation.columns[item.alias])
    return _undeclared(field)


def _undeclared(field: str) -> _Declared:
    numbered = re.fullmatch(r"c(\d+)", field)
    return field, int(numbered[1]) if numbered else 0, ""


def refuse_parquet(storage: Storage, location: str) -> None:
    """Refuse a file that is to be read as text and is a Parquet file: as text it is a row of noise.

    Raises:
        FormatError: So it is.
    """
    if _is_parquet(storage, location):
        raise _no_text(storage, location)


def of_another_format(error: FormatError, storage: Storage) -> FormatError:
    """The error, with the right FORMAT where the file's first bytes show another than was asked for."""
    # Readers of text tell the byte; of Parquet files only the one that could not be opened is in question.
    read_as_text, unreadable = "byte" in error.data, "not a readable Parquet file" in error.message
    if not error.data.get("file") or not (read_as_text or unreadable):
        return error
    try:
        location = storage.resolve(str(error.data["file"]))
        is_parquet = _is_parquet(storage, location)
    except LakeError:
        return error
    if is_parquet == unreadable:
        return error
    if is_parquet:
        return _no_text(storage, location)
    return FormatError(
        f"{storage.relative(location)} is not a Parquet file",
        "Say FORMAT = 'CSV' (COPY INTO: FILE_TYPE) if it is text.",
        file=location,
    )


def _is_parquet(storage: Storage, location: str) -> bool:
    return storage.read(location, 0, len(_PARQUET)) == _PARQUET


def _no_text(storage: Storage, location: str) -> FormatError:
    return FormatError(
        f"{storage.relative(location)} is a Parquet file, not text",
        "Say FORMAT = 'PARQUET' (COPY INTO: FILE_TYPE).",
        file=location,
    )
