"""Properties held against plain Python: what a text says, which texts are equal, exact arithmetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal, localcontext

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meaning_values import connection
from sqlglot import exp

from engine.sql.meaning import BIN2, CI, Collation, parse_type, to_duckdb
from engine.sql.meaning.arithmetic_types import quotient_digits
from engine.sql.meaning.dates.moments import read_moment
from engine.sql.meaning.dates.rounding import rounded_datetime
from engine.sql.meaning.patterns import read_pattern
from engine.sql.syntax import parse_query

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = connection()
    yield con
    con.close()


def rows(con: duckdb.DuckDBPyConnection, columns: dict[str, list[object]], kinds: dict[str, str]) -> None:
    """Put lists into the table `data`, one row for each element."""
    con.execute(
        f"CREATE OR REPLACE TABLE data({', '.join(f'{name} {kinds[name]}' for name in columns)})"
    ).fetchall()
    for values in zip(*columns.values(), strict=True):
        con.execute(f"INSERT INTO data VALUES ({', '.join('?' * len(columns))})", list(values)).fetchall()


def translated(sql: str, collation: Collation = BIN2, **columns: str) -> str:
    schema = {"data": {name: parse_type(kind) for name, kind in columns.items()}}
    return to_duckdb(parse_query(sql), schema, collation=collation).sql(dialect="duckdb")


MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec january february june september".split()
SEPARATORS = st.sampled_from([" ", "-", "/", ".", ", ", "", "  "])
NUMBERS = st.integers(0, 9999).map(str) | st.integers(1, 12).map(lambda n: f"{n:02}")
WORDS = st.sampled_from(
    [*MONTHS, "t", "am", "pm", "z", ":", "10:20", "10:20:30.5", "23:59:59", "+02:00", "2024"]
)
MOMENTS = (
    st.lists(st.tuples(NUMBERS | WORDS, SEPARATORS), min_size=1, max_size=6).map(
        lambda parts: "".join(word + separator for word, separator in parts)
    )
    | st.dates(dt.date(1, 1, 1)).map(str)
    | st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2100, 1, 1)).map(lambda d: f"{d:%b %d %Y %I:%M%p}")
    | st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9000, 1, 1)).map(lambda d: d.isoformat())
    | st.dates(dt.date(1900, 1, 1)).map(lambda d: f"{d:%m/%d/%y}")
)


@settings(RELAXED, max_examples=30)
@given(texts=st.lists(MOMENTS, min_size=10, max_size=10))
def test_columns_of_dates_are_read_as_constants_are(con: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    rows(con, {"s": list(texts)}, {"s": "VARCHAR"})
    found = con.sql("SELECT tsql_read_moment(s, TRUE) AS d FROM data").to_arrow_table().column(0).to_pylist()
    assert found == [_expected_moment(text) for text in texts]


def _expected_moment(text: str) -> dt.datetime | None:
    moment = read_moment(text)
    if moment is None:
        return None
    return dt.datetime.combine(moment.date, dt.time()) + dt.timedelta(microseconds=moment.clock // 10)


@settings(RELAXED, max_examples=40)
@given(moments=st.lists(st.datetimes(dt.datetime(1753, 1, 1), dt.datetime(9999, 12, 31)), min_size=10))
def test_datetime_rounds_alike_in_duckdb_and_python(
    con: duckdb.DuckDBPyConnection, moments: list[dt.datetime]
) -> None:
    rows(con, {"d": list(moments)}, {"d": "TIMESTAMP"})
    found = con.sql("SELECT tsql_datetime(d, FALSE) AS d FROM data").to_arrow_table().column(0).to_pylist()
    assert found == [rounded_datetime(moment) for moment in moments]


TEXTS = st.text(alphabet="aAbB !~é", max_size=5)
COMPARISONS = {
    "=": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def padded(left: str, right: str) -> tuple[str, str]:
    """What T-SQL does before it compares two texts: the shorter one is padded with blanks."""
    width = max(len(left), len(right))
    return left.ljust(width), right.ljust(width)


@settings(RELAXED, max_examples=40)
@given(
    texts=st.lists(TEXTS, min_size=15, max_size=15),
    constant=TEXTS,
    operator=st.sampled_from(sorted(COMPARISONS)),
)
def test_a_column_compares_with_a_constant_as_padded_texts_do(
    con: duckdb.DuckDBPyConnection, texts: list[str], constant: str, operator: str
) -> None:
    rows(con, {"s": list(texts)}, {"s": "VARCHAR"})
    sql = translated(f"SELECT s FROM data WHERE s {operator} '{constant}'", s="varchar(10)")
    found = con.sql(sql).to_arrow_table().column(0).to_pylist()
    pairs = {text: padded(text, constant) for text in texts}
    order = {text: (left > right) - (left < right) for text, (left, right) in pairs.items()}
    assert sorted(found) == sorted(text for text in texts if COMPARISONS[operator](order[text]))


@settings(RELAXED, max_examples=30)
@given(texts=st.lists(TEXTS, min_size=15, max_size=15), constant=TEXTS, folding=st.booleans())
def test_groups_distinct_rows_and_lists_are_those_of_padded_texts(
    con: duckdb.DuckDBPyConnection, texts: list[str], constant: str, folding: bool
) -> None:
    rows(con, {"s": list(texts)}, {"s": "VARCHAR"})
    collation = CI if folding else BIN2
    keys = [(text.lower() if folding else text).rstrip(" ") for text in texts]
    key = (constant.lower() if folding else constant).rstrip(" ")
    counts = {
        "SELECT COUNT(*) FROM (SELECT s FROM data GROUP BY s) AS q": len(set(keys)),
        "SELECT COUNT(*) FROM (SELECT DISTINCT s FROM data) AS q": len(set(keys)),
        "SELECT COUNT(DISTINCT s) FROM data": len(set(keys)),
        "SELECT COUNT(*) FROM data AS a JOIN data AS b ON a.s = b.s": sum(keys.count(one) for one in keys),
        f"SELECT COUNT(*) FROM data WHERE s IN ('{constant}', 'zz')": keys.count(key),
        f"SELECT COUNT(*) FROM data WHERE s = '{constant}'": keys.count(key),
        "SELECT COUNT(*) FROM (SELECT s FROM data UNION SELECT s FROM data) AS q": len(set(keys)),
        f"SELECT COUNT(*) FROM (SELECT s FROM data EXCEPT SELECT '{constant}') AS q": len(set(keys) - {key}),
    }
    for sql, count in counts.items():
        text = translated(sql, collation, s="varchar(10)")
        assert con.sql(text).to_arrow_table().column(0).to_pylist() == [count], sql


def matches(text: str, pattern: str) -> bool:
    """LIKE by its definition: a naive matcher, where blanks at the end of the text need no match."""
    steps = read_pattern(pattern)

    def at(position: int, step: int) -> bool:
        if step == len(steps):
            return text[position:].strip(" ") == ""
        one = steps[step]
        if one.kind == "%":
            return any(at(place, step + 1) for place in range(position, len(text) + 1))
        if position >= len(text):
            return False
        fits = {
            "_": lambda: True,
            "text": lambda: text[position] == one.text,
            "class": lambda: _in_class(text[position], one.text),
            "never": lambda: False,
        }[one.kind]()
        return fits and at(position + 1, step + 1)

    return at(0, 0)


def _in_class(character: str, inside: str) -> bool:
    negated = inside.startswith("^")
    members, index, found = inside.removeprefix("^"), 0, False
    while index < len(members):
        if members[index + 1 : index + 2] == "-" and index + 2 < len(members):
            found |= members[index] <= character <= members[index + 2]
            index += 3
        else:
            found |= members[index] == character
            index += 1
    return found != negated


@settings(RELAXED, max_examples=60)
@given(
    texts=st.lists(st.text(alphabet="ab.- ", max_size=6), min_size=15, max_size=15),
    pattern=st.lists(
        st.sampled_from(["a", "b", ".", " ", "%", "_", "[ab]", "[^a]", "[a-b.]", "-"]), max_size=5
    ),
)
def test_like_matches_what_its_definition_says(
    con: duckdb.DuckDBPyConnection, texts: list[str], pattern: list[str]
) -> None:
    rows(con, {"s": list(texts), "p": ["".join(pattern)] * len(texts)}, {"s": "VARCHAR", "p": "VARCHAR"})
    columns = {"s": "varchar(10)", "p": "varchar(60)"}
    want = sorted(text for text in texts if matches(text, "".join(pattern)))
    constant = translated(f"SELECT s FROM data WHERE s LIKE '{''.join(pattern)}'", **columns)
    assert sorted(con.sql(constant).to_arrow_table().column(0).to_pylist()) == want
    if not any(step.startswith("[") for step in pattern):
        variable = translated("SELECT s FROM data WHERE s LIKE p", **columns)
        assert sorted(con.sql(variable).to_arrow_table().column(0).to_pylist()) == want


@st.composite
def decimals(draw: st.DrawFn) -> tuple[int, int, list[Decimal]]:
    """Precision, scale and eight values of one decimal type."""
    # Two numbers of 18 digits multiplied have 37 at most: beyond 38 T-SQL drops digits or overflows.
    precision = draw(st.integers(1, 18))
    scale = draw(st.integers(0, min(precision, 8)))
    digits = st.integers(-(10**precision) + 1, 10**precision - 1)
    return (
        precision,
        scale,
        [Decimal(value).scaleb(-scale) for value in draw(st.lists(digits, min_size=8, max_size=8))],
    )


@settings(RELAXED, max_examples=60)
@given(left=decimals(), right=decimals(), operator=st.sampled_from("+-*/%"))
def test_decimals_are_exact(
    con: duckdb.DuckDBPyConnection,
    left: tuple[int, int, list[Decimal]],
    right: tuple[int, int, list[Decimal]],
    operator: str,
) -> None:
    pairs = [(a, b) for a, b in zip(left[2], right[2], strict=True) if b or operator not in "/%"]
    kinds = {"a": f"DECIMAL({left[0]}, {left[1]})", "b": f"DECIMAL({right[0]}, {right[1]})"}
    rows(con, {"a": [a for a, _ in pairs], "b": [b for _, b in pairs]}, kinds)
    sql = translated(f"SELECT a {operator} b AS x FROM data", a=kinds["a"], b=kinds["b"])
    found = con.sql(sql).to_arrow_table().column(0).to_pylist()
    assert found == [_exact(a, b, operator, left[:2], right[:2]) for a, b in pairs]


def _exact(a: Decimal, b: Decimal, operator: str, left: tuple[int, int], right: tuple[int, int]) -> Decimal:
    with localcontext(prec=100):
        if operator == "/":
            scale = quotient_digits(left, right)[1]
            return (a / b).quantize(Decimal(1).scaleb(-scale), ROUND_DOWN)
        exact = {"+": a + b, "-": a - b, "*": a * b}.get(operator)
        return a - b * (a / b).to_integral_value(ROUND_DOWN) if exact is None else exact


@settings(RELAXED, max_examples=80)
@given(data=st.data())
def test_translation_leaves_the_tree_as_it_was(data: st.DataObject) -> None:
    sql = data.draw(
        st.sampled_from(
            (
                "SELECT DISTINCT s FROM data ORDER BY s",
                "SELECT TOP 1 WITH TIES s, COUNT(*) FROM data GROUP BY s WITH ROLLUP ORDER BY s",
                "WITH c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT n FROM c",
                "SELECT * FROM (SELECT s, i FROM data) AS q PIVOT (SUM(i) FOR s IN ([a], [b])) AS p",
                "SELECT i FROM data FOR JSON PATH",
            )
        )
    )
    tree = parse_query(sql)
    before = tree.copy()
    schema = {"data": {"s": parse_type("varchar(5)"), "i": parse_type("int")}}
    first = to_duckdb(tree, schema)
    assert tree == before
    assert to_duckdb(tree, schema) == first
    assert not any(
        node.parent is None for node in first.walk() if node is not first and isinstance(node, exp.Expr)
    )
