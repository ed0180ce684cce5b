"""Makes a verb of a pool a run: its call, its settings and its end stand in the workspace's log."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, runtime_checkable

from engine.errors import OptionError
from engine.events import running, status_of
from pools.options import options_of, refuse_unknown

if TYPE_CHECKING:
    from engine.events import EventLog, Running
    from pools import Usage

P = ParamSpec("P")
R = TypeVar("R")
_LONGEST = 200


class Recorder(Protocol):
    """What has verbs: it knows its log, its name, and what it has used."""

    @property
    def events(self) -> EventLog:
        """Where its runs are written down."""

    @property
    def name(self) -> str:
        """What operators see."""

    def usage(self) -> Usage:
        """Everything used so far."""


@runtime_checkable
class Lasting(Protocol):
    """What a verb may give back before its work is done."""

    def when_over(self, call: Callable[[BaseException | None], None]) -> None:
        """Call when the work is over, now if it is, with what it raised."""


def recorded(
    verb: str, name: str, *, also: Collection[str] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of the verbs of a `Recorder`.

    Args:
        verb: What it does, as the log calls it.
        name: The run's name, with the call's arguments in braces: `"score into {into}"`.
        also: Options that the verb hands on. Others that it does not have itself are an OptionError, which
            names the nearest that it has.
    """

    def wrap(method: Callable[P, R]) -> Callable[P, R]:
        signature, known = inspect.signature(method), (*options_of(method), *also)

        @functools.wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            refuse_unknown(OptionError, method.__name__, kwargs, known)
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return method(*args, **kwargs)  # which raises as it always has
            bound.apply_defaults()
            settings = _settings(bound.arguments)
            owner: Recorder = bound.arguments["self"]
            before = owner.usage()
            with running(
                owner.events, name.format(**settings), verb=verb, settings=settings, pool=owner.name
            ) as run:
                result = method(*args, **kwargs)
                if isinstance(result, Lasting):
                    run.outlives = True
                    result.when_over(partial(_end, run, owner, before, result))
                else:
                    _sum_up(run, owner, before, result)
                return result

        return call

    return wrap


def _sum_up(run: Running, owner: Recorder, before: Usage, result: object) -> None:
    run.result = str(result)[:_LONGEST]
    used = owner.usage() - before
    run.counts |= {"worker_seconds": used.worker_seconds, **used.counts}


def _end(run: Running, owner: Recorder, before: Usage, result: object, error: BaseException | None) -> None:
    _sum_up(run, owner, before, result)
    run.finish(status_of(error), error)


def _settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in arguments.items() if name != "self"}
    for name, value in list(given.items()):
        if isinstance(value, Mapping) and name in ("data", "settings", "options"):
            given.update(given.pop(name))  # what **kwargs took stands beside the others
    return {name: _said(value) for name, value in given.items() if value is not None}


def _said(value: Any) -> Any:
    """A value as the log keeps it: simple ones as they are, things by their name, others as text."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _said(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else _text(value)[:_LONGEST]


def _text(value: Any) -> str:
    """In a line: frames by their size and columns, Optuna's ranges as the log tells those of a study."""
    if hasattr(value, "columns"):
        size = f"{value.npartitions} partitions" if hasattr(value, "npartitions") else f"{len(value):,} rows"
        return f"{type(value).__name__} of {size}: {', '.join(map(str, value.columns))}"
    if hasattr(value, "low") and hasattr(value, "high"):
        return f"{value.low} .. {value.high}{' log' if getattr(value, 'log', False) else ''}"
    return " ".join(repr(value).split())
