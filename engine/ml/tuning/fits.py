"""Fits on a pool: as many at a time as it runs tasks, each on one thread."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from distributed import as_completed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from engine.ml.tuning.fit import Fitted, FitTrial, Job
    from pools import Pool

# A graph above 10 MB makes the scheduler deaf while it reads it; boosters travel in pieces of this size.
_PIECE = 1 << 22


class PoolFits:
    """See `engine.ml.tuning.runner.Fits`. Fits that have not begun when `with` ends never begin.

    Args:
        pool: Where fits run.
        fit: What a fit is.
        on_failure: Told of the trial whose fit raised, before `next` raises it.
    """

    def __init__(
        self, pool: Pool, fit: FitTrial, on_failure: Callable[[int, Exception], None] | None = None
    ) -> None:
        self._pool, self._fit, self._on_failure = pool, fit, on_failure
        self._numbers: dict[str, int] = {}
        self._held: dict[str, list[Any]] = {}
        self._running = as_completed([], loop=pool.client.loop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(RuntimeError):  # the pool is closed, and its event loop with it
            for futures in self._held.values():
                for future in futures:
                    future.release()
        self._held.clear()

    def start(self, job: Job, models: bytes) -> None:
        """See `Fits`."""
        pieces: list[Any] = [models[at : at + _PIECE] for at in range(0, len(models), _PIECE)]
        if len(pieces) > 1:
            pieces = [self._pool.submit(bytes, piece, label="send-model") for piece in pieces]
        future = self._pool.submit(self._fit, job, pieces, label="fit-trial")
        self._numbers[future.key] = job.number
        self._held[future.key] = [future, *(pieces if len(pieces) > 1 else ())]
        self._running.add(future)

    def next(self) -> tuple[int, Fitted]:
        """See `Fits`."""
        future = next(self._running)
        try:
            [fitted] = self._pool.gather([future])
        except Exception as error:
            if self._on_failure is not None:
                self._on_failure(self._numbers[future.key], error)
            raise
        for held in self._held.pop(future.key):
            held.release()
        return self._numbers.pop(future.key), fitted


class SerialFits:
    """Fits one after the other in this process: the fake of `PoolFits`."""

    def __init__(self, fit: FitTrial) -> None:
        self._fit = fit
        self._waiting: list[tuple[Job, bytes]] = []

    def start(self, job: Job, models: bytes) -> None:
        """See `Fits`."""
        self._waiting.append((job, models))

    def next(self) -> tuple[int, Fitted]:
        """See `Fits`."""
        job, models = self._waiting.pop(0)
        return job.number, self._fit(job, [models] if models else [])
