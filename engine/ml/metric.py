"""A metric of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """What a search follows in place of a metric of XGBoost's.

    Attributes:
        name: As leaderboards and runs show it.
        function: From predictions, float32 [N] (or [N, C] for C classes), and truth, float32 [N] (class codes
            or amounts), to a number. It travels to the workers, so it must pickle.
        maximise: Whether more is better.
    """

    name: str
    function: Callable[[npt.NDArray[np.float32], npt.NDArray[np.float32]], float]
    maximise: bool

    def __post_init__(self) -> None:
        if not callable(self.function) or not self.name:
            raise OptionError(
                f"Metric {self.name!r} is no function.", "Give CustomMetric('name', function, maximise=True)."
            )

    def __call__(self, predicted: Any, truth: Any) -> float:
        """The metric of some predictions.

        Raises:
            OptionError: The function answers with something else than a number.
        """
        value = self.function(predicted, truth)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise OptionError(
                f"Metric '{self.name}' answered {value!r}, which is no number.", "Return one float."
            ) from None
