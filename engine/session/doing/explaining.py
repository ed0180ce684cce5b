"""EXPLAIN and SET SHOWPLAN: how a statement would be done, as text or XML; nothing of it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from engine.errors import UnsupportedSqlError
from engine.runtime import answer_of, reads_of
from engine.session.planning import PlanFound, Planning
from engine.session.result import ResultSet
from engine.sql.meaning import parse_type
from engine.sql.plan import explain, explain_xml
from engine.sql.plan.explain import moved_bytes, operation_of
from engine.sql.syntax.statements import queries, tables

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.plan import Plan
    from engine.sql.syntax.statements.base import Statement
    from engine.sql.syntax.statements.flow import Explain

# What has a plan: each asks for its rows before it writes any.
EXPLAINED = (
    queries.Delete, queries.Insert, queries.Merge, queries.Select, queries.SelectInto, queries.Update,
    tables.CreateTableAs,
)  # fmt: skip
_SHOWN_FILES = 10


def do_explain(run: Run, statement: Explain) -> None:
    """Text, one row for each line; the documented XML WITH_RECOMMENDATIONS, and always on a strict pool."""
    xml = statement.recommendations or run.world.profile.strict
    show_plan(run, statement.statement, xml=xml, recommendations=statement.recommendations)


def show_plan(run: Run, statement: Statement, *, xml: bool, recommendations: bool = False) -> None:
    """Give the plan of a statement as a result set.

    Raises:
        UnsupportedSqlError: It has none.
    """
    if not isinstance(statement, EXPLAINED):
        raise UnsupportedSqlError(
            "This statement has no plan.",
            "EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, MERGE, SELECT INTO or CREATE TABLE AS SELECT.",
        )
    found = _found(run, statement)
    if xml:
        views = _candidates(statement) if recommendations else []
        _give(run, "explain", "nvarchar(max)", [explain_xml(found.plan, statement.source.text, views)])
        return
    lines = explain(found.plan).splitlines()
    _give(
        run, "step", "nvarchar(4000)", [*lines, *_move_lines(found.plan), *_read_lines(found), *_notes(found)]
    )


def _found(run: Run, statement: Statement) -> PlanFound:
    world = run.world
    machine, dry = world.machine, world.dry
    world.machine, world.dry = Planning.of(machine), True
    try:
        with machine.recorder.silence():
            if isinstance(statement, queries.Select):
                bound = run.bind(statement.query)
                world.machine.answer_to_write(run.translated(bound), bound.relations)
            run.perform(run, statement)
    except PlanFound as found:
        return found
    finally:
        world.machine, world.dry = machine, dry
    raise UnsupportedSqlError("The statement computes no rows, so it has no plan.", "Run it.")


def _give(run: Run, name: str, kind: str, lines: list[str]) -> None:
    table = pa.table({name: pa.array(lines, pa.string())})
    answer = answer_of(run.world.machine.pool, table)
    run.results.append(ResultSet(((name, parse_type(kind)),), answer, shown=len(lines)))
    run.counted(len(lines))


def _move_lines(plan: Plan) -> Iterator[str]:
    """What would travel from node to node."""
    for step in plan.moves:
        if moved := moved_bytes(step, plan.nodes):
            yield ""
            rows = f"about {step.size.rows:,.0f} rows"
            yield f"{operation_of(step)} of {step.name}: {rows}, {_megabytes(moved)} from node to node"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.3g} MB"


def _read_lines(found: PlanFound) -> Iterator[str]:
    """The files that would be opened."""
    rows = {key: relation.rows for key, relation in found.relations.items()}
    for read in reads_of(found.plan, rows):
        yield ""
        size = f"about {_megabytes(read.bytes)} to read"
        yield f"files of {read.table}: {len(read.files)} of {read.there}, {size}"
        yield from (f"  {file}" for file in read.files[:_SHOWN_FILES])
        if len(read.files) > _SHOWN_FILES:
            yield f"  and {len(read.files) - _SHOWN_FILES} more"


def _notes(found: PlanFound) -> Iterator[str]:
    """How rows come about that a step before this plan makes."""
    for relation in found.relations.values():
        yield from relation.notes and ("", *relation.notes)


def _candidates(statement: Statement) -> list[str]:
    """Materialized views that would answer the statement: of a query that groups, the query itself."""
    query = getattr(statement, "query", None)
    select = query.find(exp.Select) if isinstance(query, exp.Query) else None
    if select is None or not (select.args.get("group") or select.find(exp.AggFunc)):
        return []
    keys = select.args["group"].expressions if select.args.get("group") else []
    column = next((key.name for key in keys if isinstance(key, exp.Column)), None)
    layout = f"HASH([{column}])" if column else "ROUND_ROBIN"
    kept = select.copy()
    for clause in ("order", "limit", "options"):
        kept.set(clause, None)
    return [f"CREATE MATERIALIZED VIEW View1 WITH (DISTRIBUTION = {layout}) AS {kept.sql(dialect='tsql')}"]
