"""Statements about who runs first and who runs at all."""

from __future__ import annotations

from dataclasses import dataclass

from engine.sql.syntax.statements.base import Statement


@dataclass(frozen=True, slots=True)
class CreateWorkloadGroup(Statement):
    """Percentages as they are written; what is not given is empty."""

    name: str
    min_percentage_resource: str
    cap_percentage_resource: str
    request_min_resource_grant_percent: str
    request_max_resource_grant_percent: str = ""
    importance: str = ""
    query_execution_timeout_sec: int = 0


@dataclass(frozen=True, slots=True)
class CreateWorkloadClassifier(Statement):
    """What is not given is empty."""

    name: str
    workload_group: str
    membername: str
    wlm_label: str = ""
    wlm_context: str = ""
    start_time: str = ""
    end_time: str = ""
    importance: str = ""


@dataclass(frozen=True, slots=True)
class Kill(Statement):
    """`KILL 'SID...'`."""

    session: str
