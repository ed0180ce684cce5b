"""Where records end: any text, any block size, the same rows."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.lake.csv_parse import Block, parse
from engine.lake.csv_records import Dialect, _counted_end, _records
from engine.lake.formats import CsvOptions
from engine.lake.text import blocks

PLAIN = Dialect()
CELLS = st.text(st.sampled_from('ab,"\n\r ;\\é'), max_size=6)


def written(rows: list[list[str]], quoting: int = csv.QUOTE_MINIMAL, newline: str = "\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=newline, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


def rows_of(data: bytes, width: int, options: CsvOptions | None = None) -> list[tuple[str | None, ...]]:
    options = options or CsvOptions(null_values=("<null>",))
    header = tuple(f"c{at}" for at in range(width))
    table = parse(Block(data, header, "test"), dict.fromkeys(header, pa.string()), options)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)
    ),
    st.integers(1, 40),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
@example([["a\n", '"'], ['""', "\n"]], 3, csv.QUOTE_ALL, "\n", True)
def test_blocks_hold_the_rows_of_the_whole(
    rows: list[list[str]], size: int, quoting: int, newline: str, closed: bool
) -> None:
    rows = [[cell.replace("\r", "") or "x" for cell in row] for row in rows]
    data = written(rows, quoting, newline)
    data = data if closed else data.removesuffix(newline.encode())
    pieces = list(blocks(io.BytesIO(data), size, PLAIN.last_end))
    assert b"".join(pieces) == data
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    assert [row for piece in pieces for row in rows_of(piece, len(rows[0]))] == [tuple(row) for row in rows]


@given(
    st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r\n", b'""', b'x"y']), max_size=30).map(b"".join)
)
def test_counting_quotes_never_disagrees_with_the_lexer(data: bytes) -> None:
    match = _records(PLAIN).match(data)
    exact = match.end() if match else 0
    counted = _counted_end(data, ord('"'), ord(","))
    assert counted in (None, exact)
    assert PLAIN.last_end(data) == exact


@given(
    st.lists(st.sampled_from([b"a", b'"', b",", b"\n", b"\r\n", b'""']), max_size=30).map(b"".join),
    st.integers(1, 9),
)
def test_any_bytes_split_as_arrow_reads_them(data: bytes, size: int) -> None:
    """Even for broken quoting: blocks parse to what the whole parses to, or both are refused."""

    def outcome(pieces: list[bytes]) -> object:
        try:
            return [row for piece in pieces for row in rows_of(piece, 2)]
        except Exception as error:
            return type(error)

    assert outcome(list(blocks(io.BytesIO(data), size, PLAIN.last_end))) == outcome([data])


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"", 0),
        (b"a,b", 0),
        (b"a,b\n", 4),
        (b"a\n\nb", 3),
        (b'a,"x\ny"\nb', 8),
        (b'a,"x\ny', 0),
        (b'5" pipe,b\nc,"d\n', 10),
        (b'"a""\nb"\n"c', 8),
        (b'a,b\r\n"c\r\nd', 5),
        (b'a,"b"x"\nc', 8),
    ],
)
def test_where_the_last_record_ends(data: bytes, end: int) -> None:
    assert PLAIN.last_end(data) == end


def test_other_marks() -> None:
    assert Dialect(delimiter=";", quote="'").last_end(b"a;'x\ny'\nb;'") == 8
    assert Dialect(quote="").last_end(b'a,"x\ny') == 5
    escaped = Dialect(escape="\\")
    assert escaped.last_end(b'"a\\"\n",b\n"c') == 9
    assert escaped.last_end(b"a\\\nb\nc") == 5


def test_the_first_record() -> None:
    assert PLAIN.first_end(b'"a\nb",c\r\nd') == 9
    assert PLAIN.first_end(b"a,b") == 3
    assert PLAIN.first_end(b"\nb") == 1
