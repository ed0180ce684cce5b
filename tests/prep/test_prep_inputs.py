"""What becomes of Arrow columns of every type."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SignatureError
from engine.prep import InputSpec, Signature, feed, frame
from engine.prep.inputs import coded_texts, texts

NUMBERS: list[tuple[pa.Array, list[float]]] = [
    (pa.array([1.5, None, -np.inf]), [1.5, np.nan, -np.inf]),
    (pa.array([1.5, None], pa.float32()), [1.5, np.nan]),
    (pa.array(np.array([1.5, 2.0], np.float16)), [1.5, 2.0]),
    (pa.array([2**24 + 1, None, -7]), [2**24 + 1, np.nan, -7]),
    (pa.array([2**63, None], pa.uint64()), [2**63, np.nan]),
    (pa.array([True, None, False]), [1, np.nan, 0]),
    (pa.array([Decimal("1.25"), None]), [1.25, np.nan]),
    (pa.array([Decimal("-3.10")], pa.decimal256(50, 2)), [-3.1]),
    (pa.array([5, None, 5]).dictionary_encode(), [5, np.nan, 5]),
    (pa.nulls(2), [np.nan, np.nan]),
    (pa.array([1e300, 1e-300]), [1e300, 1e-300]),
]
TEXTS: list[pa.Array] = [
    pa.array(["a", None, "", "ü€"]),
    pa.array(["a", None, "", "ü€"], pa.large_string()),
    pa.array(["a", None, "", "ü€"], pa.string_view()),
    pa.array(["a", None, "", "ü€"]).dictionary_encode(),
    pa.DictionaryArray.from_arrays(
        pa.array([1, None, 0, 2], pa.int8()), pa.array(["", "a", "ü€"], pa.large_string())
    ),
    pa.DictionaryArray.from_arrays(pa.array([2, 1, 1, 0], pa.uint32()), pa.array(["ü€", None, "a"])),
]


@pytest.mark.parametrize(("column", "values"), NUMBERS, ids=lambda v: str(getattr(v, "type", "")))
def test_numbers(column: pa.Array, values: list[float]) -> None:
    table = pa.table({"x": column})
    signature = Signature.of(table.schema, ["x"])
    assert signature.inputs == (InputSpec("x", "number"),)
    fed = feed(table, signature)["x"]
    assert (fed.dtype, fed.shape) == (np.dtype(np.float32), (len(values), 1))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(fed[:, 0], np.array(values, dtype=float).astype(np.float32))
    seen = frame(table, signature)["x"]
    assert seen.dtype == np.float64
    np.testing.assert_array_equal(seen, values)


@pytest.mark.parametrize("column", TEXTS, ids=lambda c: str(c.type))
@pytest.mark.parametrize("chunks", [1, 2, 3])
def test_texts(column: pa.Array, chunks: int) -> None:
    chunked = (
        pa.chunked_array([column] * chunks)
        if chunks < 3
        else pa.chunked_array([column[:1], column[1:1], column[1:]])
    )
    table = pa.table({"x": chunked})
    signature = Signature.of(table.schema, ["x"])
    assert signature.inputs == (InputSpec("x", "text"),)
    times = chunks if chunks < 3 else 1
    fed = feed(table, signature)["x"]
    assert fed.dtype == object
    assert fed[:, 0].tolist() == ["a", "", "", "ü€"] * times
    seen = frame(table, signature)["x"]
    assert seen.dtype == object
    assert ["missing" if isinstance(value, float) else value for value in seen] == [
        "a",
        "missing",
        "missing",
        "ü€",
    ] * times


def test_dictionaries_that_differ_from_chunk_to_chunk() -> None:
    column = pa.chunked_array(
        [pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", None, "a"]).dictionary_encode()]
    )
    table = pa.table({"x": column})
    fed = feed(table, Signature.of(table.schema, ["x"]))["x"]
    assert fed[:, 0].tolist() == ["a", "b", "c", "", "a"]


@pytest.mark.parametrize("column", [*TEXTS, *(column for column, _ in NUMBERS)], ids=lambda c: str(c.type))
def test_no_rows(column: pa.Array) -> None:
    table = pa.table({"x": pa.chunked_array([], column.type)})
    signature = Signature.of(table.schema, ["x"])
    assert feed(table, signature)["x"].shape == (0, 1)
    assert frame(table, signature).shape == (0, 1)


REFUSED: list[Any] = [
    pa.time64("us"),
    pa.duration("s"),
    pa.binary(),
    pa.list_(pa.int64()),
    pa.struct([("a", pa.int64())]),
    pa.dictionary(pa.int8(), pa.duration("s")),
]


@pytest.mark.parametrize("dtype", REFUSED, ids=str)
def test_what_is_neither_number_nor_text_is_refused_by_name(dtype: pa.DataType) -> None:
    schema = pa.schema([("fine", pa.int64()), ("odd", dtype)])
    assert Signature.of(schema, ["fine"]).names == ("fine",)
    with pytest.raises(SignatureError, match="'odd'"):
        Signature.of(schema, ["fine", "odd"])


def test_absent_and_doubled_columns_are_named() -> None:
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64()), ("b", pa.string())])
    with pytest.raises(SignatureError, match="'c', 'd'") as caught:
        Signature.of(schema, ["a", "c", "d"])
    assert "'a', 'b', 'b'" in caught.value.hint
    with pytest.raises(SignatureError, match="twice: 'b'"):
        Signature.of(schema, ["a", "b"])
    table = pa.table([[1], [2], ["x"]], schema=schema)
    assert feed(table, Signature.of(schema, ["a"]))["a"].tolist() == [[1.0]]
    with pytest.raises(SignatureError, match="without a name"):
        Signature.of(pa.schema([("", pa.int64())]), [""])


def test_null_typed_columns_serve_either_kind() -> None:
    table = pa.table({"n": pa.nulls(2), "t": pa.nulls(2)})
    signature = Signature((InputSpec("n", "number"), InputSpec("t", "text")))
    fed = feed(table, signature)
    assert np.isnan(fed["n"]).all()
    assert fed["t"].tolist() == [[""], [""]]


@given(st.lists(st.tuples(st.text(), st.sampled_from(["number", "text"])), unique_by=lambda pair: pair[0]))
def test_a_signature_survives_json(pairs: list[tuple[str, Any]]) -> None:
    signature = Signature(tuple(InputSpec(name, kind) for name, kind in pairs))
    assert Signature.from_json(json.loads(json.dumps(signature.as_json()))) == signature


def test_a_kind_from_elsewhere_is_refused() -> None:
    with pytest.raises(SignatureError, match="'image'"):
        Signature.from_json([{"name": "x", "kind": "image"}])


@given(
    chunks=st.lists(
        st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "ä", "two words"])), max_size=6),
        max_size=4,
    ),
    kind=st.sampled_from(["plain", "dictionary", "large dictionary"]),
)
def test_coded_texts_are_the_texts(chunks: list[list[str | None]], kind: str) -> None:
    column = pa.chunked_array([pa.array(one, pa.string()) for one in chunks], pa.string())
    if kind == "dictionary":
        column = column.dictionary_encode()
    elif kind == "large dictionary":
        values = pa.array([*(f"of others {at}" for at in range(50)), None, "", "a", "b", "ä", "two words"])
        codes = [[None if word is None else values.to_pylist().index(word) for word in one] for one in chunks]
        column = pa.chunked_array(
            [pa.DictionaryArray.from_arrays(pa.array(one, pa.int32()), values) for one in codes],
            pa.dictionary(pa.int32(), pa.string()),
        )
    found = coded_texts(column)
    assert found.dense().ravel().tolist() == texts(column, missing="").tolist()
    assert len(found.values) <= len(column) + 1 + 5 * len(chunks)
    assert coded_texts(column, flat=True).shape == (len(column),)
