from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FormatError
from engine.lake import LossyCastError, conform
from engine.lake.conform import cast_exactly
from engine.lake.promotion import plain, promote, promote_text
from engine.lake.union import union_schemas

PROMOTIONS = [
    (pa.int32(), pa.int64(), pa.int64()),
    (pa.int8(), pa.uint8(), pa.int16()),
    (pa.uint32(), pa.int8(), pa.int64()),
    (pa.uint64(), pa.int64(), None),
    (pa.int16(), pa.float32(), pa.float32()),
    (pa.int32(), pa.float32(), pa.float64()),
    (pa.int64(), pa.float64(), pa.float64()),
    (pa.float32(), pa.float64(), pa.float64()),
    (pa.decimal128(5, 2), pa.decimal128(7, 1), pa.decimal128(8, 2)),
    (pa.decimal128(5, 2), pa.int32(), pa.decimal128(12, 2)),
    (pa.decimal128(38, 2), pa.decimal128(38, 10), None),
    (pa.decimal128(5, 2), pa.float32(), pa.float64()),
    (pa.null(), pa.list_(pa.int8()), pa.list_(pa.int8())),
    (pa.bool_(), pa.int64(), None),
    (pa.string(), pa.int64(), None),
    (pa.string(), pa.large_string(), pa.large_string()),
    (pa.string_view(), pa.string(), pa.string()),
    (pa.dictionary(pa.int8(), pa.string()), pa.string(), pa.string()),
    (pa.dictionary(pa.int8(), pa.int32()), pa.int64(), pa.int64()),
    (pa.binary(4), pa.binary(), pa.binary()),
    (pa.string(), pa.binary(), None),
    (pa.date32(), pa.timestamp("s"), pa.timestamp("s")),
    (pa.date32(), pa.date64(), pa.date32()),
    (pa.date32(), pa.timestamp("s", "UTC"), None),
    (pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("ns")),
    (pa.timestamp("us"), pa.timestamp("us", "UTC"), None),
    (pa.timestamp("s", "Europe/Berlin"), pa.timestamp("us", "UTC"), pa.timestamp("us", "UTC")),
    (pa.time32("s"), pa.time64("us"), pa.time64("us")),
    (pa.time32("s"), pa.time32("ms"), pa.time32("ms")),
    (pa.duration("s"), pa.duration("ms"), pa.duration("ms")),
    (pa.list_(pa.int8()), pa.list_(pa.float64()), pa.list_(pa.float64())),
    (pa.list_(pa.int8()), pa.large_list(pa.int8()), pa.large_list(pa.int8())),
    (pa.list_(pa.int8()), pa.list_(pa.string()), None),
    (pa.map_(pa.string(), pa.int8()), pa.map_(pa.string(), pa.int16()), pa.map_(pa.string(), pa.int16())),
    (
        pa.struct([("a", pa.int8()), ("b", pa.string())]),
        pa.struct([("a", pa.int16())]),
        pa.struct([("a", pa.int16()), ("b", pa.string())]),
    ),
    (pa.struct([("a", pa.int8())]), pa.struct([("a", pa.string())]), None),
    (pa.struct([("a", pa.int8())]), pa.list_(pa.int8()), None),
]


@pytest.mark.parametrize(("left", "right", "both"), PROMOTIONS, ids=str)
def test_what_two_types_become(left: pa.DataType, right: pa.DataType, both: pa.DataType | None) -> None:
    assert promote(left, right) == both
    assert promote(right, left) == both
    assert promote_text(left, right) == (both or pa.string())


LIMITS = {
    pa.int8(): [-(2**7), 2**7 - 1],
    pa.uint8(): [0, 2**8 - 1],
    pa.int16(): [-(2**15), 2**15 - 1],
    pa.uint16(): [0, 2**16 - 1],
    pa.int32(): [-(2**31), 2**31 - 1],
    pa.uint32(): [0, 2**32 - 1],
    pa.float32(): [1.5, 3.4e38, math.inf],
    pa.decimal128(6, 3): [Decimal("999.999"), Decimal("-0.001")],
    pa.timestamp("s"): [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)],
    pa.date32(): [dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    pa.time32("s"): [dt.time(23, 59, 59)],
}


@pytest.mark.parametrize("left", LIMITS, ids=str)
def test_a_promoted_type_holds_the_limits_of_both(left: pa.DataType) -> None:
    pairs = [(left, right, promote(left, right)) for right in LIMITS]
    # A decimal read as double is decided by its values.
    sure = [pair for pair in pairs if pair[2] is not None and pa.decimal128(6, 3) not in pair[:2]]
    for kind, both in [(kind, both) for one, other, both in sure for kind in (one, other)]:
        column = pa.chunked_array([pa.array(LIMITS[kind], kind)])
        cast = cast_exactly(column, pa.field("x", both))
        assert cast.cast(kind).equals(column)


CASTS: list[tuple[pa.Array, pa.DataType, bool]] = [
    (pa.array([2**53]), pa.float64(), True),
    (pa.array([2**53 + 1]), pa.float64(), False),
    (pa.array([1.0, None]), pa.int32(), True),
    (pa.array([1.5]), pa.int32(), False),
    (pa.array([math.nan]), pa.int32(), False),
    (pa.array([300]), pa.int8(), False),
    (pa.array([0.5, math.nan, None]), pa.float32(), True),
    (pa.array([0.1]), pa.float32(), False),
    (pa.array([1e300]), pa.float32(), False),
    (pa.array([Decimal("0.25")]), pa.float64(), True),
    (pa.array([Decimal("12345678901234567.01")]), pa.float64(), False),
    (pa.array([Decimal("1.50")]), pa.decimal128(5, 1), True),
    (pa.array([Decimal("1.55")]), pa.decimal128(5, 1), False),
    (pa.array([dt.datetime(2019, 1, 1)]), pa.date32(), True),
    (pa.array([dt.datetime(2019, 1, 1, 1)]), pa.date32(), False),
    (pa.array([1000], pa.timestamp("ns")), pa.timestamp("us"), True),
    (pa.array([1001], pa.timestamp("ns")), pa.timestamp("us"), False),
    (pa.array([1], pa.timestamp("us")), pa.timestamp("us", "UTC"), False),
    (pa.array([1], pa.timestamp("us", "UTC")), pa.timestamp("us"), False),
    (pa.array([1], pa.timestamp("us", "Europe/Berlin")), pa.timestamp("us", "UTC"), True),
    (pa.array(["1"]), pa.int64(), False),
    (pa.array([1]), pa.string(), False),
    (pa.array([1]), pa.bool_(), False),
    (pa.array([True]), pa.int8(), False),
    (pa.array([b"a"]), pa.string(), False),
    (pa.array(["a", None]).dictionary_encode(), pa.string(), True),
    (pa.array([1, 2]).dictionary_encode(), pa.float64(), True),
    (pa.nulls(2), pa.struct([("a", pa.int8())]), True),
    (pa.array([[1, None], None]), pa.large_list(pa.float64()), True),
    (pa.array([[0.1]]), pa.list_(pa.float32()), False),
    (pa.array([[math.nan, 0.5]]), pa.large_list(pa.float64()), True),
    (pa.array([{"a": 1}]), pa.struct([("b", pa.string()), ("a", pa.float64())]), True),
    (pa.array([{"a": 1, "c": 2}]), pa.struct([("a", pa.int64())]), False),
    (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), pa.map_(pa.string(), pa.int64()), True),
]


@pytest.mark.parametrize(
    ("found", "wanted", "fits"), CASTS, ids=lambda value: str(getattr(value, "type", value))
)
def test_a_cast_keeps_values_or_is_refused(found: pa.Array, wanted: pa.DataType, fits: bool) -> None:
    table = pa.table({"x": found})
    schema = pa.schema([("x", wanted)])
    if not fits:
        with pytest.raises(LossyCastError) as caught:
            conform(table, schema)
        assert "'x'" in str(caught.value)
        assert str(wanted) in str(caught.value)
        return
    cast = conform(table, schema)
    assert cast.schema == schema
    assert len(cast) == len(found)
    assert cast.column(0).null_count == found.null_count


@given(
    st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**63), 2**63 - 1)), max_size=5),
    st.sampled_from([pa.float32(), pa.float64(), pa.int8(), pa.int64(), pa.float16()]),
)
def test_no_number_ever_changes(values: list[float | int | None], wanted: pa.DataType) -> None:
    integers = all(value is None or isinstance(value, int) for value in values)
    found = (
        pa.array(values, pa.int64())
        if integers
        else pa.array([None if v is None else float(v) for v in values])
    )
    try:
        cast = conform(pa.table({"x": found}), pa.schema([("x", wanted)])).column(0)
    except LossyCastError:
        return
    for before, after in zip(found.to_pylist(), cast.to_pylist(), strict=True):
        assert before == after or (before != before and after != after)


def test_missing_columns_are_null_and_order_is_the_schemas() -> None:
    table = pa.table({"b": [1, 2], "a": ["x", "y"]})
    schema = pa.schema([("a", pa.string()), ("c", pa.list_(pa.int8())), ("b", pa.int64())])
    assert conform(table, schema).to_pydict() == {"a": ["x", "y"], "c": [None, None], "b": [1, 2]}
    assert conform(table, pa.schema([])).num_rows == 2
    with pytest.raises(LossyCastError, match="2 nulls, none allowed"):
        conform(table, pa.schema([pa.field("c", pa.int8(), nullable=False)]))


def test_encodings_are_seen_through() -> None:
    nested = pa.list_(pa.struct([("a", pa.dictionary(pa.int8(), pa.string()))]))
    assert plain(nested) == pa.list_(pa.struct([("a", pa.string())]))
    assert plain(pa.run_end_encoded(pa.int32(), pa.string())) == pa.string()
    assert plain(pa.uuid()) == pa.binary(16)
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))
    assert conform(pa.table({"u": uuids}), pa.schema([("u", pa.binary(16))])).to_pydict() == {
        "u": [b"0" * 16]
    }


def test_many_schemas_become_one() -> None:
    one = pa.schema(
        [pa.field("a", pa.int32(), nullable=False), pa.field("b", pa.string())], metadata={"pandas": "{}"}
    )
    two = pa.schema([pa.field("c", pa.bool_(), nullable=False), pa.field("a", pa.float64(), nullable=False)])
    both = union_schemas([("one", one), ("two", two)])
    assert both == pa.schema(
        [pa.field("a", pa.float64(), nullable=False), ("b", pa.string()), ("c", pa.bool_())]
    )
    assert both.metadata is None
    three = pa.schema([("a", pa.string())])
    with pytest.raises(FormatError, match=r"'a' is double in two and string in three"):
        union_schemas([("one", one), ("two", two), ("three", three)])
