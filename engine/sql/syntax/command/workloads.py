"""CREATE WORKLOAD GROUP, CREATE WORKLOAD CLASSIFIER, KILL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.syntax.command.option_lists import option_list, require
from engine.sql.syntax.statements.workloads import CreateWorkloadClassifier, CreateWorkloadGroup, Kill
from engine.sql.syntax.tokens import Kind

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar
    from engine.sql.syntax.statements.base import Statement

_PERCENT = (
    "MIN_PERCENTAGE_RESOURCE", "CAP_PERCENTAGE_RESOURCE", "REQUEST_MIN_RESOURCE_GRANT_PERCENT",
    "REQUEST_MAX_RESOURCE_GRANT_PERCENT",
)  # fmt: skip
_TEXT = ("WORKLOAD_GROUP", "MEMBERNAME", "WLM_LABEL", "WLM_CONTEXT", "START_TIME", "END_TIME")


def create_workload_group(p: Grammar, start: int) -> Statement:
    """`name WITH (MIN_PERCENTAGE_RESOURCE = n, ...)`."""
    name = p.identifier().name
    p.expect("WITH")
    rules = {
        **dict.fromkeys(_PERCENT, lambda: p.expect_kind(Kind.NUMBER).value),
        "IMPORTANCE": lambda: _word(p),
        "QUERY_EXECUTION_TIMEOUT_SEC": p.whole_number,
    }
    given = option_list(p, rules)
    require(p, given, *(name.lower() for name in _PERCENT[:3]))
    return CreateWorkloadGroup(p.since(start), name, **given)


def create_workload_classifier(p: Grammar, start: int) -> Statement:
    """`name WITH (WORKLOAD_GROUP = '...', MEMBERNAME = '...', ...)`."""
    name = p.identifier().name
    p.expect("WITH")
    given = option_list(p, {**dict.fromkeys(_TEXT, p.text), "IMPORTANCE": lambda: _word(p)})
    require(p, given, "workload_group", "membername")
    return CreateWorkloadClassifier(p.since(start), name, **given)


def _word(p: Grammar) -> str:
    return p.identifier().name.upper() if p.at_name() else p.text().upper()


def kill(p: Grammar, start: int) -> Statement:
    p.expect("KILL")
    session = p.text()
    return Kill(p.since(start), session)
