"""Lets one worker of a scheduler in this process go without losing or repeating anything.

`Scheduler.retire_workers` alone moves the worker's data and then closes it, running tasks or not, which run
again elsewhere. So the worker is first kept from new tasks, those it has not begun go to others, and those
it has begun come to their end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from distributed import Status

T = TypeVar("T")

# How soon a finished worker is noticed; nothing else waits for it.
_LOOK_SECONDS = 0.05


def may_leave(scheduler: Any) -> set[Any]:
    """The workers with nothing bound to them: no seceded task, shuffle, or task that may run only there."""
    workers = [worker for worker in scheduler.workers.values() if not worker.long_running]
    for plugin in list(scheduler.plugins.values()):
        workers = plugin.valid_workers_downscaling(scheduler, workers)
    return {worker for worker in workers if not any(_bound(task) for task in worker.processing)}


async def drain(scheduler: Any, worker: Any) -> bool:
    """Make a worker leave the scheduler; its process is the caller's to end.

    Until its last task is done this can be cancelled, and the worker goes on as before; afterwards it cannot.

    Returns:
        False if its tasks or data can go nowhere; it goes on as before.
    """
    before = worker.status
    _tell(scheduler, worker, Status.closing_gracefully)
    left = False
    try:
        left = await _finished(scheduler, worker) and await to_the_end(_leave(scheduler, worker.address))
    finally:
        if not left and worker.address in scheduler.workers:
            _tell(scheduler, worker, before)
    return left


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of work that must not stop half way; a cancellation meanwhile is forgotten."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


async def _finished(scheduler: Any, worker: Any) -> bool:
    """Wait until a worker that gets no tasks has none; False if what it has not begun can go nowhere."""
    while worker.processing:
        if not scheduler.running:  # all others are short of memory, say
            return False
        _hand_on(scheduler, worker)
        await asyncio.sleep(_LOOK_SECONDS)
    return True


async def _leave(scheduler: Any, address: str) -> bool:
    """Move what the worker holds, and forget the worker; False if there is nowhere to move it."""
    work = scheduler.retire_workers(workers=[address], close_workers=False, remove=True)
    retiring = asyncio.create_task(work)
    while not retiring.done():
        # By itself the memory manager, which moves data, looks every two seconds whether it has arrived.
        scheduler.extensions["amm"].run_once()
        await asyncio.wait([retiring], timeout=_LOOK_SECONDS)
    return bool(retiring.result()) or address not in scheduler.workers


def _hand_on(scheduler: Any, worker: Any) -> None:
    """Give tasks that have not begun to others; the worker itself says which have, so none runs twice."""
    for task in [task for task in worker.processing if task not in worker.executing]:
        able = scheduler.valid_workers(task)
        thieves = [other for other in scheduler.running if able is None or other in able]
        if thieves:
            thief = min(thieves, key=lambda other: len(other.processing) / other.nthreads)
            scheduler.extensions["stealing"].move_task_request(task, worker, thief)


def _bound(task: Any) -> bool:
    return bool(task.worker_restrictions or task.host_restrictions) and not task.loose_restrictions


def _tell(scheduler: Any, worker: Any, status: Status) -> None:
    stimulus = f"tarn-drain-{worker.address}"
    scheduler.handle_worker_status_change(status, worker, stimulus)
    message = {"op": "worker-status-change", "status": status.name, "stimulus_id": stimulus}
    scheduler.stream_comms[worker.address].send(message)
