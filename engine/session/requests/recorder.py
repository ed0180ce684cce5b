"""Tells the event log of a session's requests: one for each statement that reads or changes something."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.errors import WorkCancelledError
from engine.events import (
    Emit,
    FilesOpened,
    NodeShare,
    PlanMade,
    PlanStep,
    RequestFailed,
    RequestFinished,
    RequestQueued,
    RequestStarted,
    RequestSubmitted,
    StepFinished,
    StepStarted,
)
from engine.runtime import Stored
from engine.session.doing.signals import Signal
from engine.session.requests.budget import billed_mb
from engine.sql.plan import explain
from engine.sql.plan.explain import moved_share
from engine.sql.syntax.statements import flow

if TYPE_CHECKING:
    from engine.runtime import Answer, StepFacts
    from engine.session.binding.relations import Relation
    from engine.session.profile import Profile
    from engine.session.workload.admission import Ticket
    from engine.sql.plan import Plan
    from engine.sql.syntax.statements.base import Statement

_ids = itertools.count(time.time_ns() // 1000)  # microseconds: no two processes begin at the same one
# A secret is told to nobody, and nobody reads a statement of megabytes.
_SECRET = re.compile(r"(\b(?:SECRET|PASSWORD)\s*=\s*)N?'(?:[^']|'')*'", re.IGNORECASE)
_LONGEST_TEXT = 1 << 16
_KEPT_PLANS = 64
# These do nothing that a log would tell of; a query within their conditions makes them a request.
_SILENT = (
    flow.Block, flow.Break, flow.Continue, flow.Declare, flow.If, flow.Print, flow.RaiseError, flow.Return,
    flow.SetOption, flow.SetVariable, flow.Throw, flow.TryCatch, flow.Use, flow.While,
)  # fmt: skip


@dataclass(slots=True)
class _Request:
    """A statement on its way; `id` is empty as long as nothing was told of it."""

    text: str
    label: str
    began: float
    id: str = ""
    started: bool = False
    plans: int = 0
    bytes_read: int = 0
    bytes_moved: int = 0
    bytes_returned: int = 0
    touched_data: bool = False
    cache_code: int = 0


class Recorder:
    """One session's teller. Statements within statements are requests of their own.

    Args:
        profile: Whose session it is; its `emit` takes the records.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._emit: Emit = profile.emit
        self.session = f"SID{next(_ids)}"
        self._open: list[_Request] = []
        self._silent = False
        self._plans: dict[int, tuple[Plan, str, tuple[PlanStep, ...]]] = {}

    @contextmanager
    def request(
        self, statement: Statement, label: str, rows: Callable[[], int], *, waits: bool = False
    ) -> Iterator[None]:
        """Within the block the statement is done.

        Args:
            statement: What is done.
            label: What its sender calls it.
            rows: Tells at the end what it has counted.
            waits: Whether it starts only when it has its share of the pool, or a plan.
        """
        if self._silent:
            yield
            return
        text = _SECRET.sub(r"\1'***'", statement.source.text)[:_LONGEST_TEXT]
        own = _Request(text, label, time.perf_counter())
        self._open.append(own)
        try:
            if not isinstance(statement, _SILENT):
                self._tell_of(own)
                if not waits:
                    self._started(own)
            yield
        except Signal:  # a BREAK or RETURN: it has done what it should
            self._finished(own, rows())
            raise
        except Exception as error:
            self._failed(own, error)
            raise
        except BaseException:
            self._failed(own, WorkCancelledError("The statement was stopped."))
            raise
        else:
            self._finished(own, rows())
        finally:
            self._open.pop()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Within the block statements are looked at and not done: nothing is told of them."""
        before, self._silent = self._silent, True
        try:
            yield
        finally:
            self._silent = before

    def planned(self, plan: Plan, relations: Mapping[str, Relation]) -> None:
        """A plan was made and sent to the workers."""
        if not self._open:
            return
        own = self._open[-1]
        self._started(own, nodes=plan.nodes)
        own.touched_data |= any(isinstance(one.rows.rows, Stored) for one in relations.values())
        _, text, steps = self._told(plan)
        self._emit(PlanMade(own.id, text, own.plans, steps))
        for step in plan.steps:
            move = type(step.move).__name__
            self._emit(StepStarted(own.id, step.name, own.plans, move, plan.nodes))

    def _told(self, plan: Plan) -> tuple[Plan, str, tuple[PlanStep, ...]]:
        """What is said of a plan; a session runs the same one again and again, and printing takes a while."""
        found = self._plans.get(id(plan))
        if found is None or found[0] is not plan:
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            steps = tuple(_plan_step(plan, at) for at in range(len(plan.steps)))
            found = self._plans[id(plan)] = (plan, explain(plan), steps)
        return found

    def stepped(self, facts: StepFacts) -> None:
        """A step is done."""
        if self._open:
            own = self._open[-1]
            shares = tuple(
                NodeShare(f"node-{one.node + 1}", one.rows, one.bytes, one.seconds) for one in facts.tasks
            )
            self._emit(
                StepFinished(
                    own.id, facts.name, own.plans, facts.move, facts.rows, facts.bytes, facts.seconds, shares
                )
            )

    def answered(self, plan: Plan, answer: Answer) -> None:
        """All steps of a plan are done."""
        if not self._open:
            return
        own = self._open[-1]
        files = sum(task.files for step in answer.steps for task in step.tasks)
        read = sum(task.bytes_read for step in answer.steps for task in step.tasks)
        if files:
            self._emit(FilesOpened(own.id, files, read))
        own.plans += 1
        own.bytes_read += read
        own.bytes_returned += answer.steps[-1].bytes
        for step, facts in zip(plan.steps, answer.steps, strict=True):
            own.bytes_moved += int(facts.bytes * moved_share(step.move, plan.nodes))

    def cached(self, code: int) -> None:
        """What the result-set cache says of the statement: 1 a hit, 0 a miss, else why it was not asked."""
        if self._open:
            self._open[-1].cache_code = code

    def queued(self, ticket: Ticket, ahead: int) -> None:
        """The statement waits for its turn."""
        if self._open:
            own = self._open[-1]
            self._tell_of(own)
            self._emit(RequestQueued(own.id, ahead, ticket.share.name, ticket.importance.text))

    def admitted(self, ticket: Ticket, waited: float) -> None:
        """The statement has its share of the pool, after so many seconds; these do not count as its own."""
        for one in self._open:
            one.began += waited
        if self._open:
            self._started(
                self._open[-1],
                queued_seconds=waited,
                resource_class=ticket.resource_class,
                group=ticket.share.name,
                importance=ticket.importance.text,
                classifier=ticket.classifier,
                percent=float(ticket.share.need),
            )

    def _tell_of(self, own: _Request) -> None:
        if not own.id:
            own.id = f"QID{next(_ids)}"
            self._emit(RequestSubmitted(own.id, own.text, own.label, self._profile.user, self.session))

    def _started(self, own: _Request, **facts: Any) -> None:
        self._tell_of(own)
        if not own.started:
            own.started = True
            self._emit(RequestStarted(own.id, **facts))

    def _finished(self, own: _Request, rows: int) -> None:
        if not own.id:
            return
        self._started(own)
        counts: dict[str, float] = {"bytes_returned": own.bytes_returned, "result_cache_hit": own.cache_code}
        if self._profile.metered and own.touched_data:
            size = own.bytes_read + own.bytes_moved + own.bytes_returned
            counts["data_processed_mb"] = billed_mb(size)
        self._emit(
            RequestFinished(
                own.id,
                time.perf_counter() - own.began,
                rows,
                own.bytes_read,
                own.bytes_moved,
                own.cache_code == 1,
                counts,
            )
        )

    def _failed(self, own: _Request, error: Exception) -> None:
        if own.id:
            message = str(getattr(error, "message", error))
            seconds = time.perf_counter() - own.began
            cancelled = isinstance(error, WorkCancelledError)
            self._emit(RequestFailed(own.id, type(error).__name__, message, seconds, cancelled))


def _plan_step(plan: Plan, at: int) -> PlanStep:
    step = plan.steps[at]
    known = plan.nodes > 1
    return PlanStep(
        step.name,
        type(step.move).__name__,
        step.fragment.sql(),
        step.size.rows if known else None,
        step.size.bytes if known else None,
        step.fragment.inputs,
    )


def label_of(statement: Statement) -> str:
    """What OPTION (LABEL = '...') calls a statement; empty without."""
    options = getattr(statement, "hints", ()) or getattr(statement, "options", ())
    if not options and isinstance(query := getattr(statement, "query", None), exp.Query):
        options = query.args.get("options") or ()
    if not options and isinstance(rows := getattr(statement, "rows", None), exp.Query):
        options = rows.args.get("options") or ()
    for option in options if isinstance(options, tuple | list) else ():
        if str(getattr(option, "name", "")).upper() == "LABEL":
            return str(option.expression.name)
    return ""
