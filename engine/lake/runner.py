"""How the lake asks for distributed work without knowing who does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol


class Runner(Protocol):
    """Runs one function over many items. `pools.Pool` is one."""

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str) -> list[Any]:
        """Return the results in the order of `items`; raise the first failure after stopping the rest.

        `fn` and the items must pickle. An item may run more than once (retries, lost workers); only the
        result that is returned counts.
        """
        ...

    def stream(
        self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str
    ) -> Iterator[tuple[int, Any]]:
        """As `map`, but yield index and result of each item as it is done."""
        ...


class FrameRunner(Protocol):
    """Computes Dask collections. `pools.Pool` is one."""

    @property
    def client(self) -> Any:
        """A `distributed.Client`."""
        ...

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        """The results of futures, in order; raises what their tasks raised."""
        ...


class InlineRunner:
    """Runs everything here and now, in one thread: for small work, and for whoever has no pool."""

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str) -> list[Any]:
        return [result for _, result in self.stream(fn, items, label=label)]

    def stream(
        self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str
    ) -> Iterator[tuple[int, Any]]:
        del label
        for index, item in enumerate(items):
            yield index, fn(item)
