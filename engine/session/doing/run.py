"""A script on its way: what statements read and change while they are done."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import FormatError, TarnError
from engine.session.binding.binder import Binder, Bound
from engine.session.binding.file_faults import of_another_format
from engine.session.result import Result, ResultSet
from engine.sql.meaning import SqlType, Variable, node_of_type, parse_type
from engine.sql.syntax.nodes import IntoVariable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.runtime import Answer
    from engine.session.binding.world import World
    from engine.sql.meaning.values import Constant
    from engine.sql.syntax.statements.base import Statement

# T-SQL's own limit of procedures that call procedures.
DEEPEST_CALL = 32


@dataclass(slots=True)
class Run:
    """One call of `Session.run`.

    Attributes:
        world: What names stand for.
        perform: Does any statement; how blocks do what is in them.
        results: Result sets so far.
        messages: What was printed so far.
        rowcount: Rows that the last statement returned or changed; -1 where it counts none.
        caught: The error that the CATCH block around handles.
        depth: Procedures that are being executed.
        declared: The DECLARE that last declared each variable.
    """

    world: World
    perform: Callable[[Run, Statement], None]
    results: list[ResultSet] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    rowcount: int = -1
    caught: TarnError | None = None
    depth: int = 0
    declared: dict[str, Statement] = field(default_factory=dict)

    def do(self, statement: Statement) -> None:
        """Do a statement; an error tells where it stands.

        Raises:
            TarnError: What went wrong.
        """
        self.world.now = dt.datetime.now(dt.UTC)
        try:
            self.perform(self, statement)
        except TarnError as found:
            error = of_another_format(found, self.world.storage) if isinstance(found, FormatError) else found
            if self.world.work.transaction is not None:
                self.world.work.transaction.failed = True
                self.tell_work()
            if "line" not in error.data:
                error.data.update(line=statement.source.line, column=statement.source.column)
            raise error from found.__cause__

    def result(self) -> Result:
        return Result(tuple(self.results), tuple(self.messages), self.rowcount)

    def counted(self, rows: int) -> None:
        """Remember how many rows a statement returned or changed."""
        self.rowcount = rows
        self.world.variables["@@rowcount"] = Variable(self.world.integer, rows)
        self.world.variables["rowcount_big()"] = Variable(parse_type("bigint"), rows)

    def tell_work(self) -> None:
        """What @@TRANCOUNT and XACT_STATE() give from now on."""
        number, work = self.world.integer, self.world.work
        self.world.variables["@@trancount"] = Variable(number, int(work.transaction is not None))
        self.world.variables["xact_state()"] = Variable(parse_type("smallint"), work.state)

    def bind(self, query: exp.Query) -> Bound:
        """The query with all its tables."""
        return Binder(self.world).bind(query)

    def bind_as_before(self, query: exp.Query) -> Bound:
        """As `bind`, of a query that nobody changes: it is not bound again as long as all is as it was."""
        world = self.world
        if world.dry or world.work.transaction is not None:
            return self.bind(query)
        return world.machine.prepared.bound(query, world.temps, lambda: self.bind(query))

    def look_at(self, query: exp.Query) -> Bound:
        """The query with all its tables, bound to be described and not to be run."""
        with self.looking():
            return self.bind(query)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Within the block nothing that takes long is run to bind a name."""
        before, self.world.dry = self.world.dry, True
        try:
            yield
        finally:
            self.world.dry = before

    def types(self, bound: Bound) -> list[tuple[str, SqlType]]:
        """Name and type of each column that a bound query gives."""
        return list(self.world.machine.prepared.translation(bound, self.world.settings()).columns)

    def translated(self, bound: Bound, into: Sequence[SqlType] | None = None) -> exp.Query:
        """The bound query as DuckDB's."""
        return self.world.machine.prepared.translation(bound, self.world.settings(), into).tree

    def answer(self, bound: Bound, into: Sequence[SqlType] | None = None) -> Answer:
        """Run a bound query; its rows stay on the workers."""
        return self.world.machine.answer(self.translated(bound, into), bound.relations)

    def value(self, expression: exp.Expr, kind: SqlType | None = None) -> tuple[Constant, SqlType]:
        """The value of a scalar expression, as a variable of a type takes it if one is given.

        Raises:
            BindError, SqlRuntimeError: It has none.
        """
        wanted = (
            expression.copy() if kind is None else IntoVariable(this=expression.copy(), to=node_of_type(kind))
        )
        bound = self.bind(exp.Select(expressions=[exp.alias_(wanted, "value")]))
        [(_, found)] = self.types(bound)
        tree = self.translated(bound)
        if bound.relations:
            rows = self.world.machine.answer(tree, bound.relations).to_arrow()
        else:
            rows = self.world.machine.local(tree, {})
        return rows.column(0)[0].as_py(), kind or found

    def holds(self, condition: exp.Expr) -> bool:
        """Whether a condition is true; unknown is not."""
        one, zero = exp.Literal.number(1), exp.Literal.number(0)
        value, _ = self.value(exp.Case(ifs=[exp.If(this=condition.copy(), true=one)], default=zero))
        return value == 1
