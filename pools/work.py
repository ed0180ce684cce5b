"""Work sent to a pool's workers, its results as they come, and what went wrong in the pool's words."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
from dask.sizeof import sizeof
from dask.task_spec import Task, TaskRef
from dask.utils import key_split
from distributed import CancelledError, Future, KilledWorker, as_completed

from pools.calls import Call
from pools.errors import PoolSpecError, TaskLostError, WorkCancelledError
from pools.worker import counting_for

# What one graph carries. Above 10 MB distributed warns, and its scheduler is deaf while it reads one.
_GRAPH_ITEMS = 1000
_GRAPH_BYTES = 2**22
# Statuses of a future that has no result and will have none.
_FAILED = ("error", "cancelled")
# A function or common value is copied into every task, unless it is larger than this: then it is a task
# itself, whose result workers get from each other, once each. Measured: that costs one step of 10 ms more.
_INLINE_BYTES = 2**16


class Work:
    """Sends work of one pool through a client; `topic` is what its tasks count for."""

    def __init__(self, pool: str, client: Any, topic: str) -> None:
        self._pool = pool
        self._client = client
        self._topic = topic

    def submit(self, fn: Callable[..., Any], args: Sequence[Any], *, label: str | None, retries: int) -> Any:
        """One call as a future; futures among the arguments arrive as their results."""
        label = _name_of(fn) if label is None else label
        key = f"{_checked(label)}-{uuid.uuid4().hex}"
        with self._sending(label):
            return self._client.submit(
                _call, self._portable(fn, label), self._topic, *args, key=key, retries=retries, pure=False
            )

    def submit_all(self, calls: Sequence[Call], wanted: Sequence[Call]) -> list[Any]:
        """Futures of the wanted calls; all calls in one message, those that none of these needs left out.

        Measured: a message of its own for each call costs client and scheduler 2 ms.
        """
        if not wanted:
            return []
        keys = {call: f"{_checked(call.label)}-{uuid.uuid4().hex}" for call in calls}

        def argument(value: Any) -> Any:
            if isinstance(value, Call):
                return TaskRef(keys[value])
            return TaskRef(value.key) if isinstance(value, Future) else value

        graph = {
            key: Task(
                key, _Sent(key, self._portable(call.fn, call.label), self._topic), *map(argument, call.args)
            )
            for call, key in keys.items()
        }
        with self._sending(calls[0].label):
            futures: list[Any] = self._client.get(graph, [keys[call] for call in wanted], sync=False)
        return futures

    def map(
        self, fn: Callable[..., Any], items: Iterable[Any], *, label: str, retries: int, common: Any = None
    ) -> list[Any]:
        """One future per item, in order."""
        token = f"{_checked(label)}-{uuid.uuid4().hex}"
        fn = self._portable(fn, label)
        call, shared = (_call, ()) if common is None else (_call_with, (self._portable(common, label),))
        futures: list[Any] = []
        for batch in batches(items, most=_GRAPH_ITEMS, size=_GRAPH_BYTES):
            columns = [[value] * len(batch) for value in (fn, self._topic, *shared)]
            keys = [(token, len(futures) + place) for place in range(len(batch))]
            with self._sending(label):
                futures += self._client.map(call, *columns, batch, key=keys, retries=retries, pure=False)
        return futures

    def results(self, futures: list[Any]) -> Iterator[tuple[int, Any]]:
        """Index and result of each future as it is done; what is left when the iterator ends is dropped."""
        index = {future.key: place for place, future in enumerate(futures)}
        try:
            for finished, failed in self._ended(futures):
                for future, value in zip(finished, self.gather(finished), strict=True):
                    yield index[future.key], value
                    future.release()
                for future in failed:
                    with self._told():
                        future.result()
        finally:
            self.drop(futures)

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        """The results of these futures, in order."""
        if not futures:
            return []
        with self._told():
            for future in futures:
                if future.client is not self._client:
                    self._refuse(future)
            return list(self._client.gather(list(futures)))

    def kinds(self, futures: Sequence[Any]) -> list[type | None]:
        """The types of the results, once they are there; as `gather`, without fetching any."""
        with self._told():
            for future in futures:
                if future.client is not self._client:
                    self._refuse(future)
            for _, failed in self._ended(futures):
                for future in failed:
                    future.result()
            return [future.type for future in futures]

    def _ended(self, futures: Sequence[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
        """The futures as they end: those with a result, and those that failed or were cancelled.

        A status is read once, since it changes under our hands. One whose worker died after the end is
        neither: it is computed again, and waited for again.
        """
        running = as_completed(futures, loop=self._client.loop)
        for batch in running.batches():
            statuses = [(future, future.status) for future in batch]
            finished = [future for future, status in statuses if status == "finished"]
            failed = [future for future, status in statuses if status in _FAILED]
            running.update(future for future, status in statuses if status not in ("finished", *_FAILED))
            yield finished, failed

    def _refuse(self, future: Any) -> None:
        if future.cancelled():  # by a pause that closed the client it belonged to
            future.result()
        message = f"Future {future.key!r} is not of pool {self._pool!r}."
        raise PoolSpecError(message, "Gather it where it was submitted.", pool=self._pool)

    def drop(self, futures: Iterable[Any]) -> None:
        """Forget these futures: what has not begun of them is not begun."""
        with suppress(RuntimeError):  # the pool is closed, and its event loop with it
            for future in futures:
                future.release()

    def _portable(self, value: Any, label: str) -> Any:
        """The value, or a future of it if it is too large to be copied into every task.

        The future has lineage, unlike scattered data: a worker that dies takes along nothing that is lost.
        """
        with self._sending(label):
            pickled = cloudpickle.dumps(value)
        if len(pickled) <= _INLINE_BYTES:
            return value
        key = f"common-{hashlib.sha256(pickled).hexdigest()[:32]}"
        starts = range(0, len(pickled), _GRAPH_BYTES)
        pieces = [
            self._client.submit(
                bytes, pickled[start : start + _GRAPH_BYTES], key=(f"{key}-piece", start), pure=False
            )
            for start in starts
        ]
        return self._client.submit(_loaded, *pieces, key=key, pure=False)

    @contextmanager
    def _sending(self, label: str) -> Iterator[None]:
        try:
            yield
        except (TypeError, AttributeError, ValueError, cloudpickle.pickle.PicklingError) as error:
            message = f"Work {label!r} cannot be sent to the workers of pool {self._pool!r}: {error}"
            raise PoolSpecError(
                message, "Send what can be pickled: no locks, connections or open files."
            ) from error

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except KilledWorker as error:
            label, deaths = key_split(error.task), error.allowed_failures + 1
            message = f"A task of {label!r} was given up: {deaths} workers died while they ran it."
            hint = "Did it run out of memory? Give the pool more memory, or the task less to do."
            raise TaskLostError(message, hint, pool=self._pool, label=label) from error
        except CancelledError as error:
            label, told = key_split(getattr(error, "key", "work")), getattr(error, "msg", None) or str(error)
            message = f"Work {label!r} was cancelled. {told}"
            raise WorkCancelledError(message, pool=self._pool, label=label) from error


def _checked(label: str) -> str:
    if not isinstance(label, str) or not label or key_split(f"{label}-{'0' * 32}") != label:
        hint = "Use a word, or several joined by '-' of which all but the first have letters only."
        raise PoolSpecError(f"label={label!r} cannot be a label of work.", hint, label=label)
    return label


def _name_of(fn: Callable[..., Any]) -> str:
    """What the dashboard makes of a function's name."""
    return str(key_split(getattr(fn, "__name__", "call"))).strip("_") or "call"


def batches(items: Iterable[Any], *, most: int, size: int) -> Iterator[list[Any]]:
    """Items in lists of at most `most`; a list ends with the item that brings it to `size` bytes."""
    batch: list[Any] = []
    filled = 0
    for item in items:
        batch.append(item)
        filled += sizeof(item)
        if len(batch) == most or filled >= size:
            yield batch
            batch, filled = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Sent:
    """A call of which there is one alone, so that Dask need not look through it for a name."""

    key: str
    fn: Any
    topic: str

    def __call__(self, *args: Any) -> Any:
        return _call(self.fn, self.topic, *args)

    def __dask_tokenize__(self) -> str:
        return self.key


def _call(fn: Callable[..., Any], topic: str, *args: Any) -> Any:
    with counting_for(topic):
        return fn(*args)


def _call_with(fn: Callable[..., Any], topic: str, common: Any, item: Any) -> Any:
    with counting_for(topic):
        return fn(item, common)


def _loaded(*pieces: bytes) -> Any:
    return cloudpickle.loads(b"".join(pieces))
