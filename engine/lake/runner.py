"""How the lake asks for distributed work without knowing who does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Runner(Protocol):
    """Runs one function over many items. `pools.Pool` is one."""

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str) -> list[Any]:
        """Return the results in the order of `items`; raise the first failure after stopping the rest.

        `fn` and the items must pickle. An item may run more than once (retries, lost workers); only the result
        that is returned counts.
        """
        ...


class InlineRunner:
    """Runs everything here and now, in one thread: for small work, and for whoever has no pool."""

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], *, label: str) -> list[Any]:
        del label
        return [fn(item) for item in items]
