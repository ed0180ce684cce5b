"""A session's way through the queue: a request that computes on data waits for its share of the pool.

Documented: SELECT on user tables, INSERT ... SELECT, UPDATE, DELETE, MERGE, CTAS and loads take slots.
Queries of the catalog alone, INSERT ... VALUES, TRUNCATE, SWITCH, SPLIT and MERGE of ranges, statistics,
EXPLAIN, DBCC, definitions and answers from the result-set cache take none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.session.workload.classifiers import Asker
from engine.session.workload.rules import utc_time
from engine.sql.syntax.statements import flow, objects, queries, tables

if TYPE_CHECKING:
    from engine.session.requests.recorder import Recorder
    from engine.session.workload.admission import Ticket
    from engine.session.workload.queue import SlotQueue
    from engine.session.workload.rules import KnownRules
    from engine.sql.syntax.statements.base import Statement

_FREE = (
    flow.Dbcc, flow.Explain, objects.Drop, queries.Truncate, tables.CreateStatistics, tables.MergeRange,
    tables.SplitRange, tables.SwitchPartition, tables.UpdateStatistics,
)  # fmt: skip
# These wait before their names are bound, so that they work on what is there when their turn has come.
_WRITES = (
    objects.CreateExternalTableAs, objects.CreateMaterializedView, queries.CopyInto, queries.Delete,
    queries.Insert, queries.Merge, queries.SelectInto, queries.Update, tables.CreateTableAs,
)  # fmt: skip
_READS = (queries.Select, queries.SelectAssign)


@dataclass(slots=True)
class Workload:
    """What all sessions of a dedicated pool share."""

    queue: SlotQueue
    rules: KnownRules


@dataclass(slots=True)
class _Held:
    statement: Statement
    label: str
    ticket: Ticket | None = None


@dataclass(slots=True)
class Gate:
    """One session's tickets.

    Attributes:
        workload: The pool's; None where nothing waits: on serverless pools.
        recorder: Tells the log who waits.
        user: Who asks.
        context: The session's `wlm_context`.
    """

    workload: Workload | None
    recorder: Recorder
    user: str
    context: str = ""
    _open: list[_Held] = field(default_factory=list)

    @contextmanager
    def request(self, statement: Statement, label: str) -> Iterator[None]:
        """Within the block the statement is done; at its end it gives back what it took."""
        held = _Held(statement, label)
        self._open.append(held)
        try:
            yield
        finally:
            self._open.pop()
            if held.ticket is not None and self.workload is not None:
                self.workload.queue.leave(held.ticket)

    def may_wait(self, statement: Statement) -> bool:
        """Whether the statement is of those that take a share of the pool."""
        return self.workload is not None and isinstance(statement, (*_WRITES, *_READS))

    def admit_write(self, statement: Statement) -> None:
        """Wait, if the statement writes what it computes."""
        values = isinstance(statement, queries.Insert) and isinstance(statement.rows, exp.Values)
        if isinstance(statement, _WRITES) and not values:
            self.admit()

    def admit(self) -> bool:
        """Wait for the share of the request; return whether it had to.

        A statement within one that has its share computes on that: who holds a share never waits for more, so
        no two requests can wait for each other.

        Raises:
            WorkCancelledError: It was cancelled while it waited.
            SqlRuntimeError: Too many wait.
        """
        workload = self.workload
        if workload is None or not self._open or any(one.ticket for one in self._open):
            return False
        own = self._open[-1]
        if isinstance(own.statement, _FREE):
            return False
        rules, level = workload.rules.now(), workload.queue.level
        asker = Asker(self.user, rules.classes_of(self.user), own.label, self.context, utc_time())
        ticket = rules.ticket(self.recorder.session, asker, level)
        kept = {share.name: share.least for share in rules.shares(level)}
        waited = workload.queue.enter(ticket, kept, lambda ahead: self.recorder.queued(ticket, ahead))
        own.ticket = ticket
        self.recorder.admitted(ticket, waited)
        return waited > 0
