"""What a pool has done: sys.dm_pdw_exec_requests and its kin, read from the event log.

A pool shows its own requests, also those of earlier processes; a pause forgets them. Step by step, node by
node and with bytes they are in dm_pdw_request_steps, dm_pdw_sql_requests and dm_pdw_dms_workers.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.session.requests.reading import history_of
from engine.session.system.objects import DATABASE_ID
from engine.session.system.view import BIGINT, BIT, INT, MOMENT, NAME, Row, SystemView, text
from engine.sql.meaning import parse_type

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.session.requests.history import Request, Step

_OPERATIONS = {
    "Shuffle": "ShuffleMoveOperation",
    "Broadcast": "BroadcastMoveOperation",
    "Gather": "PartitionMoveOperation",
    "Trim": "TrimMoveOperation",
    "Keep": "OnOperation",
    "Return": "ReturnOperation",
}
_MOVES = ("Shuffle", "Broadcast", "Gather")
# What takes no share of the pool runs as this.
_CLASS, _IMPORTANCE, _GROUP = "smallrc", "normal", "smallrc"
_COMMAND = 4000


def _requests(world: World) -> list[Request]:
    return history_of(world.storage).of_pool(world.profile.pool)


def _elapsed(start: dt.datetime | None, end: dt.datetime | None) -> int | None:
    """Milliseconds; of what still runs until now."""
    if start is None:
        return None
    until = end or dt.datetime.now(dt.UTC).replace(tzinfo=None)
    return max(0, round((until - start).total_seconds() * 1000))


def _error_id(request: Request) -> str | None:
    return f"{zlib.crc32(request.id.encode()):08x}" if request.error else None


def _exec_requests(world: World) -> Iterator[Row]:
    for one in _requests(world):
        yield (
            one.id, one.session, one.status, one.submitted, one.started, one.planned, one.ended,
            _elapsed(one.submitted, one.ended), one.label or None, _error_id(one), DATABASE_ID,
            one.text[:_COMMAND], one.resource_class or _CLASS, one.importance or _IMPORTANCE,
            one.group or _GROUP, one.classifier or None, _percent(one), one.cache_code,
            one.text if len(one.text) > _COMMAND else None,
        )  # fmt: skip


def _percent(request: Request) -> Decimal | None:
    return Decimal(f"{request.percent:.2f}") if request.percent else None


def _steps(world: World) -> Iterator[tuple[Request, int, Step]]:
    for one in _requests(world):
        for index, step in enumerate(list(one.steps.values())):
            yield one, index, step


def _status(request: Request, step: Step) -> str:
    if step.ended is not None:
        return "Complete"
    return "Failed" if request.ended is not None else "Running"


def _began(step: Step) -> dt.datetime | None:
    return None if step.ended is None else step.ended - dt.timedelta(seconds=step.seconds)


def _request_steps(world: World) -> Iterator[Row]:
    for one, index, step in _steps(world):
        on_control = len(step.nodes) == 1 < max(len(other.nodes) for other in list(one.steps.values()))
        yield (
            one.id, index, _OPERATIONS.get(step.move, step.move),
            "Unspecified" if on_control else "AllDistributions", "Control" if on_control else "Compute",
            _status(one, step), None if step.ended is not None else _error_id(one), _began(step), step.ended,
            round(step.seconds * 1000), step.rows if step.rows is not None else -1,
            None if step.estimate is None else round(step.estimate), step.text[:_COMMAND],
        )  # fmt: skip


def _sql_requests(world: World) -> Iterator[Row]:
    for one, index, step in _steps(world):
        for node in step.nodes:
            number = int(node.node.rpartition("-")[2])
            yield (
                one.id, index, number, None, _status(one, step), None, _began(step), step.ended,
                round(node.seconds * 1000), node.rows, number, step.text[:_COMMAND],
            )  # fmt: skip


def _workers(world: World) -> Iterator[Row]:
    for one, index, step in _steps(world):
        if step.move not in _MOVES:
            continue
        for at, node in enumerate(step.nodes):
            rate = round(node.bytes / node.seconds) if node.seconds else 0
            yield (
                one.id, index, at, int(node.node.rpartition("-")[2]), None, "WRITER", _status(one, step),
                rate, node.bytes, node.rows, _began(step), step.ended, round(node.seconds * 1000),
            )  # fmt: skip


def _sessions(world: World) -> Iterator[Row]:
    grouped: dict[str, list[Request]] = {}
    for one in _requests(world):
        grouped.setdefault(one.session, []).append(one)
    for session, requests in grouped.items():
        newest, oldest = requests[0], requests[-1]
        status = "Active" if newest.ended is None else "Idle"
        yield (
            session,
            status,
            newest.id,
            newest.user,
            oldest.submitted,
            len(requests),
            False,
            "127.0.0.1",
            "tarn",
        )


def _errors(world: World) -> Iterator[Row]:
    for one in _requests(world):
        if one.error:
            yield _error_id(one), "Tarn", "Query", one.ended, None, one.session, one.id, None, one.error


_ID = text(32)
VIEWS = {
    ("sys", "dm_pdw_exec_requests"): SystemView(
        {
            "request_id": _ID,
            "session_id": _ID,
            "status": _ID,
            "submit_time": MOMENT,
            "start_time": MOMENT,
            "end_compile_time": MOMENT,
            "end_time": MOMENT,
            "total_elapsed_time": INT,
            "label": text(255),
            "error_id": text(36),
            "database_id": INT,
            "command": text(_COMMAND),
            "resource_class": text(20),
            "importance": NAME,
            "group_name": NAME,
            "classifier_name": NAME,
            "resource_allocation_percentage": parse_type("decimal(5,2)"),
            "result_cache_hit": INT,
            "command2": text("max"),
        },
        _exec_requests,
    ),
    ("sys", "dm_pdw_request_steps"): SystemView(
        {
            "request_id": _ID,
            "step_index": INT,
            "operation_type": text(35),
            "distribution_type": _ID,
            "location_type": _ID,
            "status": _ID,
            "error_id": text(36),
            "start_time": MOMENT,
            "end_time": MOMENT,
            "total_elapsed_time": INT,
            "row_count": BIGINT,
            "estimated_rows": BIGINT,
            "command": text(_COMMAND),
        },
        _request_steps,
    ),
    ("sys", "dm_pdw_sql_requests"): SystemView(
        {
            "request_id": _ID,
            "step_index": INT,
            "pdw_node_id": INT,
            "distribution_id": INT,
            "status": _ID,
            "error_id": text(36),
            "start_time": MOMENT,
            "end_time": MOMENT,
            "total_elapsed_time": INT,
            "row_count": BIGINT,
            "spid": INT,
            "command": text(_COMMAND),
        },
        _sql_requests,
    ),
    ("sys", "dm_pdw_dms_workers"): SystemView(
        {
            "request_id": _ID,
            "step_index": INT,
            "dms_step_index": INT,
            "pdw_node_id": INT,
            "distribution_id": INT,
            "type": _ID,
            "status": _ID,
            "bytes_per_sec": BIGINT,
            "bytes_processed": BIGINT,
            "rows_processed": BIGINT,
            "start_time": MOMENT,
            "end_time": MOMENT,
            "total_elapsed_time": INT,
        },
        _workers,
    ),
    ("sys", "dm_pdw_exec_sessions"): SystemView(
        {
            "session_id": _ID,
            "status": text(10),
            "request_id": _ID,
            "login_name": NAME,
            "login_time": MOMENT,
            "query_count": INT,
            "is_transactional": BIT,
            "client_id": text(255),
            "app_name": text(255),
        },
        _sessions,
    ),
    ("sys", "dm_pdw_errors"): SystemView(
        {
            "error_id": text(36),
            "source": text(64),
            "type": text(4000),
            "create_time": MOMENT,
            "pdw_node_id": INT,
            "session_id": _ID,
            "request_id": _ID,
            "spid": INT,
            "details": text(4000),
        },
        _errors,
    ),
}
