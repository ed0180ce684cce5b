"""Statements in the shapes that Synapse's articles, quickstarts and tutorials publish, with their answers.

A file holds cases: `--- title`, T-SQL, and what it gives. `--= names` begins a result set, `--> values` is
a row of it (in that order where the T-SQL has ORDER BY), `--p text` is what is printed, and `--! Class: text`
the error whose line begins so. Cases of a file run one after the other in one session.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from published_files import write_files
from shown import shown

from engine.errors import NotFoundError, TarnError
from engine.lake import open_storage
from engine.runtime import InlineTasks
from engine.session import Session
from engine.session.profile import Profile
from engine.sql.meaning import CI

FILES = sorted((Path(__file__).parent / "published").glob("*.sql"))
MARKS = ("--= ", "--> ", "--p ", "--! ")


@dataclass(frozen=True)
class Case:
    """One script and the lines that say what it gives."""

    title: str
    text: str
    want: tuple[str, ...]


def cases(path: Path) -> Iterator[Case]:
    for block in path.read_text().split("--- ")[1:]:
        title, *lines = block.rstrip().splitlines()
        text = "\n".join(line for line in lines if not line.startswith(MARKS))
        yield Case(title, text, tuple(line for line in lines if line.startswith(MARKS)))


def given(session: Session, case: Case, home: Path) -> list[str]:
    """What the case gives, in the lines of the files."""
    try:
        result = session.run(case.text)
    except TarnError as error:
        return [f"--! {type(error).__name__}: {error}".replace(f"{home}/", "")]
    lines = []
    for one in result.results:
        table = one.to_arrow()
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        told = [f"--> {' | '.join(map(shown, row))}" for row in rows]
        ordered = "ORDER BY" in case.text.upper()
        lines += [f"--= {', '.join(table.column_names)}", *(told if ordered else sorted(told))]
    return [*lines, *(f"--p {message}" for message in result.messages)]


def agrees(want: tuple[str, ...], found: list[str]) -> bool:
    if want and want[0].startswith("--! "):
        return len(found) == 1 and found[0].startswith(want[0])
    return list(want) == found


ANSWERS = Path(__file__).resolve().parents[3] / "shared" / "spec" / "tsql_cases.json"


@pytest.mark.skipif(not ANSWERS.exists(), reason="needs the answers of SQL Server in ../shared")
@pytest.mark.parametrize("nodes", [1, 3])
def test_expressions_have_the_answers_of_sql_server(nodes: int, tmp_path: Path) -> None:
    told = json.loads(ANSWERS.read_text())
    profile = Profile(collation=CI)
    session = Session(
        InlineTasks(), open_storage(tmp_path), nodes=lambda _: nodes, models=None, profile=profile
    )
    for statement in told["setup"]:
        # Written for another dialect: its timestamps are datetime2, its texts have any length.
        text = statement.replace("timestamp '", "'").replace(" timestamp", " datetime2")
        session.run(re.sub(r"\bvarchar\b", "varchar(20)", text))
    wrong = []
    for case in told["cases"]:
        found = session.run(case["sql"]).scalar()
        if (found.isoformat() if isinstance(found, dt.date) else found) != case["want"]:
            wrong.append((case["sql"], found, case["want"]))
    assert not wrong


def runs() -> Iterator[Any]:
    """Every file on one node and on three; three of them are enough for every day."""
    for path in FILES:
        for nodes in (1, 3):
            daily = nodes == 3 and path.stem in ("appendix", "serverless", "shapes")
            yield pytest.param(
                path, nodes, id=f"{path.stem}_{nodes}", marks=() if daily else pytest.mark.slow
            )


@pytest.mark.parametrize(("path", "nodes"), list(runs()))
def test_published_statements_give_what_they_should(path: Path, nodes: int, tmp_path: Path) -> None:
    def no_models() -> Any:
        raise NotFoundError("There is no model.", "Register one.")

    write_files(tmp_path)
    session = Session(InlineTasks(), open_storage(tmp_path), nodes=lambda _: nodes, models=no_models)
    wrong = []
    for case in cases(path):
        found = given(session, case, tmp_path)
        if not agrees(case.want, found):
            wrong.append("\n".join([f"--- {case.title}", *case.want, "gave", *found]))
    assert not wrong, "\n".join(wrong)
