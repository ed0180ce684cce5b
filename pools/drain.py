"""Lets one worker of a scheduler in this process go without losing or repeating anything.

`Scheduler.retire_workers` alone moves the worker's data and then closes it, running tasks or not; those run
again elsewhere, and after a close by `Cluster.scale` count as that worker's victims (distributed issue
3526). So the worker is first kept from new tasks, those it has not begun go to others, and those it has
begun come to their end.
"""

from __future__ import annotations

import asyncio
from typing import Any

from distributed import Status

# How soon a finished worker is noticed. Its tasks ended somewhere within this time; nothing else waits for
# it.
_LOOK_SECONDS = 0.05


def may_leave(scheduler: Any) -> set[Any]:
    """The workers with nothing bound to them: no seceded task, shuffle, or task that may run only there."""
    workers = [worker for worker in scheduler.workers.values() if not worker.long_running]
    for plugin in list(scheduler.plugins.values()):
        workers = plugin.valid_workers_downscaling(scheduler, workers)
    return {worker for worker in workers if not any(_bound(task) for task in worker.processing)}


async def drain(scheduler: Any, worker: Any) -> bool:
    """Make a worker leave the scheduler; its process is the caller's to end.

    Returns:
        False if its data can go nowhere; it then goes on as before, as it does when this is cancelled.
    """
    before = worker.status
    _tell(scheduler, worker, Status.closing_gracefully)
    left = False
    try:
        _hand_on(scheduler, worker)
        while worker.processing:
            await asyncio.sleep(_LOOK_SECONDS)
        retired = await scheduler.retire_workers(workers=[worker.address], close_workers=False, remove=True)
        left = bool(retired) or worker.address not in scheduler.workers
    finally:
        if not left and worker.address in scheduler.workers:
            _tell(scheduler, worker, before)
    return left


def _hand_on(scheduler: Any, worker: Any) -> None:
    """Give tasks that have not begun to others; the worker itself says which have, so none runs twice."""
    others = [other for other in scheduler.running if other is not worker]
    for task in [task for task in worker.processing if task not in worker.executing]:
        able = scheduler.valid_workers(task)
        thieves = [other for other in others if able is None or other in able]
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
