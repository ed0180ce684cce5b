"""Every golden case: what it becomes, and what must hold of any statement."""

from __future__ import annotations

import pickle

import pytest
from syntax_golden import Case, all_cases, left_over, printed

from engine.errors import SqlError
from engine.sql.syntax import parse_query, parse_script
from engine.sql.syntax.dialect import Tarn
from engine.sql.syntax.statements.queries import QueryStatement
from engine.sql.syntax.tokens import Kind, tokenize

CASES = all_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])


@each_case
def test_a_text_becomes_its_statements(case: Case) -> None:
    assert printed(case.text) == case.printed


@each_case
def test_statements_cover_the_text_and_know_their_places(case: Case) -> None:
    batches = parse_script(case.text)
    assert left_over(case.text, batches) == ""
    for statement in (statement for batch in batches for statement in batch.statements):
        before = case.text[: statement.source.start].split("\n")
        assert (statement.source.line, statement.source.column) == (len(before), len(before[-1]) + 1)


@each_case
def test_statements_are_values(case: Case) -> None:
    batches = parse_script(case.text)
    assert pickle.loads(pickle.dumps(batches)) == batches
    assert hash(parse_script(case.text)) == hash(batches)


@each_case
def test_a_printed_query_means_the_same(case: Case) -> None:
    """What is printed parses, and prints as itself: nothing of a tree is left out by the printer."""
    for statement in (statement for batch in parse_script(case.text) for statement in batch.statements):
        if isinstance(statement, QueryStatement):
            text = statement.query.sql(dialect=Tarn)
            assert parse_query(text).sql(dialect=Tarn) == text


# Words that T-SQL has for the ear only. All others must change the statement when they are taken away.
NOISE = {
    "+": "a plus sign before a value",
    ",": "between the hints of a table",
    "::": "RENAME OBJECT::name",
    ";": "between statements",
    "ALL": "SUM(ALL x)",
    "AS": "before an alias, a type or a default",
    "ASC": "of a key that nobody enforces",
    "CONSTRAINT": "DROP CONSTRAINT name",
    "DESC": "of a key that nobody enforces",
    "EXEC": "before the first procedure of a batch",
    "FROM": "DELETE FROM",
    "GO": "of a batch without statements",
    "INTO": "INSERT INTO, MERGE INTO",
    "NONCLUSTERED": "PRIMARY KEY NONCLUSTERED",
    "TRANSACTION": "ROLLBACK TRANSACTION",
    "WITH": "before the hints of a table",
    "WORK": "COMMIT WORK",
    "3": "of a GO of a batch without statements",
}


@each_case
def test_no_word_is_dropped(case: Case) -> None:
    """Take any one word away: the text is no T-SQL any more, or it means something else."""
    dropped = set()
    for token in tokenize(case.text):
        if token.kind is Kind.END or (
            token.value in NOISE and token.kind in (Kind.WORD, Kind.SYMBOL, Kind.NUMBER)
        ):
            continue
        try:
            without = printed(f"{case.text[: token.start]} {case.text[token.end :]}")
        except SqlError:
            continue
        if without == case.printed:
            dropped.add(token.text)
    assert not dropped
