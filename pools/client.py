"""The client of a pool: made on the pool's loop, used from other threads, told why its work is cancelled."""

from __future__ import annotations

from typing import Any

from distributed import Client


async def connected(client: Client) -> Client:
    """Wait for a client that was made with `asynchronous=True`; from then on it is one to be waited for."""
    await client
    # That argument says only what its methods do once the loop has ended: return coroutines, or fail at once.
    client._asynchronous = False  # noqa: SLF001
    return client


async def cancel_all(client: Any, message: str) -> None:
    """Cancel every future of the client, done or not: whoever asks one for its result is told `message`.

    Not by `Client.cancel`: the scheduler's half of it walks on to dependents and fails on one that nobody
    wants for itself (`assert ts.who_wants` in distributed 2026.8), which ends its connection to the client.
    """
    if client.status != "running":  # it has lost its scheduler, and told its futures so
        return
    keys = list(client.futures)
    for key in keys:
        client.futures.pop(key).cancel(reason="pool", msg=message)
    release = {"op": "client-releases-keys", "keys": keys, "client": client.id}
    client._send_to_scheduler(release)  # noqa: SLF001 - what releasing each of the futures would send
