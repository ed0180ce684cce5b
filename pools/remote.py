"""A scheduler that already runs, with workers that others own."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from distributed import Client, Security

from pools.client import cancel_all, connected
from pools.elsewhere import begin_sampling, end_sampling, show_metrics, show_pages, take_sample
from pools.errors import PoolCapacityError, PoolStartError
from pools.policy import Load, WorkerLoad
from pools.sampler import Sampler

if TYPE_CHECKING:
    from pools.driver import Listener
    from pools.observer import Sample
    from pools.spec import PoolSpec

logger = logging.getLogger(__name__)

_LEAVE_SECONDS = 2.0
# How often the sampler there is asked: as often as an observer is told (`pools.control`).
SAMPLE_SECONDS = 1.0


class RemoteDriver:
    """A client of somebody's scheduler; `pools.driver.Driver` has the contract."""

    elastic = False

    def __init__(self) -> None:
        self._client: Any = None
        self._dashboard: str | None = None
        self._workers: dict[str, int] = {}
        self._sampler = f"{Sampler.name}-{uuid.uuid4().hex}"  # several pools may share one scheduler
        self._samples, self._sampled = False, 0.0
        self._sample: Sample | None = None

    @property
    def client(self) -> Any:
        return self._client

    @property
    def dashboard_link(self) -> str | None:
        return self._dashboard

    async def open(self, spec: PoolSpec, listener: Listener) -> None:
        security = _security(spec)
        try:
            self._client = Client(
                spec.address,
                asynchronous=True,
                set_as_default=False,
                security=security,
                timeout=0.9 * spec.start_seconds,  # so that its own error comes before the pool's
            )
            await connected(self._client)
            self._dashboard = await self._find_dashboard(spec)
        except (OSError, TimeoutError, ValueError) as error:
            message = f"Pool {spec.name!r} gets no answer from a scheduler at {spec.address}: {error}"
            hint = "Is it running, is the address right, and are the certificates those that it trusts?"
            raise PoolStartError(message, hint, pool=spec.name, address=spec.address) from error
        self._client.subscribe_topic(listener.topic, lambda event: listener.counted(event[1]["counts"]))
        self._listener, self._workers = listener, {}
        await self._equip(spec.name)

    async def observe(self) -> Load:
        try:
            cores = await self._client.scheduler.ncores()
            if self._samples and time.monotonic() - self._sampled >= SAMPLE_SECONDS:
                self._sampled = time.monotonic()
                self._sample = await self._client.run_on_scheduler(take_sample, self._sampler)
        except OSError:  # nobody answers; whoever waits for work there is told by the client
            return Load()
        self._tell_who_is_there(cores)
        return Load(tuple(WorkerLoad(address) for address in cores))

    def sample(self) -> Sample | None:
        sample, self._sample = self._sample, None
        return sample

    async def grow(self, count: int) -> None:
        raise PoolCapacityError(f"Nobody here can start {count} workers: they belong to others.")

    async def retire(self, worker: str) -> bool:
        raise PoolCapacityError(f"Worker {worker!r} cannot be retired from here: it belongs to others.")

    async def cancel(self, message: str) -> None:
        await cancel_all(self._client, message)

    async def suspend(self) -> None:
        await self.close()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            if self._samples:
                with suppress(OSError, TimeoutError):
                    async with asyncio.timeout(_LEAVE_SECONDS):
                        await client.run_on_scheduler(end_sampling, self._sampler)
            with suppress(TimeoutError):  # of a scheduler that does not answer there is no leave to take
                await client.close(timeout=_LEAVE_SECONDS)

    async def _equip(self, name: str) -> None:
        """Put a sampler, pages and metrics into the scheduler's process, where Tarn is installed there."""
        observer = self._listener.observer
        pages, metrics = observer.pages_elsewhere(), observer.metrics_elsewhere()
        try:
            if observer.samples:
                await self._client.run_on_scheduler(begin_sampling, self._sampler)
                self._samples = True
            if pages is not None:
                await self._client.run_on_scheduler(show_pages, pages)
            if metrics is not None:
                await self._client.run_on_scheduler(show_metrics, metrics)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being watched, it can work
            what = "pages and metrics" if self._samples else "samples, pages and metrics"
            logger.warning(
                "The scheduler of pool %r cannot be equipped, so its %s are not there: %r", name, what, error
            )

    def _tell_who_is_there(self, cores: Mapping[str, int]) -> None:
        for address in cores.keys() - self._workers.keys():
            self._listener.joined(address, address, cores[address], 0)
        for address in self._workers.keys() - cores.keys():
            self._listener.left(address, address, False)
        self._workers = dict(cores)

    async def _find_dashboard(self, spec: PoolSpec) -> str | None:
        identity = await self._client.scheduler.identity()
        port = identity["services"].get("dashboard")
        host = urlsplit(str(spec.address)).hostname
        return None if port is None else f"http://{host}:{port}/status"


def _security(spec: PoolSpec) -> Security | None:
    if spec.tls is None:
        return None
    for path in (spec.tls.ca, spec.tls.cert, spec.tls.key):
        if not Path(path).expanduser().is_file():
            message = f"Pool {spec.name!r} has no certificate file {str(path)!r}."
            raise PoolStartError(message, "Give TLS the paths of PEM files.", pool=spec.name, path=str(path))
    return Security(
        tls_ca_file=str(Path(spec.tls.ca).expanduser()),
        tls_client_cert=str(Path(spec.tls.cert).expanduser()),
        tls_client_key=str(Path(spec.tls.key).expanduser()),
        require_encryption=True,
    )
