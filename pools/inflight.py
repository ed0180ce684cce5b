"""Cancels everything that a client waits for."""

from __future__ import annotations

from typing import Any

from distributed import Future

REASON = "pool"


async def cancel_all(client: Any, message: str) -> None:
    """Cancel every future of the client, done or not: whoever asks one for its result is told `message`."""
    futures = [Future(key, client) for key in list(client.futures)]
    await client.cancel(futures, reason=REASON, msg=message, force=True)
