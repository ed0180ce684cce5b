"""The search: Optuna proposes by ask and tell, every worker thread trains one trial at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distributed import as_completed

from engine.errors import OptionError
from engine.ml.boost import Fit, Fitted, fit_trial
from engine.ml.params import check_booster, check_params
from engine.ml.study import Trial, best_of

if TYPE_CHECKING:
    from distributed import Future
    from optuna import Study as OptunaStudy
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial as OptunaTrial

    from engine.ml.training_set import TrainingSet
    from pools import Pool


@dataclass(frozen=True)
class SearchPlan:
    """What to search.

    Attributes:
        space: XGBoost parameter to Optuna distribution.
        trials: How many.
        max_rounds: Boosting rounds of one trial at most.
        patience: Rounds without improvement before a trial stops.
        params: Fixed XGBoost parameters.
        seed: Seeds sampler and boosters.
        sampler: An Optuna sampler; TPE by default.

    Raises:
        OptionError: A name that XGBoost does not know or that stands in both places, a number below 1.
        UnsupportedError: A booster other than trees.
    """

    space: Mapping[str, BaseDistribution]
    trials: int
    max_rounds: int
    patience: int = 20
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    sampler: BaseSampler | None = None

    def __post_init__(self) -> None:
        check_params([*self.space, *self.params])
        check_booster(self.params)
        twice = sorted(set(self.space) & set(self.params))
        if twice:
            raise OptionError(
                f"Parameters {twice} stand in space= and in params=.", "A parameter is searched or fixed."
            )
        for name in ("trials", "max_rounds", "patience"):
            if getattr(self, name) < 1:
                raise OptionError(
                    f"{name}={getattr(self, name)} makes no sense.", f"{name} must be at least 1."
                )
        _check_distributions(self.space)


def _check_distributions(space: Mapping[str, Any]) -> None:
    from optuna.distributions import BaseDistribution

    for name, distribution in space.items():
        if not isinstance(distribution, BaseDistribution):
            raise OptionError(
                f"space['{name}'] is {distribution!r}, not an Optuna distribution.",
                "Use optuna.distributions: IntDistribution(3, 10), FloatDistribution(0.01, 0.3, log=True), "
                "CategoricalDistribution([...]).",
            )


def search(
    pool: Pool, data: TrainingSet, plan: SearchPlan, *, on_trial: Callable[[Trial], None]
) -> tuple[tuple[Trial, ...], Fitted]:
    """Run the plan's trials on the pool.

    The sampler hears of a result as soon as it is there. With one worker thread the order of results
    is fixed, and the same seed gives the same trials; with more it follows the workers' speed.

    Returns:
        The trials in the order of their numbers, and what the best of them fitted.
    """
    asker = _Asker(data, plan)
    slots = max(1, min(plan.trials, pool.spec.policy.widest * pool.spec.threads))
    best: dict[int, Fitted] = {}
    with pool.hold():
        running = as_completed([asker.start_next(pool) for _ in range(slots)], loop=pool.client.loop)
        for future in running:
            [fitted] = pool.gather([future])
            trial = asker.tell(future, fitted)
            winner = best_of(asker.trials, maximise=data.label.maximise)
            best = {winner.number: fitted if winner is trial else best[winner.number]}
            if asker.left:
                running.add(asker.start_next(pool))
            on_trial(trial)
    return asker.trials, next(iter(best.values()))


class _Asker:
    """Optuna's side of the search: what was asked, what came back."""

    def __init__(self, data: TrainingSet, plan: SearchPlan) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._data, self._plan = data, plan
        direction = "maximize" if data.label.maximise else "minimize"
        # constant_liar keeps trials that run side by side from being proposed twice over.
        sampler = plan.sampler or optuna.samplers.TPESampler(seed=plan.seed, constant_liar=True)
        self._study: OptunaStudy = optuna.create_study(direction=direction, sampler=sampler)
        self._asked: dict[str, OptunaTrial] = {}
        self._told: dict[int, Trial] = {}
        self.left = plan.trials

    @property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(self._told[number] for number in sorted(self._told))

    def start_next(self, pool: Pool) -> Future:
        asked = self._study.ask(dict(self._plan.space))
        self.left -= 1
        fit = Fit(
            params={
                **self._data.label.params,
                **self._plan.params,
                **asked.params,
                "seed": self._plan.seed + asked.number,
            },
            max_rounds=self._plan.max_rounds,
            patience=self._plan.patience,
            data_key=self._data.key,
        )
        future = pool.submit(fit_trial, list(self._data.blocks), fit, label="fit-trial")
        self._asked[future.key] = asked
        return future

    def tell(self, future: Future, fitted: Fitted) -> Trial:
        asked = self._asked.pop(future.key)
        self._study.tell(asked, fitted.score)
        trial = Trial(
            number=asked.number,
            params=dict(asked.params),
            score=fitted.score,
            rounds=fitted.rounds,
            seconds=fitted.seconds,
            curve=fitted.curve,
        )
        self._told[trial.number] = trial
        return trial
