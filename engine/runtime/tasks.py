"""Who runs a query's tasks: the seam to the pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pools import Call


class Tasks(Protocol):
    """Runs functions somewhere. `pools.Pool` is one; `InlineTasks` runs them here and now."""

    def submit(self, fn: Callable[..., Any], *args: Any, label: str) -> Any:
        """Call `fn(*args)`; arguments that are futures of earlier calls arrive as their results."""
        ...

    def submit_all(self, calls: Sequence[Call], wanted: Sequence[Call]) -> list[Any]:
        """Make calls that take each other's results; futures of those that are wanted."""
        ...

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        """The results of these futures, in order; raises what their calls raised."""
        ...

    def kinds(self, futures: Sequence[Any]) -> list[type | None]:
        """The types of these results, once all are there; none is fetched. None for what is not known."""
        ...


class InlineTasks:
    """Runs every call at once in this process: for whoever has no pool. A result is its own future."""

    def submit(self, fn: Callable[..., Any], *args: Any, label: str) -> Any:
        del label
        return fn(*args)

    def submit_all(self, calls: Sequence[Call], wanted: Sequence[Call]) -> list[Any]:
        made: dict[Call, Any] = {}
        for call in calls:
            args = (made[one] if isinstance(one, Call) else one for one in call.args)
            made[call] = call.fn(*args)
        return [made[call] for call in wanted]

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        return list(futures)

    def kinds(self, futures: Sequence[Any]) -> list[type | None]:
        return [type(one) for one in futures]
