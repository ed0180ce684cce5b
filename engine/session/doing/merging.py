"""MERGE: the target's rows after all clauses, computed by one query and replaced in one commit.

What stays of the target is each of its rows beside the source's row that matches it; what is inserted are
the source's rows without a match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, SqlRuntimeError, UnsupportedSqlError
from engine.session.binding.trees import column as column_tree
from engine.session.binding.trees import exposed, named, quoted
from engine.session.doing.changing import always, assigned_values
from engine.session.doing.inserting import default_of
from engine.session.doing.targets import Target, columns_named, find_target
from engine.sql.syntax import Name
from engine.sql.syntax.nodes import Default
from engine.sql.syntax.statements.queries import (
    Merge,
    MergeClause,
    MergeDelete,
    MergeInsert,
    MergeUpdate,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.doing.run import Run

_HIT = "hit of source"
_TWICE = 8672
_INSERTING = ("NOT MATCHED", "NOT MATCHED BY TARGET")
_MESSAGE = (
    "The MERGE statement attempted to UPDATE or DELETE the same row more than once. "
    "This happens when a target row matches more than one source row."
)


@dataclass(frozen=True, slots=True)
class _Merging:
    """A MERGE with its parts found."""

    statement: Merge
    target: Target
    alias: str
    source: exp.Expr

    def with_ctes(self, query: exp.Select) -> exp.Select:
        if self.statement.with_ is not None:
            query.set("with_", self.statement.with_.copy())
        return query

    @property
    def changing(self) -> list[MergeClause]:
        """Clauses about rows of the target, in order."""
        return [clause for clause in self.statement.clauses if clause.match not in _INSERTING]

    @property
    def inserting(self) -> list[MergeClause]:
        return [clause for clause in self.statement.clauses if clause.match in _INSERTING]


def do_merge(run: Run, statement: Merge) -> None:
    """MERGE INTO ... in one commit; a row that two rows of the source would change is an error."""
    if statement.top is not None:
        raise UnsupportedSqlError("MERGE with TOP is not supported.", "Choose the rows in USING.")
    target = find_target(run, Name.of(statement.target))
    merging = _Merging(statement, target, (exposed(statement.target) or [""])[-1], _marked(statement.using))
    changed, inserted = _counts(run, merging)
    if changed or inserted:
        query: exp.Query = _staying(merging)
        if inserted:
            query = exp.Union(this=query, expression=_inserted(merging), distinct=False)
        if statement.with_ is not None:
            query.set("with_", statement.with_.copy())
        target.write(run, target.rows(run, run.bind(query)), "overwrite")
    run.counted(changed + inserted)


def _marked(using: exp.Expr) -> exp.Expr:
    """The source with a column that says that there is a row of it."""
    alias = exposed(using)[-1]
    inner = using.copy()
    every = exp.Column(this=exp.Star(), table=quoted(alias))
    query = exp.Select(expressions=[every, named(exp.Literal.number(1), _HIT)]).from_(inner)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=quoted(alias)))


def _joined(merging: _Merging, items: Sequence[exp.Expr]) -> exp.Select:
    """Every row of the target once, with a source's row that matches: one that a clause acts on first."""
    alias = merging.source.alias
    every = exp.Column(this=exp.Star(), table=quoted(alias))
    match = exp.Select(expressions=[every]).from_(merging.source.copy(), copy=False)
    match = match.where(merging.statement.on.copy(), copy=False)
    acts = exp.Case(
        ifs=[exp.If(this=_acts(merging), true=exp.Literal.number(0))], default=exp.Literal.number(1)
    )
    match.set("order", exp.Order(expressions=[exp.Ordered(this=acts)]))
    match.set("limit", exp.Limit(expression=exp.Literal.number(1)))
    match.args["limit"].meta["top"] = True
    lateral = exp.Lateral(
        this=exp.Subquery(this=match), alias=exp.TableAlias(this=quoted(alias)), cross_apply=False
    )
    query = exp.Select(expressions=list(items)).from_(merging.target.table(merging.alias), copy=False)
    query.set("joins", [exp.Join(this=lateral)])
    return query


def _acts(merging: _Merging) -> exp.Expr:
    """Whether a clause acts on a pair of rows that match."""
    tests = [clause.condition for clause in merging.changing if clause.match == "MATCHED"]
    if any(test is None for test in tests):
        return always()
    return exp.or_(*[test.copy() for test in tests if test is not None]) if tests else exp.Not(this=always())


def _action(merging: _Merging) -> exp.Expr:
    """The number of the clause that applies to a joined row; -1 for none."""
    has_source = exp.Not(this=exp.Is(this=_hit(merging), expression=exp.Null()))
    branches = []
    for at, clause in enumerate(merging.changing):
        test: exp.Expr = has_source.copy() if clause.match == "MATCHED" else has_source.this.copy()
        if clause.condition is not None:
            test = exp.And(this=test, expression=exp.Paren(this=clause.condition.copy()))
        branches.append(exp.If(this=test, true=exp.Literal.number(at)))
    nothing = exp.Neg(this=exp.Literal.number(1))
    return exp.Case(ifs=branches, default=nothing) if branches else nothing


def _hit(merging: _Merging) -> exp.Column:
    return column_tree(merging.source.alias, _HIT)


def _is_action(merging: _Merging, at: int) -> exp.Expr:
    return exp.EQ(this=_action(merging), expression=exp.Literal.number(at))


def _staying(merging: _Merging) -> exp.Select:
    """The target's rows after updates and deletes, each once."""
    updates = {
        at: assigned_values(merging.target, clause.action.assignments)
        for at, clause in enumerate(merging.changing)
        if isinstance(clause.action, MergeUpdate)
    }
    items = []
    for column in merging.target.columns:
        old: exp.Expr = column_tree(merging.alias, column.name)
        branches = [
            exp.If(this=_is_action(merging, at), true=values[column.name].copy())
            for at, values in updates.items()
            if column.name in values
        ]
        items.append(named(exp.Case(ifs=branches, default=old) if branches else old, column.name))
    query = _joined(merging, items)
    for at, clause in enumerate(merging.changing):
        if isinstance(clause.action, MergeDelete):
            query = query.where(exp.NEQ(this=_action(merging), expression=exp.Literal.number(at)), copy=False)
    return query


def _unmatched(merging: _Merging, items: Sequence[exp.Expr]) -> exp.Select:
    """The rows of the source that no row of the target matches."""
    query = exp.Select(expressions=list(items)).from_(merging.source.copy(), copy=False)
    inner = exp.Select(expressions=[exp.Literal.number(1)]).from_(
        merging.target.table(merging.alias), copy=False
    )
    inner = inner.where(merging.statement.on.copy(), copy=False)
    return query.where(exp.Not(this=exp.Exists(this=inner)), copy=False)


def _inserted(merging: _Merging) -> exp.Select:
    """New rows: T-SQL allows one inserting clause."""
    (clause,) = merging.inserting
    action = clause.action
    if not isinstance(action, MergeInsert):
        raise UnsupportedSqlError("WHEN NOT MATCHED takes INSERT only.", "Use WHEN NOT MATCHED BY SOURCE.")
    named_columns = (
        columns_named(merging.target, [column.name for column in action.columns]) if action.values else []
    )
    if any(column.identity is not None for column in named_columns):
        raise BindError(
            f"Cannot insert explicit value for identity column in table '{merging.target.name.name}'.",
            "Leave it out.",
            number=544,
        )
    given = {
        column.name: default_of(column) if isinstance(value, Default) else value.copy()
        for column, value in zip(named_columns, action.values, strict=True)
    }
    items = [
        named(given.get(column.name) or default_of(column), column.name) for column in merging.target.columns
    ]
    query = _unmatched(merging, items)
    return query if clause.condition is None else query.where(clause.condition.copy(), copy=False)


def _counts(run: Run, merging: _Merging) -> tuple[int, int]:
    """Rows of the target that change, and rows that are inserted.

    Raises:
        SqlRuntimeError: A row of the target would change twice.
    """
    changed = 0
    if merging.changing:
        acted = exp.NEQ(this=_action(merging), expression=exp.Neg(this=exp.Literal.number(1)))
        changed = _count(run, merging, _joined(merging, [_rows()]).where(acted, copy=False))
    if changed and _count(run, merging, _pairs(merging)) > _count(run, merging, _acted_targets(merging)):
        raise SqlRuntimeError(_MESSAGE, "Make the source's rows unique in what ON compares.", number=_TWICE)
    inserted = 0
    if merging.inserting:
        new = _inserted(merging)
        new.set("expressions", [_rows()])
        inserted = _count(run, merging, new)
    return changed, inserted


def _pairs(merging: _Merging) -> exp.Select:
    query = exp.Select(expressions=[_rows()]).from_(merging.target.table(merging.alias), copy=False)
    query.set("joins", [exp.Join(this=merging.source.copy(), on=merging.statement.on.copy())])
    return query.where(_acts(merging), copy=False)


def _acted_targets(merging: _Merging) -> exp.Select:
    match = exp.Select(expressions=[exp.Literal.number(1)]).from_(merging.source.copy(), copy=False)
    match = match.where(merging.statement.on.copy(), _acts(merging), copy=False)
    query = exp.Select(expressions=[_rows()]).from_(merging.target.table(merging.alias), copy=False)
    return query.where(exp.Exists(this=match), copy=False)


def _rows() -> exp.Expr:
    return exp.alias_(exp.Count(this=exp.Star(), big_int=True), "n")


def _count(run: Run, merging: _Merging, query: exp.Select) -> int:
    found = run.answer(run.bind(merging.with_ctes(query))).to_arrow()
    return int(found.column(0)[0].as_py())
