"""The client of a pool: made on the pool's loop, used from other threads, told why its work is cancelled."""

from __future__ import annotations

from typing import Any

from distributed import Client, Future


async def connected(client: Client) -> Client:
    """Wait for a client that was made with `asynchronous=True`; from then on it is one to be waited for."""
    await client
    # That argument says only what its methods do once the loop has ended: return coroutines, or fail at once.
    client._asynchronous = False  # noqa: SLF001
    return client


async def cancel_all(client: Any, message: str) -> None:
    """Cancel every future of the client, done or not: whoever asks one for its result is told `message`."""
    futures = [Future(key, client) for key in list(client.futures)]
    await client.cancel(futures, reason="pool", msg=message, force=True)
