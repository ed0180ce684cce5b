"""What a call may be given by name: a misspelt option is named, with the nearest real one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from pools.errors import TarnError

P = ParamSpec("P")
R = TypeVar("R")


def spelt(
    error: type[TarnError], *, also: Collection[str] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: an option that the call does not have is refused in one line, instead of by a TypeError.

    Args:
        error: What is raised, with `option=` in its data.
        also: Options that the call hands on, where it takes any.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        known = (*options_of(function), *also)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            refuse_unknown(error, function.__name__, kwargs, known)
            return function(*args, **kwargs)

        return call

    return wrap


def refuse_unknown(error: type[TarnError], verb: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise unless every option that is given is known."""
    for option in given:
        if option not in known:
            near = get_close_matches(option, known, n=1, cutoff=0.6)
            maybe = f"Did you mean {near[0]}=? " if near else ""
            raise error(
                f"{verb}() has no option {option!r}.",
                f"{maybe}It takes {', '.join(dict.fromkeys(known))}.",
                option=option,
            )


def options_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """What a function or a class takes by name."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind in named and p.name not in ("self", "cls"))
