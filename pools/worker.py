"""What a function that runs in a task may ask of its worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Membership:
    """What a pool tells its worker: how many native threads a task has, what it counts under, the token."""

    native_threads: int
    topic: str
    token: str | None = field(default=None, repr=False)


_membership: Membership | None = None
# Work that the pool itself sends says whom it counts for: on workers that others started nothing else would.
_topic_of_task: ContextVar[str | None] = ContextVar("_topic_of_task", default=None)
# What runs several steps of a task side by side shares the task's threads out among them.
_threads_of_step: ContextVar[int | None] = ContextVar("_threads_of_step", default=None)


def native_threads() -> int:
    """How many threads the kernels of one task (BLAS, OpenMP, Arrow, DuckDB, ONNX Runtime, XGBoost) may use.

    In a worker that a pool started: the machine's cores, shared out evenly among all tasks that the pool
    can run at a time, at least 1. In a worker that others started: what their `OMP_NUM_THREADS` says, else
    1. Outside of any worker: all cores that the process may use. Within `on_threads`, what that says.
    """
    of_step = _threads_of_step.get()
    if of_step is not None:
        return of_step
    if _membership is not None:
        return _membership.native_threads
    if _worker() is None:
        return usable_cores()
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() and int(said) > 0 else 1


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process has for the kernels of its tasks.

    Attributes:
        memory: Bytes that the process may use in all.
        tasks: Tasks that it runs at a time.
        folder: Where it may put what does not fit into memory; None outside of a worker.
    """

    memory: int
    tasks: int
    folder: str | None


def resources() -> Resources:
    """Memory, tasks and spill folder of the worker that this is called in; outside of any, the machine's."""
    from distributed.system import MEMORY_LIMIT

    worker = _worker()
    if worker is None:
        return Resources(int(MEMORY_LIMIT), 1, None)
    limit = worker.memory_manager.memory_limit
    return Resources(int(limit or MEMORY_LIMIT), int(worker.state.nthreads), str(worker.local_directory))


def address() -> str:
    """Address of the worker that this is called in; empty outside of any."""
    worker = _worker()
    return "" if worker is None else str(worker.address)


def count(**amounts: float) -> None:
    """Add amounts, such as `bytes_read=4096`, to the usage of the pool whose task this is, if it is one.

    Never waits: the amounts travel to the scheduler ahead of the task's own result, so whoever has gathered
    the result finds them in `Pool.usage`. A task that runs again (a worker died, a retry) counts again: the
    work was done. On workers that others started, only work sent by `map`, `stream` and `submit` of the
    pool is counted.
    """
    topic = _topic_of_task.get() or (_membership.topic if _membership else None)
    worker = None if topic is None else _worker()
    if worker is not None and amounts:
        worker.log_event(topic, {"counts": {name: float(amount) for name, amount in amounts.items()}})


def usable_cores() -> int:
    """Cores that this process may use: its affinity and its control group's limit both count."""
    from dask.system import CPU_COUNT

    return int(CPU_COUNT)


@contextmanager
def counting_for(topic: str | None) -> Iterator[None]:
    """Within the block, `count` adds to the pool that listens on `topic`."""
    token = _topic_of_task.set(topic)
    try:
        yield
    finally:
        _topic_of_task.reset(token)


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Within the block, in this thread, kernels have so many threads: several such steps run side by side."""
    token = _threads_of_step.set(count)
    try:
        yield
    finally:
        _threads_of_step.reset(token)


def join_pool(membership: Membership) -> bool:
    """Make this process a worker of a pool; True the first time."""
    global _membership  # noqa: PLW0603 - a process belongs to one pool
    first = _membership is None
    _membership = membership
    return first


def _worker() -> Any:
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
