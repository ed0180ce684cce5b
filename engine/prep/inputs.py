"""What a model input is: a column of numbers, texts or times, and how Arrow columns become either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import SignatureError
from engine.inference.coded import Coded

if TYPE_CHECKING:
    import pandas as pd

    from engine.inference.coded import Fed

Kind = Literal["number", "text", "time"]

# A missing time, in graphs.
NO_TIME = -(2**63)

# What the graph of a whole model puts out; in ONNX an input cannot have the name of an output.
MODEL_OUTPUTS = ("score", "label", "probabilities")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One raw column of a model, fed as a tensor `[None, 1]`.

    Attributes:
        name: The column's name.
        kind: `number` is fed as float32, `text` as string, `time` as int64 microseconds since 1970.
    """

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Signature:
    """The raw columns of a model, in the order of its source."""

    inputs: tuple[InputSpec, ...]

    @classmethod
    def of(cls, schema: pa.Schema, columns: Iterable[str]) -> Self:
        """Build the signature of some columns of a schema, in the order of the schema.

        Args:
            schema: The schema of the source.
            columns: The names that a model uses.

        Raises:
            SignatureError: A name is empty, is not in the schema, stands in it twice, or has a type that is
                no number, text, date or time (durations, binary, nested).
        """
        wanted = set(columns)
        _refuse_absent(wanted, schema.names)
        fields = (field for field in schema if field.name in wanted)
        return cls(tuple(InputSpec(field.name, _kind_or_refuse(field)) for field in fields))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.inputs)

    @property
    def tensors(self) -> dict[str, str]:
        """The graph's input for each column: its own name, unless an output of a model has that."""
        taken = {*self.names, *MODEL_OUTPUTS}
        return {name: _other_name(name, taken) if name in MODEL_OUTPUTS else name for name in self.names}

    @property
    def matrix_name(self) -> str:
        """The graph's name for what a preparation makes of these columns: `features`, unless one has it."""
        return _other_name("features", set(self.tensors.values()))

    def select(self, names: Iterable[str]) -> Self:
        """Return the signature of some of these columns, in this signature's order."""
        wanted = set(names)
        return type(self)(tuple(spec for spec in self.inputs if spec.name in wanted))

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that no row may miss: none, for every kind has a value that stands for missing."""
        return ()

    @property
    def places(self) -> dict[str, tuple[str, int]]:
        """For each column the graph's input that it goes into, and its place there."""
        return {name: (tensor, 0) for name, tensor in self.tensors.items()}

    def using(self, tensors: Mapping[str, Collection[int] | None]) -> Self:
        """The signature of the columns that go into these inputs of the graph."""
        given = self.tensors
        if set(given.values()) != set(self.names):
            return self  # an input that is called otherwise than its column: names would shift
        return self.select(name for name in self.names if given[name] in tensors)

    def check(self, schema: pa.Schema) -> None:
        """See the function `check`."""
        check(schema, self)

    def feed(self, table: pa.Table) -> dict[str, Fed]:
        """What a runner is fed: as the function `feed`, with texts coded."""
        return coded_feed(table, self)

    def as_json(self) -> list[dict[str, str]]:
        """Return plain lists and dicts, the inverse of `from_json`."""
        return [{"name": spec.name, "kind": spec.kind} for spec in self.inputs]

    @classmethod
    def from_json(cls, rows: Sequence[Mapping[str, str]]) -> Self:
        """Rebuild what `as_json` gave.

        Raises:
            SignatureError: A kind is not known.
        """
        for row in rows:
            if row["kind"] not in get_args(Kind):
                message = f"input {row['name']!r} has the unknown kind {row['kind']!r}"
                raise SignatureError(message, "Kinds are number, text and time.", column=row["name"])
        return cls(tuple(InputSpec(row["name"], cast("Kind", row["kind"])) for row in rows))


def kind_of(dtype: pa.DataType) -> Kind | None:
    """Say how a column of this Arrow type is fed to a model; None if it cannot be.

    A column of nulls without a type counts as a number that is always missing.
    """
    if pa.types.is_dictionary(dtype):
        return kind_of(dtype.value_type)
    number = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
        pa.types.is_decimal,
        pa.types.is_null,
    )
    if any(test(dtype) for test in number):
        return "number"
    if pa.types.is_timestamp(dtype) or pa.types.is_date(dtype):
        return "time"
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return "text" if any(test(dtype) for test in text) else None


def feed(table: pa.Table, signature: Signature) -> dict[str, np.ndarray]:
    """Turn a table into what an ONNX session is fed.

    Numbers (bool, integer, decimal and float columns) become float32 with NaN for null: float32 is what the
    trees see, so integers beyond 2**24 and decimals are rounded to the nearest float32, and a number beyond
    3.4e38 becomes infinite. Texts become Python strings; a null and an empty string are both missing, fed as
    `""`. Dates and times become microseconds since 1970 on the clock of their zone, `NO_TIME` for null.

    Args:
        table: The rows; columns that the signature does not name are ignored.
        signature: The inputs wanted.

    Returns:
        Input of the graph -> array of shape `[rows, 1]`: float32, object of `str`, or int64.

    Raises:
        SignatureError: Columns are missing, stand in the table twice, or have another kind than wanted.
    """
    check(table.schema, signature)
    tensors = signature.tensors
    return {
        tensors[spec.name]: _fed(table.column(spec.name), spec.kind).reshape(-1, 1)
        for spec in signature.inputs
    }


def coded_feed(table: pa.Table, signature: Signature) -> dict[str, Fed]:
    """As `feed`, for a runner: texts as their distinct values and a code for each row."""
    check(table.schema, signature)
    tensors = signature.tensors
    made: dict[str, Fed] = {}
    for spec in signature.inputs:
        column = table.column(spec.name)
        fed = coded_texts(column) if spec.kind == "text" else _fed(column, spec.kind).reshape(-1, 1)
        made[tensors[spec.name]] = fed
    return made


def frame(table: pa.Table, signature: Signature) -> pd.DataFrame:
    """Turn a table into what scikit-learn is fitted on: the values of `feed`, with the digits of float64.

    Args:
        table: The rows; columns that the signature does not name are ignored.
        signature: The inputs wanted.

    Returns:
        One column per input: float64 for numbers, object of `str` for texts, `np.nan` where missing;
        `datetime64[us]` for times.

    Raises:
        SignatureError: As in `feed`.
    """
    import pandas as pd

    check(table.schema, signature)
    columns = {
        # The dtype is named because pandas 3 would turn an object array of strings into its own `str` dtype.
        spec.name: pd.Series(
            values := _seen(table.column(spec.name), spec.kind), dtype=values.dtype, copy=False
        )
        for spec in signature.inputs
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), columns=list(signature.names))


def _other_name(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def check(schema: pa.Schema, signature: Signature) -> None:
    """Raise SignatureError unless a table of this schema can be fed to this signature."""
    _refuse_absent(signature.names, schema.names)
    for spec in signature.inputs:
        given = schema.field(spec.name).type
        if kind_of(given) != spec.kind and not pa.types.is_null(given):
            raise SignatureError(
                f"column {spec.name!r} is {given}, but the model wants a {spec.kind}",
                "Cast the column first; texts are never parsed as numbers in silence.",
                column=spec.name,
                given=str(given),
                wanted=spec.kind,
            )


def _refuse_absent(wanted: Iterable[str], present: Sequence[str]) -> None:
    missing = sorted(set(wanted) - set(present))
    if missing:
        raise SignatureError(
            f"Missing columns: {', '.join(map(repr, missing))}",
            f"The columns given are {', '.join(map(repr, present)) or 'none'}.",
            missing=missing,
            given=list(present),
        )
    twice = sorted(name for name in set(wanted) if list(present).count(name) > 1)
    if twice:
        message = f"columns that stand in the table twice: {', '.join(map(repr, twice))}"
        raise SignatureError(message, "Rename one of each.", columns=twice)


def _kind_or_refuse(field: pa.Field) -> Kind:
    if not field.name:
        raise SignatureError("a column without a name cannot be an input", "Name it, or leave it out.")
    kind = kind_of(field.type)
    if kind is None:
        raise SignatureError(
            f"column {field.name!r} of type {field.type} is neither a number nor a text nor a time",
            "Derive numbers or texts from it first (its length, a field of it), or drop it.",
            column=field.name,
            given=str(field.type),
        )
    return kind


def _fed(column: pa.ChunkedArray, kind: Kind) -> np.ndarray:
    if kind == "time":
        return _microseconds(column)
    return _numbers(column, pa.float32()) if kind == "number" else texts(column, missing="")


def _seen(column: pa.ChunkedArray, kind: Kind) -> np.ndarray:
    if kind == "time":
        return _microseconds(column).view("datetime64[us]")
    return _numbers(column, pa.float64()) if kind == "number" else texts(column, missing=np.nan)


def _microseconds(column: pa.ChunkedArray) -> np.ndarray:
    """Times on the clock of their own zone as int64; null is numpy's NaT, the least int64."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = pc.local_timestamp(column)
    whole = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    return cast("np.ndarray", whole.fill_null(NO_TIME).to_numpy().astype(np.int64, copy=False))


def numbers_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers as float64, NaN for null."""
    return _numbers(column, pa.float64())


def _numbers(column: pa.ChunkedArray, wanted: pa.DataType) -> np.ndarray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return cast("np.ndarray", column.cast(wanted, safe=False).to_numpy())


def texts(column: pa.ChunkedArray, *, missing: Any) -> np.ndarray:
    """A column of texts as Python strings, with `missing` for nulls and empty texts."""
    if pa.types.is_null(column.type):
        return np.full(len(column), missing, dtype=object)
    if not pa.types.is_dictionary(column.type):
        return _words(column.cast(pa.large_string()), missing)
    # Chunk by chunk, for their dictionaries may differ, and Arrow cannot unify those with nulls in them.
    # measured: 1 M rows of 200 words take 44 ms by their codes, 66 ms one by one.
    chunks = [_by_code(chunk, missing) for chunk in column.chunks]
    return np.concatenate([*chunks, np.empty(0, dtype=object)])


def coded_texts(column: pa.ChunkedArray, *, flat: bool = False) -> Coded:
    """A column of texts by its distinct values, `""` for nulls: only they become Python strings.

    Args:
        column: The texts, as a dictionary or not.
        flat: See `Coded`.
    """
    if pa.types.is_null(column.type):
        return Coded(np.array([""], dtype=object), np.zeros(len(column), dtype=np.int64), flat)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.large_string()).dictionary_encode()
    # Chunk by chunk, as `texts` does: a value of two dictionaries stands there twice.
    words, codes, first = [np.array([""], dtype=object)], [], 1
    for given in column.chunks:
        # A dictionary of more values than there are rows is that of a larger table.
        large = len(given.dictionary) > len(given)
        chunk = given.cast(pa.large_string()).dictionary_encode() if large else given
        words.append(_words(chunk.dictionary.cast(pa.large_string()), ""))
        places = chunk.indices.cast(pa.int64())
        codes.append(pc.fill_null(pc.add(places, first), 0).to_numpy())
        first += len(words[-1])
    return Coded(np.concatenate(words), np.concatenate([*codes, np.empty(0, dtype=np.int64)]), flat)


def counted_texts(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray, int]:
    """Count a column's texts, of which only the distinct ones become Python strings.

    Returns:
        The distinct texts, object `[n]`; how often each stands there, int64 `[n]`; how many rows have none.
    """
    counted = pc.value_counts(column.cast(pa.large_string()))
    words, counts = counted.field("values"), counted.field("counts").to_numpy()
    there = pc.fill_null(pc.not_equal(words, ""), fill_value=False)
    kept = there.to_numpy(zero_copy_only=False)
    values = words.filter(there).to_numpy(zero_copy_only=False).astype(object, copy=False)
    return values, counts[kept].astype(np.int64), int(counts[~kept].sum())


def _by_code(chunk: pa.DictionaryArray, missing: Any) -> np.ndarray:
    words = _words(chunk.dictionary.cast(pa.large_string()), missing)
    codes = pc.fill_null(chunk.indices.cast(pa.int64()), len(words)).to_numpy()
    return cast("np.ndarray", np.append(words, np.array([missing], dtype=object))[codes])


def _words(texts: pa.Array | pa.ChunkedArray, missing: Any) -> np.ndarray:
    words = texts.to_numpy(zero_copy_only=False)
    absent = pc.fill_null(pc.equal(texts, ""), fill_value=True).to_numpy(zero_copy_only=False)
    if absent.any():
        words = words.astype(object, copy=True)  # what Arrow hands out may be read-only
        words[absent] = missing
    return cast("np.ndarray", words.astype(object, copy=False))
