"""What a split is asked to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from engine.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Fold codes of rows. The parts of a k-fold split are FIRST_PART, FIRST_PART + 1, ...; `Split.roles` says what
# they are in each round. UNUSED is a role alone: a row that a round must not see.
TRAIN, VALID, TEST = 0, 1, 2
FIRST_PART = 3
UNUSED = 255
FOLD_NAMES = ("train", "valid", "test")
_MOST_PARTS = 100


@dataclass(frozen=True, slots=True)
class Split:
    """How rows are dealt out to training, validation and test.

    By default at random: by a hash of all columns but the label (or of `key`) with the seed. `stratify`
    keeps the shares within each class, `group` keeps rows together, `time` trains on the past and tests on
    the future, `column` takes over what a column says.

    Attributes:
        valid: Share that early stopping and the search look at; not used with `folds` or `column`.
        test: Share that nothing looks at before the final report; not used with `column`.
        seed: Another seed is another split.
        key: Columns that name a row; None takes all but the label. Rows that are equal in them stay together,
            so name one where many are.
        stratify: True for the label, or a column: each of its values has the same shares, to a row or, for a
            value of more than 65,536 rows, to one in 65,536.
        group: A column whose equal values must not be torn apart.
        time: A column of dates, times or numbers: the oldest rows train, the newest test. Rows of one time
            stay together, so shares hold as far as that allows.
        column: A column that says of each row `train`, `valid` or `test`.
        folds: Parts of a cross-validation over the rows that do not test; 0 for one held-out share. With
            `time`, part i + 1 is held out from what was trained on the parts up to i.

    Raises:
        OptionError: Shares that are negative or leave nothing to train on, or two ways to split at once.
    """

    valid: float = 0.16
    test: float = 0.2
    seed: int = 0
    key: Sequence[str] | None = None
    stratify: bool | str = False
    group: str | None = None
    time: str | None = None
    column: str | None = None
    folds: int = 0

    def __post_init__(self) -> None:
        if self.key is not None:
            object.__setattr__(self, "key", (self.key,) if isinstance(self.key, str) else tuple(self.key))
        self._check_shares()
        self._check_ways()

    def _check_shares(self) -> None:
        valid = 0.0 if self.folds else self.valid
        # NaN fails every comparison, so it is refused too
        possible = 0 <= self.test < 1 and (self.folds or self.valid > 0) and valid + self.test < 1
        if not possible:
            raise OptionError(
                f"A split of valid={self.valid} and test={self.test} is not possible.",
                "valid must be above 0, test at least 0, and their sum below 1.",
            )
        if self.folds and not 2 <= self.folds <= _MOST_PARTS:
            raise OptionError(
                f"A split into folds={self.folds} is not possible.", f"Use 2 to {_MOST_PARTS}, or 0 for none."
            )

    def _check_ways(self) -> None:
        ways = [name for name in ("stratify", "group", "time", "column") if getattr(self, name)]
        if len(ways) > 1:
            raise OptionError(f"A split is by {' or by '.join(ways)}, not by both.", "Choose one of them.")
        if self.key is not None and not self.key:
            raise OptionError("A split by key=() would put all rows into one fold.", "Name key columns.")
        if self.key and ways and ways != ["stratify"]:
            raise OptionError(f"A split by {ways[0]} has no use for key=.", f"Leave out key= or {ways[0]}=.")
        if self.column and self.folds:
            raise OptionError("A split by column has no parts to choose.", "Leave out folds= or column=.")

    @property
    def rounds(self) -> int:
        """How often there is a training and a validation: once, or once per part that is held out."""
        return self.folds or 1

    @property
    def parts(self) -> int:
        """Parts of a k-fold split: one more than its rounds by time, where the first only trains."""
        return self.folds + bool(self.folds and self.time)

    def slots(self) -> list[tuple[int, float]]:
        """Fold codes with their shares, in the order in which rows are dealt out."""
        if self.folds:
            rest = [(FIRST_PART + part, (1 - self.test) / self.parts) for part in range(self.parts)]
        else:
            rest = [(VALID, self.valid), (TRAIN, 1 - self.test - self.valid)]
        if self.time:
            return [*(rest if self.folds else rest[::-1]), (TEST, self.test)]
        return [(TEST, self.test), *rest]

    def roles(self, folds: npt.NDArray[np.uint8], round: int = 0) -> npt.NDArray[np.uint8]:  # noqa: A002
        """What rows are in one round of a split.

        Args:
            folds: Fold codes, uint8 `[N]`.
            round: From 0; a split without `folds=` has but one.

        Returns:
            uint8 `[N]` of TRAIN, VALID, TEST and, by time, UNUSED for rows newer than what is held out.
        """
        import numpy as np

        if not self.folds:
            return folds
        if not 0 <= round < self.rounds:
            raise OptionError(f"There is no round {round}.", f"Rounds are 0 to {self.rounds - 1}.")
        table = np.arange(256, dtype=np.uint8)
        table[FIRST_PART : FIRST_PART + self.parts] = TRAIN
        held_out = FIRST_PART + round + (self.parts - self.folds)
        table[held_out] = VALID
        if self.time:
            table[held_out + 1 : FIRST_PART + self.parts] = UNUSED
        return np.asarray(table[folds])

    def as_json(self) -> dict[str, Any]:
        """Plain values by field, the inverse of `Split(**...)`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "key": list(self.key) if self.key else None}
