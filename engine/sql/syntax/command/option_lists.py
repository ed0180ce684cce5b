"""`(NAME = value, ...)`: the form of most WITH clauses of T-SQL's own objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.sql.syntax.query.grammar import Grammar


def option_list(p: Grammar, rules: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Read a list of options.

    Args:
        p: Before the opening parenthesis.
        rules: What each option may be followed by.

    Returns:
        The values under their names in lower case.

    Raises:
        SqlSyntaxError: An option that is not in `rules`, or one that is given twice.
    """
    given: dict[str, Any] = {}
    p.wrapped_list(lambda: option(p, rules, given))
    return given


def option(p: Grammar, rules: Mapping[str, Callable[[], Any]], given: dict[str, Any]) -> None:
    """Read one option into `given`, under its name in lower case.

    Raises:
        SqlSyntaxError: It is not in `rules`, or was given before.
    """
    token = p.token
    name = p.expect_any(tuple(rules))
    if name.lower() in given:
        p.fail(f"{name} is given twice", token=token)
    p.expect("=")
    given[name.lower()] = rules[name]()


def require(p: Grammar, options: Mapping[str, Any], *names: str) -> None:
    """Fail for the first of `names` that was not given."""
    for name in names:
        if name not in options:
            p.fail(f"{name.upper()} = ... is missing", token=p.peek(-1))
