"""Workload groups, classifiers and members of resource classes, as they are and as they are used."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.session.system.view import BIT, INT, NAME, Row, SystemView
from engine.session.workload.rules import rules_of
from engine.sql.meaning import parse_type

if TYPE_CHECKING:
    from engine.session.binding.world import World

_PERCENT = parse_type("decimal(5,2)")


def _groups(world: World) -> Iterator[Row]:
    for number, one in enumerate(rules_of(world.definitions).groups, 1):
        yield (
            number, one.name, one.importance.text,
            *map(_decimal, (one.least, one.most, one.grant, one.grant)), 0,
        )  # fmt: skip


def _decimal(percent: Fraction) -> Decimal:
    return Decimal(f"{float(percent):.2f}")


def _classifiers(world: World) -> Iterator[Row]:
    for number, one in enumerate(rules_of(world.definitions).classifiers, 1):
        importance = None if one.importance is None else one.importance.text
        yield (
            number,
            one.group,
            one.name,
            importance,
            one.member,
            one.label or None,
            one.context or None,
            True,
        )


def _stats(world: World) -> Iterator[Row]:
    workload = world.machine.gate.workload
    if workload is None:
        return
    running, waiting = workload.queue.seen()
    level = workload.queue.level
    for number, share in enumerate(rules_of(world.definitions).shares(level), 1):
        runs = [one for one in running if one.share.name == share.name]
        waits = [one for one in waiting if one.share.name == share.name]
        used = sum((one.share.need for one in runs), start=share.need * 0)
        yield (
            number, share.name, *map(_decimal, (share.need, share.least, share.most, used)), len(runs),
            len(waits), share.guaranteed, share.widest,
        )  # fmt: skip


VIEWS = {
    ("sys", "workload_management_workload_groups"): SystemView(
        {
            "group_id": INT,
            "name": NAME,
            "importance": NAME,
            "min_percentage_resource": _PERCENT,
            "cap_percentage_resource": _PERCENT,
            "request_min_resource_grant_percent": _PERCENT,
            "request_max_resource_grant_percent": _PERCENT,
            "query_execution_timeout_sec": INT,
        },
        _groups,
    ),
    ("sys", "workload_management_workload_classifiers"): SystemView(
        {
            "classifier_id": INT,
            "group_name": NAME,
            "name": NAME,
            "importance": NAME,
            "membername": NAME,
            "wlm_label": NAME,
            "wlm_context": NAME,
            "is_enabled": BIT,
        },
        _classifiers,
    ),
    ("sys", "dm_workload_management_workload_groups_stats"): SystemView(
        {
            "group_id": INT,
            "name": NAME,
            "effective_request_min_resource_grant_percent": _PERCENT,
            "effective_min_percentage_resource": _PERCENT,
            "effective_cap_percentage_resource": _PERCENT,
            "total_percentage_used": _PERCENT,
            "total_running_requests": INT,
            "total_queued_requests": INT,
            "guaranteed_requests": INT,
            "most_requests": INT,
        },
        _stats,
    ),
}
