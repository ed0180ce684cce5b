"""By what the rows of a stored table are placed: the contract of the planner with writers of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.plan.facts import Hash, TableFacts
from engine.sql.plan.hashing import form_named, hashed_value
from engine.sql.plan.trees import column

if TYPE_CHECKING:
    from sqlglot import exp


def hash_columns(facts: TableFacts) -> tuple[tuple[str, str], ...]:
    """The columns by which a table's rows are hashed, each with its canonical form; none for other layouts.

    A table with a hash column of a type that is not hashed (a list, an interval) counts as scattered.
    """
    if not isinstance(facts.layout, Hash):
        return ()
    listed = []
    for name in facts.layout.columns:
        form = form_named(facts.columns[name.lower()].type)
        if form is None:
            return ()
        listed.append((name.lower(), form))
    return tuple(listed)


def placing_keys(facts: TableFacts) -> tuple[exp.Expr, ...]:
    """Expressions over a table's columns whose values decide each row's distribution; none: any will do.

    Whoever writes a table and whoever moves rows must use one function from these values to distributions.
    """
    return tuple(hashed_value(column(name), form) for name, form in hash_columns(facts))
