"""Starts a Dask scheduler in this process, for one pool."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import dask.config
from distributed import Scheduler

from pools.errors import PoolStartError

if TYPE_CHECKING:
    from pools.spec import PoolSpec
    from pools.watch import Watch

# Not among these is `worker-saturation`. Measured on two workers, a trivial task costs 3 ms with 1.1, which
# distributed has, and 1.8 ms with 4. But then each worker sits on three tasks that it has not begun, which a
# newcomer gets only by stealing and a dying worker takes along: with tasks of 100 ms 1.1 is the better deal.
_SETTINGS = {
    # A task that holds the interpreter lock for five minutes would have its worker declared dead. On one
    # machine a dead worker shows at once, as a closed connection, and its nanny brings it back.
    "distributed.scheduler.worker-ttl": None,
    # `pools.drain` hands tasks on as thieves get them, and data by the memory manager.
    "distributed.scheduler.work-stealing": True,
    "distributed.scheduler.active-memory-manager.start": True,
    # Nothing that changes the cluster's state: neither Dask's `scheduler.api`, whatever the user's own
    # configuration says, nor its proxy to other ports.
    "distributed.scheduler.http.routes": [
        "pools.metrics",
        "distributed.http.scheduler.info",
        "distributed.http.scheduler.json",
        "distributed.http.health",
        "distributed.http.statics",
    ],
}


async def started_scheduler(spec: PoolSpec, watch: Watch) -> Any:
    """A scheduler that listens where the spec says, dashboard included; there is none if this raises.

    Raises:
        PoolStartError: It cannot listen there.
    """
    _check_dashboard_port(spec)
    scheduler = None
    try:
        with dask.config.set(_SETTINGS):
            scheduler = Scheduler(
                host=spec.host,
                port=0,
                protocol="tcp",
                dashboard=spec.dashboard_port is not None,
                dashboard_address=f"{spec.host}:{spec.dashboard_port or 0}",
                allowed_failures=spec.allowed_failures,
                plugins=[watch],
                jupyter=False,
            )
        return await scheduler
    except (OSError, RuntimeError) as error:
        message = f"Pool {spec.name!r} cannot listen on {spec.host!r}: {error.__cause__ or error}."
        hint = "Give an address of this machine as host."
        raise PoolStartError(message, hint, pool=spec.name) from error
    except BaseException:
        if scheduler is not None:
            await scheduler.close()
        raise


def _check_dashboard_port(spec: PoolSpec) -> None:
    """Distributed takes another port if this one is taken; whoever asked for it shall hear of that."""
    if not spec.dashboard_port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((spec.host, spec.dashboard_port))
        except OSError as error:
            message = f"Pool {spec.name!r} cannot have its dashboard on {spec.host}:{spec.dashboard_port}: "
            hint = "Give another dashboard_port, or 0 for any free one."
            raise PoolStartError(f"{message}{error.strerror}.", hint, pool=spec.name) from error
