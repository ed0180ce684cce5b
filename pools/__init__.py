"""Pools of Dask workers: dedicated and serverless, on this machine or on a scheduler that already runs.

from pools import Pool, PoolSpec

with Pool(PoolSpec.dedicated("dw", nodes=2)) as pool:
    print(pool.map(len, ["a", "bc"], label="measure"))
"""

from __future__ import annotations

from pools.calls import Call
from pools.driver import Driver, Listener
from pools.errors import (
    PoolCapacityError,
    PoolError,
    PoolSpecError,
    PoolStartError,
    PoolStateError,
    TarnError,
    TaskLostError,
    WorkCancelledError,
)
from pools.meter import Usage
from pools.observer import Observer
from pools.policy import Load, WorkerLoad
from pools.pool import Pool
from pools.spec import TLS, PoolSpec

__all__ = [
    "TLS",
    "Call",
    "Driver",
    "Listener",
    "Load",
    "Observer",
    "Pool",
    "PoolCapacityError",
    "PoolError",
    "PoolSpec",
    "PoolSpecError",
    "PoolStartError",
    "PoolStateError",
    "TarnError",
    "TaskLostError",
    "Usage",
    "WorkCancelledError",
    "WorkerLoad",
]
