"""The life of a pool as a pure machine: `advance(state, event)` gives the next state and what is to be done.

    new -> starting -> running -> paused -> resuming -> running ...
     ^_______|                      ^___________|                    and from anywhere -> closed

No clock, no thread and no Dask in here; `pools.control` carries the actions out and feeds the events in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from pools.errors import PoolCapacityError, PoolStateError
from pools.policy import Dedicated, Load, Policy, aged


class Phase(StrEnum):
    """Where a pool is in its life."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    RESUMING = "resuming"
    CLOSED = "closed"


_WAY_OUT = {
    Phase.NEW: "Call start(), or use the pool in a with statement.",
    Phase.STARTING: "Wait until start() has returned.",
    Phase.RUNNING: "Call pause() first.",
    Phase.PAUSED: "Call resume().",
    Phase.RESUMING: "Wait until resume() has returned.",
    Phase.CLOSED: "A closed pool stays closed: make a new one from the same spec.",
}


@dataclass(frozen=True, slots=True)
class State:
    """Everything that decides what a pool does next.

    Args:
        growing: Workers asked for that are not there yet.
        retiring: Workers on their way out.
        holds: How many `hold` blocks are open: while there is one no worker leaves.
        trouble: Why workers last failed to come up, until some do.
        failures: How often in a row they did.
        grow_after: No worker is asked for before this moment, because some have just failed to come up.
        retire_after: No worker is let go before this moment, because one could not leave.
    """

    name: str
    policy: Policy
    elastic: bool = True
    phase: Phase = Phase.NEW
    load: Load = field(default_factory=Load)
    growing: int = 0
    retiring: frozenset[str] = frozenset()
    holds: int = 0
    trouble: str | None = None
    failures: int = 0
    grow_after: float = 0.0
    retire_after: float = 0.0

    @property
    def up(self) -> bool:
        """Whether workers come and go."""
        return self.phase in (Phase.STARTING, Phase.RUNNING, Phase.RESUMING)

    @property
    def metered(self) -> int:
        """How many workers are paid for."""
        return self.policy.metered(self.load) if self.phase is Phase.RUNNING else 0

    def require(self, *phases: Phase) -> None:
        """Raise PoolStateError unless the pool is in one of these phases."""
        if self.phase not in phases:
            hint = _WAY_OUT[self.phase]
            raise PoolStateError(
                f"Pool {self.name!r} is {self.phase}.", hint, pool=self.name, state=str(self.phase)
            )


@dataclass(frozen=True, slots=True)
class Start:
    """`start` was called."""


@dataclass(frozen=True, slots=True)
class Resume:
    """`resume` was called."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Neither scheduler nor workers came up; all of it has been undone."""


@dataclass(frozen=True, slots=True)
class Pause:
    """`pause` was called."""


@dataclass(frozen=True, slots=True)
class Close:
    """`close` was called."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`scale` was called."""

    nodes: int


@dataclass(frozen=True, slots=True)
class Unscale:
    """What `scale` asked for cannot be had; this is how it was before."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Hold:
    """A `hold` block was opened."""


@dataclass(frozen=True, slots=True)
class Release:
    """A `hold` block was left."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The driver was looked at."""

    load: Load
    now: float


@dataclass(frozen=True, slots=True)
class Grown:
    """Workers that were asked for have come up, or have not."""

    count: int
    now: float
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Retired:
    """A worker that was to leave is gone, or stays because it could not leave."""

    worker: str
    now: float
    gone: bool


@dataclass(frozen=True, slots=True)
class Spared:
    """A worker that was to leave need not; if it was too late the next look will tell."""

    worker: str


Command = Start | Resume | Failed | Pause | Close
Sight = Observed | Grown | Retired | Spared
Event = Command | Scale | Unscale | Hold | Release | Sight


@dataclass(frozen=True, slots=True)
class Grow:
    """Ask the driver for so many more workers."""

    count: int


@dataclass(frozen=True, slots=True)
class Retire:
    """Ask the driver to let a worker go."""

    worker: str


@dataclass(frozen=True, slots=True)
class Spare:
    """Take back a `Retire`."""

    worker: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No worker comes up, so nobody should go on waiting for one."""

    reason: str


Action = Grow | Retire | Spare | GiveUp
Step = tuple[State, tuple[Action, ...]]

# After so many failures in a row, with no worker at all, waiting work is told so rather than left waiting.
_HOPELESS = 3
_RETIRE_AGAIN_SECONDS = 1.0


def advance(state: State, event: Event) -> Step:
    """The state after an event, and the actions to carry out.

    Raises:
        PoolStateError: The pool is in no phase in which this may be asked; the state stays as it is.
        PoolCapacityError: The pool cannot be scaled by hand.
    """
    match event:
        case Observed() | Grown() | Retired() | Spared():
            return _seen(state, event) if state.up else (state, ())
        case Hold():
            state.require(Phase.RUNNING)
            return replace(state, holds=state.holds + 1), tuple(
                Spare(name) for name in sorted(state.retiring)
            )
        case Release():
            return replace(state, holds=state.holds - 1), ()
        case Scale():
            return _scaled(state, event.nodes), ()
        case Unscale():
            return replace(state, policy=event.policy, trouble=None), ()
        case _:
            return _lifecycle(state, event), ()


def _lifecycle(state: State, event: Command) -> State:
    match event:
        case Start():
            state.require(Phase.NEW, Phase.RUNNING)
            return state if state.phase is Phase.RUNNING else _moved(state, Phase.STARTING)
        case Resume():
            state.require(Phase.PAUSED, Phase.RUNNING)
            return state if state.phase is Phase.RUNNING else _moved(state, Phase.RESUMING)
        case Failed():
            return _moved(state, Phase.PAUSED if state.phase is Phase.RESUMING else Phase.NEW)
        case Pause():
            state.require(Phase.RUNNING, Phase.PAUSED)
            return _moved(state, Phase.PAUSED)
        case Close():
            return _moved(state, Phase.CLOSED)


def _moved(state: State, phase: Phase) -> State:
    """In another phase, where what was under way is not any more."""
    fresh = State(state.name, state.policy, state.elastic)
    return replace(fresh, phase=phase, holds=state.holds)


def _scaled(state: State, nodes: int) -> State:
    state.require(Phase.RUNNING)
    if not state.elastic:
        hint = "Ask who runs the scheduler for more workers, or use a pool that starts its own."
        message = f"The workers of pool {state.name!r} belong to others: it cannot be scaled from here."
        raise PoolCapacityError(message, hint, pool=state.name)
    if not isinstance(state.policy, Dedicated):
        hint = f"It has up to {state.policy.widest} as work comes; for a fixed number make a dedicated pool."
        raise PoolCapacityError(f"Pool {state.name!r} sizes itself.", hint, pool=state.name)
    if nodes < 1:
        hint = "Call pause() to give all workers back."
        raise PoolCapacityError(f"Pool {state.name!r} cannot have {nodes} nodes.", hint, pool=state.name)
    if nodes < state.policy.nodes and state.holds:
        hint = "Scale down after the hold has been left."
        raise PoolStateError(f"The workers of pool {state.name!r} are held.", hint, pool=state.name)
    return replace(state, policy=replace(state.policy, nodes=nodes), trouble=None, failures=0, grow_after=0.0)


def _seen(state: State, event: Sight) -> Step:
    match event:
        case Observed():
            return _reconciled(replace(state, load=aged(event.load, state.load, event.now)), event.now)
        case Grown(trouble=None):
            return replace(state, growing=state.growing - event.count, trouble=None, failures=0), ()
        case Grown():
            return _failed_to_grow(state, event)
        case Retired():
            after = state.retire_after if event.gone else event.now + _RETIRE_AGAIN_SECONDS
            return replace(state, retiring=state.retiring - {event.worker}, retire_after=after), ()
        case Spared():
            return replace(state, retiring=state.retiring - {event.worker}), ()


def _failed_to_grow(state: State, event: Grown) -> Step:
    failures = state.failures + 1
    state = replace(
        state,
        growing=state.growing - event.count,
        trouble=event.trouble,
        failures=failures,
        grow_after=event.now + min(30.0, 2.0**failures),
    )
    hopeless = failures >= _HOPELESS and not state.load.workers and state.load.tasks
    return state, ((GiveUp(event.trouble or ""),) if hopeless else ())


def _reconciled(state: State, now: float) -> Step:
    """One step from the workers that are there towards those that there should be."""
    if not state.elastic:
        return _settled(state, floor=max(1, state.policy.floor)), ()
    staying = tuple(worker for worker in state.load.workers if worker.name not in state.retiring)
    missing = state.policy.target(state.load, now) - len(staying) - state.growing
    actions: tuple[Action, ...] = ()
    if missing > 0:
        spared = [worker.name for worker in state.load.workers if worker.name in state.retiring][:missing]
        actions = tuple(Spare(name) for name in spared)
        missing -= len(spared)
        if missing and now >= state.grow_after:
            actions += (Grow(missing),)
            state = replace(state, growing=state.growing + missing)
    elif missing < 0 and not state.holds and now >= state.retire_after:
        leaving = state.policy.leaving(staying, -missing, now)
        actions = tuple(Retire(name) for name in leaving)
        state = replace(state, retiring=state.retiring.union(leaving))
    return _settled(state, floor=state.policy.floor), actions


def _settled(state: State, *, floor: int) -> State:
    """Running, if it was on the way there and its workers have come."""
    if state.phase is not Phase.RUNNING and state.load.ready >= floor:
        return replace(state, phase=Phase.RUNNING)
    return state
