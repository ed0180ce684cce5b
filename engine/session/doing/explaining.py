"""EXPLAIN: the plan of a query as text, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.runtime import Held, bind_held
from engine.session.binding.relations import Relation
from engine.session.result import ResultSet
from engine.sql.meaning import parse_type, to_duckdb
from engine.sql.plan import explain
from engine.sql.syntax.statements.queries import QueryStatement

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.flow import Explain

_COLUMN = "step"
_TEXT = parse_type("nvarchar(4000)")


def do_explain(run: Run, statement: Explain) -> None:
    """One row per line of the plan: its steps, their moves with estimates, what they read."""
    inner = statement.statement
    if not isinstance(inner, QueryStatement):
        raise UnsupportedSqlError("EXPLAIN takes a query here.", "Explain the SELECT of the statement.")
    if statement.recommendations:
        raise UnsupportedSqlError("WITH_RECOMMENDATIONS is not supported.", "Leave it out.")
    bound = run.look_at(inner.query)
    plan = run.world.machine.plan(run.translated(bound), bound.relations)
    lines = pa.table({_COLUMN: pa.array(explain(plan).splitlines(), pa.string())})
    relation = Relation(
        _COLUMN, {_COLUMN: _TEXT}, bind_held(_COLUMN, Held((lines,), lines.schema, len(lines)))
    )
    shown = to_duckdb(exp.select(_COLUMN).from_(_COLUMN), {_COLUMN: relation.columns})
    run.results.append(ResultSet(((_COLUMN, _TEXT),), run.world.machine.answer(shown, {_COLUMN: relation})))
    run.counted(len(lines))
