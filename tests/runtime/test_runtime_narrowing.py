"""Decimals in 64 bits: the same values of the same types as in 128."""

from __future__ import annotations

import importlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import parse_one

from engine.lake import open_storage
from engine.runtime import InlineTasks
from engine.runtime.narrowing import Numbers, narrowed
from engine.session import Session

if TYPE_CHECKING:
    from sqlglot import exp

execute = importlib.import_module("engine.runtime.execute")

PRICE = Numbers("t", "price", "DECIMAL(15, 2)", 0, 1e5)
COUNT = Numbers("t", "n", "BIGINT", -1000, 1000)
HUGE = Numbers("t", "huge", "DECIMAL(18, 2)", -1e15, 1e15)
PRODUCT = "CAST(CAST({0} AS DECIMAL(19, 2)) * {1} AS DECIMAL(31, 4))"


def told(sql: str) -> str:
    return narrowed(parse_one(sql, dialect="duckdb"), (PRICE, COUNT, HUGE)).sql(dialect="duckdb")


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (f"SUM({PRODUCT.format('t.price', 't.price')})", "SUM(t.price * t.price)"),
        (PRODUCT.format("t.price", "t.price"), "CAST(t.price * t.price AS DECIMAL(31, 4))"),
        (
            "SUM(CAST(CAST(t.price AS DECIMAL(19, 2)) * t.n AS DECIMAL(38, 2)))",
            "SUM(t.price * CAST(t.n AS DECIMAL(4, 0)))",
        ),
        (
            (
                f"SUM(CASE WHEN t.n > 0 THEN {PRODUCT.format('t.price', 't.price')} "
                "ELSE CAST(0.0000 AS DECIMAL(31, 4)) END)"
            ),
            "SUM(CASE WHEN t.n > 0 THEN t.price * t.price ELSE CAST(0.0000 AS DECIMAL(4, 4)) END)",
        ),
    ],
)
def test_what_fits_is_narrowed(wide: str, narrow: str) -> None:
    assert told(f"SELECT {wide} FROM t") == f"SELECT {narrow} FROM t"
    inner = "(SELECT x.price AS price, x.n AS n FROM t AS x) AS t"
    assert told(f"SELECT {wide} FROM {inner}") == f"SELECT {narrow} FROM {inner}"


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT SUM({PRODUCT.format('t.huge', 't.huge')}) FROM t",  # does not fit
        f"SELECT SUM({PRODUCT.format('t.other', 't.price')}) FROM t",  # nothing is known
        f"SELECT SUM({PRODUCT.format('t.price', 't.price')}) FROM other AS t",
        f"SELECT SUM({PRODUCT.format('t.price', 't.price')}) FROM (SELECT x.huge AS price FROM t AS x) AS t",
        f"SELECT SUM({PRODUCT.format('t.price', 't.price')}) FROM t AS t(huge, price)",
        f"WITH t AS (SELECT 1 AS price) SELECT SUM({PRODUCT.format('t.price', 't.price')}) FROM t",
        f"SELECT (SELECT SUM({PRODUCT.format('t.price', 't.price')}) FROM (VALUES (1)) AS t(price)) FROM t",
        "SELECT SUM(CAST(CAST(t.price AS DECIMAL(19, 2)) * t.price AS DECIMAL(38, 1))) FROM t",  # rounds
        "SELECT SUM(CAST(t.n AS BIGINT)) FROM t",  # no decimal
    ],
)
def test_what_may_not_fit_or_is_something_else_stays(query: str) -> None:
    assert told(query) == parse_one(query, dialect="duckdb").sql(dialect="duckdb")


QUERIES = (
    "SELECT SUM(a * b) AS s, SUM(a * (1 - b) * (1 + c)) AS t, SUM(n * a) AS u FROM {0}",
    "SELECT a * b AS x, a * b - c * n AS y, -a * (b + 0.5) AS z FROM {0} ORDER BY a, b, c, n",
    "SELECT n, AVG(a * b) AS m, MAX(a * b * c) AS h FROM {0} GROUP BY n HAVING SUM(a * b) > 0 ORDER BY n",
    ("SELECT SUM(CASE WHEN n > 0 THEN a * b ELSE 0 END) AS s, SUM(x.p) AS t "
    "FROM (SELECT n, a, b, a * c AS p FROM {0}) AS x"),
    "SELECT SUM(l.a * r.b) AS s FROM {0} AS l LEFT JOIN {0} AS r ON l.n = r.n",
)  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One for all examples: DuckDB is opened anew for each folder."""
    storage = open_storage(tmp_path_factory.mktemp("narrow"))
    return Session(InlineTasks(), storage, nodes=lambda _: 1, models=lambda: None)


@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_answers_are_the_same_to_the_type(
    data: st.DataObject, session: Session, tmp_path_factory: pytest.TempPathFactory
) -> None:
    columns: dict[str, Any] = {"n": pa.array(data.draw(_whole()), pa.int64())}
    for name in "abc":
        precision = data.draw(st.integers(2, 11), label=f"precision of {name}")
        scale = data.draw(st.integers(0, min(precision, 3)), label=f"scale of {name}")
        greatest = 10 ** data.draw(st.integers(1, precision)) - 1
        units = data.draw(st.lists(_null_or(st.integers(-greatest, greatest)), min_size=5, max_size=5))
        values = [None if unit is None else Decimal(unit).scaleb(-scale) for unit in units]
        columns[name] = pa.array(values, pa.decimal128(precision, scale))
    pq.write_table(pa.table(columns), tmp_path_factory.getbasetemp() / "narrow0/t.parquet")
    for query in QUERIES:
        text = query.format("OPENROWSET(BULK 't.parquet', FORMAT = 'PARQUET') AS t")
        if "{0} AS l" in query or "FROM {0})" in query:
            text = query.format("(SELECT * FROM OPENROWSET(BULK 't.parquet', FORMAT = 'PARQUET') AS t)")
            text = text.replace(") AS t))", ") AS t) AS t)")
        assert _answer(session, text, narrow=True) == _answer(session, text, narrow=False)


def _whole() -> st.SearchStrategy[list[int | None]]:
    return st.lists(_null_or(st.integers(-3, 3)), min_size=5, max_size=5)


def _null_or(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | values


def _answer(session: Session, text: str, *, narrow: bool) -> tuple[pa.Schema, list[dict[str, Any]]] | str:
    def as_it_is(query: exp.Query, _: Any) -> exp.Query:
        return query

    with pytest.MonkeyPatch.context() as patch:
        if not narrow:
            patch.setattr(execute, "narrowed", as_it_is)
        execute._rendered.cache_clear()
        try:
            table = session.run(text).to_arrow()
        except Exception as error:  # noqa: BLE001 - an overflow is an answer too
            return type(error).__name__
        finally:
            execute._rendered.cache_clear()
    return table.schema, table.to_pylist()
