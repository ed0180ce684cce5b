"""Calls that are sent to a pool together, some of which take the results of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of several that are sent together.

    Attributes:
        fn: What to call.
        args: Its arguments; a future, or another of the calls, arrives as its result.
        label: The task's name in the dashboard.
    """

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    label: str
