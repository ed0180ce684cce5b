"""Optuna's side of a study: what is tried next, from what was seen so far.

Optuna is asked afresh each time, with a study in memory that is made of our own trials. So there is no second
book-keeping that could disagree with the journal, and a trial that is promoted can be told as such, which a
storage of Optuna's does not allow.
"""

from __future__ import annotations

import copy
import hashlib
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError
from engine.ml.tuning.outlook import projected
from engine.ml.tuning.space import grid

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from engine.ml.tuning.state import StudyState, TrialState

NAMES = ("tpe", "random", "grid")
# Below so many results the sampler draws at random.
_STARTUP_TRIALS = 8


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a sampler answered.

    Attributes:
        params: By name.
        attributes: What the sampler wants kept with the trial, by Optuna's names.
        of_study: The same for the study.
    """

    params: dict[str, Any]
    attributes: dict[str, Any] = field(default_factory=dict)
    of_study: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Proposer:
    """Asks one sampler.

    Attributes:
        space: Without `max_bin`, which is no matter of the sampler's.
        sampler: A name of `NAMES`, or an Optuna sampler, whose own state the journal keeps.
        seed: Of the named samplers; each proposal has a generator of its own, so nothing needs keeping.
        maximise: Whether more is better.
        first: Tried before the sampler is asked.
        attributes: What the sampler wants kept, by trial.
        of_study: The same for the study.
    """

    space: Mapping[str, BaseDistribution]
    sampler: BaseSampler | str
    seed: int
    maximise: bool
    first: tuple[dict[str, Any], ...] = ()
    attributes: dict[int, dict[str, Any]] = field(default_factory=dict)
    of_study: dict[str, Any] = field(default_factory=dict)

    def propose(self, state: StudyState) -> Proposal:
        """Parameters for the next trial of a study."""
        number = len(state.trials)
        place = sum(trial.phase == state.phase for trial in state.trials)
        if self.sampler == "grid":
            cells = grid(self.space, self.seed)
            return Proposal(cells[place % len(cells)])
        if place < len(self.first):
            return Proposal(dict(self.first[place]))
        if not self.space:
            return Proposal({})
        return self._ask(state, number)

    def keep(self, number: int, proposal: Proposal) -> None:
        """Remember what the sampler wants kept: of a proposal just made, or of one read from a journal."""
        if proposal.attributes:
            self.attributes[number] = proposal.attributes
        self.of_study.update(proposal.of_study)

    def _ask(self, state: StudyState, number: int) -> Proposal:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="maximize" if self.maximise else "minimize", sampler=self._sampler(number)
        )
        storage, study_id = study._storage, study._study_id  # noqa: SLF001 - samplers' own attributes have no other door
        for name, value in self.of_study.items():
            storage.set_study_system_attr(study_id, name, value)
        values = projected(state.trials)
        study.add_trials([self._frozen(trial, values.get(trial.number)) for trial in state.trials])
        asked = study.ask(dict(self.space))
        frozen = storage.get_trial(asked._trial_id)  # noqa: SLF001
        return Proposal(
            dict(asked.params),
            dict(frozen.system_attrs),
            _added(self.of_study, storage.get_study_system_attrs(study_id)),
        )

    def _sampler(self, number: int) -> BaseSampler:
        import optuna

        if not isinstance(self.sampler, str):
            return self.sampler
        digest = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
        if self.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            # constant_liar keeps trials that run side by side from being proposed twice over.
            return optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=_STARTUP_TRIALS, multivariate=True, constant_liar=True
            )

    def _frozen(self, trial: TrialState, value: float | None) -> FrozenTrial:
        """A trial as Optuna knows it.

        One that was judged is complete, with what it is projected to come to, so that a good one on a middle
        rung counts for more than a bad one at the top. One that has not reported yet is running.
        """
        from optuna.trial import TrialState as OptunaState
        from optuna.trial import create_trial

        given: dict[str, Any] = {
            "params": {name: trial.params[name] for name in self.space},
            "distributions": dict(self.space),
            "system_attrs": self.attributes.get(trial.number, {}),
        }
        if value is None:
            return create_trial(state=OptunaState.RUNNING, **given)
        if math.isnan(value):
            return create_trial(state=OptunaState.PRUNED, **given)
        return create_trial(state=OptunaState.COMPLETE, value=value, **given)


def _added(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {name: copy.copy(value) for name, value in now.items() if before.get(name) != value}


def check_sampler(sampler: object, space: Mapping[str, BaseDistribution], trials: int | None) -> None:
    """Refuse what cannot propose.

    Raises:
        OptionError: An unknown name, an object that is no sampler, or a grid without steps or end.
    """
    from optuna.samplers import BaseSampler

    if isinstance(sampler, BaseSampler):
        return
    if sampler not in NAMES:
        raise OptionError(
            f"sampler={sampler!r} is no sampler.", f"Use {', '.join(map(repr, NAMES))} or an Optuna sampler."
        )
    if sampler == "grid":
        cells = len(grid(space, 0))
        if trials is not None and trials > cells:
            raise OptionError(
                f"The grid has {cells} cells, trials={trials} would repeat some.",
                f"Give trials={cells} or fewer, or trials=None for all.",
            )
