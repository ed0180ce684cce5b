"""Workload groups and classifiers, members of resource classes, and KILL."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.lake.names import fold
from engine.session.catalog.definitions import Definition, Key, Kind, already_there
from engine.session.workload import classifiers, groups
from engine.session.workload.groups import RESOURCE_CLASSES, Importance
from engine.session.workload.rules import rules_of

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax import Name
    from engine.sql.syntax.statements.objects import Drop
    from engine.sql.syntax.statements.workloads import CreateWorkloadClassifier, CreateWorkloadGroup, Kill


def do_create_group(run: Run, statement: CreateWorkloadGroup) -> None:
    """CREATE WORKLOAD GROUP."""
    grant = Fraction(statement.request_min_resource_grant_percent)
    if statement.query_execution_timeout_sec:
        raise UnsupportedSqlError(
            "QUERY_EXECUTION_TIMEOUT_SEC other than 0 is not supported.",
            "Leave it out; interrupt what takes too long.",
        )
    if Fraction(statement.request_max_resource_grant_percent or grant) != grant:
        raise UnsupportedSqlError(
            "REQUEST_MAX_RESOURCE_GRANT_PERCENT above the minimum is not supported.",
            "Leave it out: a request is given its minimum.",
        )
    there = rules_of(run.world.definitions).groups
    if any(fold(one.name) == fold(statement.name) for one in there):
        raise already_there(statement.name)
    wanted = groups.Group(
        statement.name,
        Fraction(statement.min_percentage_resource),
        Fraction(statement.cap_percentage_resource),
        grant,
        _importance(statement.importance) or Importance.NORMAL,
    )
    body = groups.body_of(groups.checked(wanted, there))
    run.world.definitions.add(Definition(Kind.WORKLOAD_GROUP, "", statement.name, body))
    _changed(run)


def do_create_classifier(run: Run, statement: CreateWorkloadClassifier) -> None:
    """CREATE WORKLOAD CLASSIFIER."""
    group = statement.workload_group
    if fold(group) not in RESOURCE_CLASSES:
        run.world.definitions.get(Kind.WORKLOAD_GROUP, Key.of(group))
    if bool(statement.start_time) != bool(statement.end_time):
        raise BindError("START_TIME and END_TIME go together.", "Give both, or neither.")
    made = classifiers.Classifier(
        statement.name,
        group,
        statement.membername,
        statement.wlm_label,
        statement.wlm_context,
        _time(statement.start_time),
        _time(statement.end_time),
        _importance(statement.importance),
    )
    body = classifiers.body_of(made)
    run.world.definitions.add(Definition(Kind.WORKLOAD_CLASSIFIER, "", statement.name, body))
    _changed(run)


def _importance(word: str) -> Importance | None:
    if word and word not in Importance.__members__:
        known = ", ".join(Importance.__members__)
        raise BindError(f"'{word}' is no importance.", f"Write one of {known}.")
    return Importance[word] if word else None


def _time(text: str) -> dt.time | None:
    try:
        return dt.time.fromisoformat(text) if text else None
    except ValueError:
        raise BindError(f"'{text}' is no time.", "Write HH:MM, in UTC.") from None


def drop_workload(run: Run, name: Name, statement: Drop) -> None:
    """DROP WORKLOAD GROUP or CLASSIFIER."""
    kind = Kind(statement.kind.value.lower())
    if kind is Kind.WORKLOAD_GROUP:
        users = [
            one.name
            for one in rules_of(run.world.definitions).classifiers
            if fold(one.group) == fold(name.name)
        ]
        if users:
            raise BindError(
                f"Cannot drop the workload group '{name}': the classifier '{users[0]}' names it.",
                f"DROP WORKLOAD CLASSIFIER {users[0]} first.",
                name=str(name),
            )
    if not run.world.definitions.remove(kind, Key.of(name.name)) and not statement.if_exists:
        run.world.definitions.get(kind, Key.of(name.name))
    _changed(run)


def set_member(run: Run, role: str, member: str, *, there: bool) -> None:
    """sp_addrolemember and sp_droprolemember, of resource classes.

    Raises:
        UnsupportedSqlError: It is another role: who may do what is decided by the storage.
    """
    if fold(role) not in RESOURCE_CLASSES:
        raise UnsupportedSqlError(
            f"The role '{role}' is not supported.", f"Resource classes are {', '.join(RESOURCE_CLASSES)}."
        )
    name = f"{fold(role)} {fold(member)}"
    if there:
        body = {"role": fold(role), "member": fold(member)}
        run.world.definitions.put(Definition(Kind.ROLE_MEMBER, "", name, body))
    else:
        run.world.definitions.remove(Kind.ROLE_MEMBER, Key.of(name))
    _changed(run)


def do_kill(run: Run, statement: Kill) -> None:
    """KILL 'SID...': what the session has waiting is cancelled."""
    gate = run.world.machine.gate
    session = statement.session.upper()
    queue = None if gate.workload is None else gate.workload.queue
    if queue is not None and queue.cancel(f"The request was cancelled by KILL '{session}'.", session):
        run.rowcount = -1
        return
    if queue is not None and queue.runs(session):
        raise UnsupportedSqlError(
            f"A request of session '{session}' runs already.",
            "KILL cancels what waits in the queue; interrupt what runs where it was started.",
        )
    raise BindError(
        f"No request of session '{session}' waits.",
        "sys.dm_pdw_exec_requests has those of status Suspended, with their session_id.",
        name=session,
    )


def _changed(run: Run) -> None:
    run.rowcount = -1
    if (workload := run.world.machine.gate.workload) is not None:
        workload.rules.forget()
