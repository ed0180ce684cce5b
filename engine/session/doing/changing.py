"""UPDATE and DELETE: the table's rows are computed anew by one query, and replaced in one commit.

A row stays unless the condition is true of it: neither false nor unknown changes anything. Where other tables
decide, `FROM a JOIN b ON ...` becomes a subquery that reads the target's row from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.lake.names import fold
from engine.session.binding.trees import column as column_tree
from engine.session.binding.trees import exposed, from_items, named, quoted
from engine.session.doing.inserting import default_of
from engine.session.doing.targets import Target, columns_named, find_target
from engine.sql.syntax import Name
from engine.sql.syntax.nodes import Default

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.queries import Assignment, Delete, Update

_HIT = "hit of statement"
_FOUND = "found by statement"


@dataclass(frozen=True, slots=True)
class Change:
    """Which rows of a table a statement changes.

    Attributes:
        target: The table.
        alias: What the statement calls it.
        others: The other sources of FROM, joined to the target by `condition`; empty for none.
        condition: What must be true of a row, with one of each other source; None for every row.
        ctes: The WITH before the statement.
    """

    target: Target
    alias: str
    others: tuple[exp.Expr, ...]
    condition: exp.Expr | None
    ctes: exp.With | None

    def own(self, tree: exp.Expr) -> exp.Expr:
        """A copy of the tree in which columns of `schema.table.column` have the target's alias alone."""
        tree, name = tree.copy(), fold(self.target.name.name)
        for column in tree.find_all(exp.Column):
            if fold(self.alias) == fold(column.table) == name and column.args.get("db"):
                column.set("db", None)
                column.set("catalog", None)
        return tree

    def over_target(self, items: Sequence[exp.Expr]) -> exp.Select:
        """A query over the target alone."""
        query = exp.Select(expressions=list(items)).from_(self.target.table(self.alias), copy=False)
        if self.ctes is not None:
            query.set("with_", self.ctes.copy())
        return query

    def matches(self, items: Sequence[exp.Expr]) -> exp.Select:
        """The rows of the other sources that go with the target's row; one empty row where there are none."""
        query = exp.Select(expressions=list(items))
        if self.others:
            query = query.from_(self.others[0].copy(), copy=False)
            query.set("joins", [exp.Join(this=other.copy(), kind="CROSS") for other in self.others[1:]])
        return query if self.condition is None else query.where(self.own(self.condition), copy=False)

    @property
    def is_hit(self) -> exp.Expr:
        """Whether the statement changes the target's row."""
        if self.others:
            return exp.Exists(this=self.matches([exp.Literal.number(1)]))
        return always() if self.condition is None else self.own(self.condition)


def always() -> exp.Expr:
    """A condition that is true of every row."""
    return exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))


def do_delete(run: Run, statement: Delete) -> None:
    change = read_change(run, statement.target, statement.rows)
    hits = count_hits(run, change)
    if hits:
        kept = change.over_target(
            [column_tree(change.alias, column.name) for column in change.target.columns]
        )
        one, zero = exp.Literal.number(1), exp.Literal.number(0)
        hit = exp.Case(ifs=[exp.If(this=change.is_hit, true=one)], default=zero)
        kept = kept.where(exp.EQ(this=hit, expression=exp.Literal.number(0)), copy=False)
        change.target.write(run, change.target.rows(run, run.bind(kept)), "overwrite")
    run.counted(hits)


def do_update(run: Run, statement: Update) -> None:
    change = read_change(run, statement.target, statement.rows)
    values = assigned_values(change.target, statement.assignments)
    hits = count_hits(run, change)
    if hits:
        query = _updated_by_match(change, values) if change.others else _updated(change, values)
        change.target.write(run, change.target.rows(run, run.bind(query)), "overwrite")
    run.counted(hits)


def count_hits(run: Run, change: Change) -> int:
    """How many rows the statement changes."""
    query = change.over_target([exp.alias_(exp.Count(this=exp.Star(), big_int=True), "hits")])
    found = run.answer(run.bind(query.where(change.is_hit, copy=False))).to_arrow()
    return int(found.column(0)[0].as_py())


def _updated(change: Change, values: dict[str, exp.Expr]) -> exp.Select:
    items = []
    for column in change.target.columns:
        old: exp.Expr = column_tree(change.alias, column.name)
        new = values.get(column.name)
        if new is not None:
            old = exp.Case(ifs=[exp.If(this=change.is_hit, true=change.own(new))], default=old)
        items.append(named(old, column.name))
    return change.over_target(items)


def _updated_by_match(change: Change, values: dict[str, exp.Expr]) -> exp.Select:
    """Each row with the values of one row that goes with it; which one, T-SQL leaves open."""
    found = [named(exp.Literal.number(1), _HIT)]
    found += [named(change.own(value), name) for name, value in values.items()]
    first = change.matches(found)
    first.set("limit", exp.Limit(expression=exp.Literal.number(1)))
    first.args["limit"].meta["top"] = True
    lateral = exp.Lateral(
        this=exp.Subquery(this=first), alias=exp.TableAlias(this=quoted(_FOUND)), cross_apply=False
    )
    hit = exp.Not(this=exp.Is(this=column_tree(_FOUND, _HIT), expression=exp.Null()))
    items = []
    for column in change.target.columns:
        old: exp.Expr = column_tree(change.alias, column.name)
        if column.name in values:
            new = exp.If(this=hit.copy(), true=column_tree(_FOUND, column.name))
            old = exp.Case(ifs=[new], default=old)
        items.append(named(old, column.name))
    query = change.over_target(items)
    query.set("joins", [exp.Join(this=lateral)])
    return query


def assigned_values(target: Target, assignments: Sequence[Assignment]) -> dict[str, exp.Expr]:
    """New value by column.

    Raises:
        BindError: No such column, or one is set twice.
        UnsupportedSqlError: A variable is set.
    """
    for one in assignments:
        if one.variable or one.column is None:
            raise UnsupportedSqlError(
                f"UPDATE sets the variable @{one.variable}.", "Read it with a SELECT before or after."
            )
    names = [one.column.name for one in assignments if one.column is not None]
    columns = columns_named(target, names)
    for column in columns:
        if column.identity is not None:
            raise BindError(
                f"Cannot update identity column '{column.name}'.", "It keeps its numbers.", number=8102
            )
    return {
        column.name: default_of(column) if isinstance(one.value, Default) else one.value
        for column, one in zip(columns, assignments, strict=True)
    }


def read_change(run: Run, written: exp.Table, rows: exp.Select) -> Change:
    """What an UPDATE or DELETE changes.

    Raises:
        BindError: No such table, or no source of that alias.
        UnsupportedSqlError: TOP, or an outer join to the target.
    """
    if rows.args.get("limit") is not None:
        raise UnsupportedSqlError("UPDATE and DELETE with TOP are not supported.", "Say in WHERE which rows.")
    _refuse_cte(written, rows.args.get("with_"))
    where = rows.args.get("where")
    condition = where.this if where is not None else None
    items = list(from_items(rows))
    if not items:
        target = find_target(run, Name.of(written))
        alias = written.alias or written.name
        return Change(target, alias, (), condition, rows.args.get("with_"))
    place = _place_of(written, items)
    found = written if place is None else items[place]
    alias = (exposed(found) or [written.name])[-1]
    target = find_target(run, Name.of(found if isinstance(found, exp.Table) else written))
    others = tuple(_bare(item) for at, item in enumerate(items) if at != place)
    parts = [*_join_conditions(rows), *([condition] if condition is not None else [])]
    joined = exp.and_(*[part.copy() for part in parts]) if parts else None
    return Change(target, alias, others, joined, rows.args.get("with_"))


def _refuse_cte(written: exp.Table, ctes: exp.With | None) -> None:
    names = [fold(one.alias) for one in ctes.expressions] if ctes is not None else []
    if not written.args.get("db") and fold(written.name) in names:
        raise UnsupportedSqlError(
            f"UPDATE and DELETE of the common table expression '{written.name}' are not supported.",
            "It holds no rows: change the table WHERE EXISTS (SELECT ...), or CTAS the rows to keep.",
            name=written.name,
        )


def _place_of(written: exp.Table, items: Sequence[exp.Expr]) -> int | None:
    """Which item of FROM is the target, by its alias or its name; None if it stands outside of FROM."""
    wanted = written.name.lower()
    by_alias = [
        at for at, item in enumerate(items) if exposed(item)[-1:] and exposed(item)[-1].lower() == wanted
    ]
    by_name = [
        at for at, item in enumerate(items) if isinstance(item, exp.Table) and item.name.lower() == wanted
    ]
    found = by_alias or by_name
    if len(found) > 1:
        raise BindError(
            f"The table '{written.name}' is ambiguous.",
            "Give it an alias in FROM, and use that behind UPDATE or DELETE.",
            name=written.name,
        )
    return found[0] if found else None


def _join_conditions(rows: exp.Select) -> list[exp.Expr]:
    conditions = []
    for join in rows.args.get("joins") or ():
        if join.side or join.this.args.get("joins") or isinstance(join.this, exp.Lateral):
            raise UnsupportedSqlError(
                "UPDATE and DELETE take inner joins only.",
                "Write an outer join or APPLY as a subquery in FROM.",
            )
        if join.args.get("on") is not None:
            conditions.append(join.args["on"])
    return conditions


def _bare(item: exp.Expr) -> exp.Expr:
    bare = item.copy()
    bare.set("joins", None)
    return bare
