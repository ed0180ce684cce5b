"""Who runs a query's tasks: the seam to the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Tasks(Protocol):
    """Runs functions somewhere. `pools.Pool` is one; `InlineTasks` runs them here and now."""

    def submit(self, fn: Callable[..., Any], *args: Any, label: str) -> Any:
        """Call `fn(*args)`; arguments that are futures of earlier calls arrive as their results."""
        ...

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        """The results of these futures, in order; raises what their calls raised."""
        ...


class InlineTasks:
    """Runs every call at once in this process: for whoever has no pool. A result is its own future."""

    def submit(self, fn: Callable[..., Any], *args: Any, label: str) -> Any:
        del label
        return fn(*args)

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        return list(futures)
