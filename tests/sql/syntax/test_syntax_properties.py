"""What holds for any text, any script and any expression."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp
from syntax_golden import all_cases, left_over

from engine.errors import SqlError
from engine.sql.syntax import parse_query, parse_script
from engine.sql.syntax.dialect import Tarn
from engine.sql.syntax.statements.base import Statement
from engine.sql.syntax.statements.objects import CreateProcedure
from engine.sql.syntax.tokens import Kind, tokenize

CASES = [case for case in all_cases() if "\nGO" not in case.text.upper()]
WORDS = sorted({token.text for case in CASES for token in tokenize(case.text)} - {""})


def parses_or_says_why(text: str) -> None:
    """A script parses and its statements cover it, or the error names a place in it."""
    try:
        left = left_over(text, parse_script(text))
    except SqlError as error:
        place = error.data
    else:
        assert left == ""
        return
    assert 1 <= place["line"] <= text.count("\n") + text.count("\r") + 1
    assert place["column"] >= 1
    assert place["token"] in text


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_parses_or_says_why(text: str) -> None:
    parses_or_says_why(text)


@given(
    st.lists(st.sampled_from([*WORDS, "\n", "GO", "/*", "*/", "--", "'", "[", '"', "0x", "1e"]), max_size=40)
)
@settings(max_examples=600, deadline=None)
def test_any_words_parse_or_say_why(words: list[str]) -> None:
    parses_or_says_why(" ".join(words))


@given(st.sampled_from(CASES), st.data())
@settings(max_examples=600, deadline=None)
def test_a_damaged_script_parses_or_says_why(case: object, data: st.DataObject) -> None:
    """One word is taken away, said twice or replaced."""
    text: str = case.text  # type: ignore[attr-defined]
    tokens = [token for token in tokenize(text) if token.kind is not Kind.END]
    token = data.draw(st.sampled_from(tokens))
    instead = data.draw(st.sampled_from(["", f"{token.text} {token.text}", *WORDS]))
    parses_or_says_why(f"{text[: token.start]} {instead} {text[token.end :]}")


def alone(case: object) -> bool:
    statements = parse_script(case.text)[0].statements  # type: ignore[attr-defined]
    return len(statements) == 1 and not isinstance(statements[0], CreateProcedure)


ALONE = [case.text.rstrip(";") for case in CASES if alone(case)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ALONE), st.sampled_from([";", ";\n", " ; /* ; */", "\nGO\n", "\n go 2 \r\n"])
        )
    ),
    st.sampled_from(["", " ", "-- nothing\n", "\ufeff"]),
)
@settings(max_examples=150, deadline=None)
def test_a_script_gives_its_statements_back(parts: list[tuple[str, str]], before: str) -> None:
    text = before + "".join(statement + between for statement, between in parts)
    batches = parse_script(text)
    assert [statement.source.text for batch in batches for statement in batch.statements] == [
        statement for statement, _ in parts
    ]
    assert left_over(text, batches) == ""


def nested(statement: Statement) -> Iterator[Statement]:
    """All statements inside one."""
    for name in statement.__dataclass_fields__:
        value = getattr(statement, name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Statement):
                yield inner
                yield from nested(inner)


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_inner_statements_lie_in_their_outer_ones(case: object) -> None:
    for statement in parse_script(case.text)[0].statements:  # type: ignore[attr-defined]
        for inner in nested(statement):
            assert statement.source.start < inner.source.start
            assert inner.source.end <= statement.source.end


# T-SQL's operators by the documented precedence, tightest first; all of them associate to the left.
LEVELS: list[dict[str, Callable[[int, int], int]]] = [
    {"*": operator.mul},
    {"+": operator.add, "-": operator.sub, "&": operator.and_, "^": operator.xor, "|": operator.or_},
]


def value_of(items: list[int | str]) -> int:
    """Evaluate numbers and operators without any grammar: level by level, from left to right."""
    for level in LEVELS:
        reduced: list[int | str] = [items[0]]
        for sign, number in zip(items[1::2], items[2::2], strict=True):
            if sign in level:
                reduced[-1] = level[str(sign)](int(reduced[-1]), int(number))
            else:
                reduced += [sign, number]
        items = reduced
    (result,) = items
    return int(result)


numbers = st.integers(0, 10)  # nine of them multiplied stay below DuckDB's INT32
chains = st.lists(
    st.tuples(st.sampled_from([sign for level in LEVELS for sign in level]), numbers), max_size=8
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@given(first=numbers, rest=chains)
@settings(max_examples=300, deadline=None)
def test_operators_bind_as_in_tsql(
    connection: duckdb.DuckDBPyConnection, first: int, rest: list[tuple[str, int]]
) -> None:
    """The tree has T-SQL's meaning, and keeps it when it is written for another dialect."""
    items: list[int | str] = [first, *(item for pair in rest for item in pair)]
    query = parse_query(f"SELECT {' '.join(map(str, items))}")
    (found,) = connection.sql(query.sql(dialect="duckdb")).fetchall()
    assert found == (value_of(items),)
    assert parse_query(query.sql(dialect=Tarn)).sql(dialect=Tarn) == query.sql(dialect=Tarn)


atoms = st.sampled_from(
    ["a = 1", "a <> b", "a IN (1, 2)", "a BETWEEN 1 AND 2", "a LIKE 'x'", "a IS NULL", "(a) < 1"]
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("NOT {}".format, inner),
        st.builds("({})".format, inner),
        st.builds("{} AND {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
    ),
    max_leaves=12,
)


@given(conditions)
@settings(max_examples=300, deadline=None)
def test_not_and_or_bind_as_in_tsql(text: str) -> None:
    """NOT before AND before OR: no operand of a connector is one that binds looser, unless in parentheses."""
    condition = parse_query(f"SELECT 1 WHERE {text}").args["where"].this
    for node in condition.walk():
        if isinstance(node, exp.And):
            assert not any(isinstance(side, exp.Or) for side in (node.this, node.expression))
        if isinstance(node, exp.Not):
            assert not isinstance(node.this, exp.Connector)
    assert parse_query(f"SELECT 1 WHERE {condition.sql(dialect=Tarn)}").args["where"].this == condition
