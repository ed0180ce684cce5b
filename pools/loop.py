"""An event loop in a thread of its own, to which other threads hand coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from pools.errors import PoolStateError

T = TypeVar("T")


class LoopThread:
    """Runs from the moment it is made until `stop`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main()), name=f"pool {name}", daemon=True
        )
        self._thread.start()
        self._loop, self._ended = self._ready.result()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for its result; an interrupt of the wait cancels it.

        Raises:
            PoolStateError: The loop has ended, or would have to wait for itself.
        """
        if threading.current_thread() is self._thread:
            work.close()
            hint = "Call it from a thread of your program, not from a callback."
            raise PoolStateError(f"The event loop of pool {self._name!r} cannot wait for itself.", hint)
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:
            work.close()
            raise self._closed() from error
        try:
            return future.result()
        except CancelledError as error:
            raise self._closed() from error
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """End loop and thread; what still runs on it is cancelled. May be called more than once."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _main(self) -> None:
        ended = asyncio.Event()
        self._ready.set_result((asyncio.get_running_loop(), ended))
        await ended.wait()

    def _closed(self) -> PoolStateError:
        return PoolStateError(
            f"Pool {self._name!r} was closed meanwhile.", "Make a new one.", pool=self._name
        )
