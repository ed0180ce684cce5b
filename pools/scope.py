"""What distributed keeps per process rather than per cluster, held while a pool of this process is open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import dask.config
from distributed.utils import silence_logging_cmgr

from pools import warm
from pools.errors import PoolStartError
from pools.orphans import owned_folder

if TYPE_CHECKING:
    from pools.spec import PoolSpec

_lock = threading.Lock()
_open = 0
_held = ExitStack()


@contextmanager
def process_settings() -> Iterator[None]:
    """Workers are forked from the warm server, distributed logs warnings only; counted, for pools overlap.

    A `LocalCluster` of the user that starts meanwhile gets its workers from the warm server too.
    """
    global _open  # noqa: PLW0603 - counts what holds for the process
    with _lock:
        _open += 1
        if _open == 1:
            _held.enter_context(dask.config.set({"distributed.worker.multiprocessing-method": warm.METHOD}))
            _held.enter_context(silence_logging_cmgr("WARNING"))
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if _open == 0:
                _held.close()
                warm.servers.reap()


@contextmanager
def spill_folder(spec: PoolSpec) -> Iterator[Path]:
    """A folder for what the pool's workers spill, gone with the pool."""
    place = Path(gettempdir()) if spec.spill is None else Path(spec.spill)
    with ExitStack() as held:
        try:
            place.mkdir(parents=True, exist_ok=True)
            folder = held.enter_context(owned_folder(place, "tarn-"))
        except OSError as error:
            message = f"Pool {spec.name!r} cannot spill into {spec.spill}: {error.strerror}."
            raise PoolStartError(
                message, "Give a folder that can be written as spill.", pool=spec.name
            ) from error
        yield folder
