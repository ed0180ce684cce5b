"""What a search is asked to do, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.ml.params import check_booster, check_numbers, check_params
from engine.ml.tuning.machine import Rules
from engine.ml.tuning.proposer import Proposer, check_sampler
from engine.ml.tuning.schedules import Schedule, schedule_of
from engine.ml.tuning.space import check_distributions, first_configurations, grid, outer_values
from engine.ml.tuning.state import Limits

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

    from engine.ml.tuning.policies import Policy


@dataclass(frozen=True)
class SearchPlan:
    """What to search.

    Attributes:
        space: XGBoost parameter to Optuna distribution.
        limits: When it ends.
        max_rounds: Boosting rounds of one trial at most.
        patience: Rounds without improvement before a trial has converged; None for never.
        params: Fixed XGBoost parameters.
        seed: Seeds sampler and boosters.
        sampler: `tpe`, `random`, `grid`, or an Optuna sampler.
        schedule: How rounds are shared out: a name, a schedule, or an early-termination policy.
        first: Tried before the sampler is asked; None for four starts known to be good, () for none.

    Raises:
        OptionError: A name that XGBoost does not know or that stands in both places, a value out of range.
        UnsupportedError: A booster other than trees.
    """

    space: Mapping[str, BaseDistribution]
    limits: Limits
    max_rounds: int
    # With 20 a slow climb is taken for the top: replayed as in `schedules`, 0.0008 AUC more were lost.
    patience: int | None = 30
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    sampler: BaseSampler | str = "tpe"
    schedule: Schedule | Policy | str = "asha"
    first: Sequence[Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        check_params([*self.space, *self.params])
        check_booster(self.params)
        check_numbers(self.params)
        check_distributions(self.space)
        twice = sorted(set(self.space) & set(self.params))
        if twice:
            raise OptionError(
                f"Parameters {twice} stand in space= and in params=.", "A parameter is searched or fixed."
            )
        for name in ("max_rounds", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name}={value} makes no sense.", f"{name} must be at least 1.")
        object.__setattr__(self, "schedule", schedule_of(self.schedule))
        check_sampler(self.sampler, self.inner, self._trials_of_grid())
        self._check_first()

    def _trials_of_grid(self) -> int | None:
        return None if self.limits.trials is None else -(-self.limits.trials // max(1, len(self.outer)))

    def _check_first(self) -> None:
        for given in self.first or ():
            if set(given) != set(self.inner):
                raise OptionError(
                    f"first= holds {dict(given)}, which is not one value for each of {sorted(self.inner)}.",
                    "Name every parameter of the space but max_bin.",
                )
            for name, value in given.items():
                found = self.inner[name]
                try:
                    inside = found._contains(found.to_internal_repr(value))  # noqa: SLF001 - Optuna's one test
                except ValueError:
                    inside = False
                if not inside:
                    raise OptionError(f"first= has {name}={value!r}, outside of {found}.", "Widen the space.")

    @property
    def inner(self) -> dict[str, BaseDistribution]:
        """The space without `max_bin`."""
        return {name: found for name, found in self.space.items() if name != "max_bin"}

    @property
    def outer(self) -> tuple[int, ...]:
        """Values of `max_bin` in the space."""
        return outer_values(self.space)

    def rules(self, *, maximise: bool) -> Rules:
        """What the machine decides by."""
        return Rules(
            schedule_of(self.schedule), self.max_rounds, maximise, max(1, len(self.outer)), len(self.starts)
        )

    def proposer(self, *, maximise: bool) -> Proposer:
        """Who is asked for parameters."""
        return Proposer(self.inner, self.sampler, self.seed, maximise, self.starts)

    @property
    def starts(self) -> tuple[dict[str, Any], ...]:
        """What is tried before the sampler is asked."""
        if self.first is not None:
            return tuple(dict(given) for given in self.first)
        return first_configurations(self.inner, self.max_rounds) if self.sampler == "tpe" else ()

    def bounded(self) -> Limits:
        """The limits, a grid's own number of cells among them."""
        if self.sampler == "grid" and self.limits.trials is None:
            cells = len(grid(self.inner, 0)) * max(1, len(self.outer))
            return Limits(cells, self.limits.seconds, self.limits.core_seconds)
        return self.limits

    def params_of(self, number: int, phase: int, proposed: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters of a trial but those that follow from the label."""
        outer = {"max_bin": self.outer[phase]} if self.outer else {}
        return {**self.params, **outer, **proposed, "seed": self.seed + number}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done otherwise than the words say."""
        found: Any = self.space.get("max_bin")
        low, high = getattr(found, "low", None), getattr(found, "high", None)
        if low is None or high - low < len(self.outer):
            return ()
        values = ", ".join(map(str, self.outer))
        return (f"of max_bin {low} to {high} the values {values} are tried, one after the other",)
