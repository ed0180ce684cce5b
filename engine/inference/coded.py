"""A column of texts as its distinct values and a code for each row: what a dictionary in Parquet is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Coded:
    """Stands in the place of an array of texts `[N, 1]`, or `[N]` where it is flat.

    Attributes:
        values: Texts, object `[D]`. One may stand there twice, and some for no row.
        codes: The place of each row's text among them, `[N]` of integers.
        flat: Whether the graph's input is `[N]`.
    """

    values: NDArray[Any]
    codes: NDArray[Any]
    flat: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.codes),) if self.flat else (len(self.codes), 1)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Coded:
        return Coded(self.values, self.codes[rows], self.flat)

    def compact(self) -> Coded:
        """The same rows with the values that one of them has: a graph may refuse others."""
        here = np.bincount(self.codes, minlength=len(self.values)) > 0
        if here.all():
            return self
        return Coded(self.values[here], (np.cumsum(here) - 1)[self.codes], self.flat)

    def dense(self) -> NDArray[Any]:
        """The array of texts."""
        made: NDArray[Any] = self.values[self.codes]
        return made if self.flat else made.reshape(-1, 1)

    @classmethod
    def of(cls, texts: NDArray[Any]) -> Coded:
        """Texts of which nothing is known: each row has its own."""
        return cls(texts.reshape(-1), np.arange(len(texts)), flat=texts.ndim == 1)


@dataclass(frozen=True, slots=True)
class CodedColumns:
    """Stands in the place of an array of texts `[N, k]`.

    Attributes:
        columns: Its columns.
    """

    columns: tuple[Coded, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), len(self.columns))

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, rows: Any) -> CodedColumns:
        return CodedColumns(tuple(one[rows] for one in self.columns))

    def dense(self) -> NDArray[Any]:
        """The array of texts."""
        return np.concatenate([one.dense().reshape(-1, 1) for one in self.columns], axis=1)


if TYPE_CHECKING:
    Fed = NDArray[Any] | Coded | CodedColumns


def dense(feeds: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The feeds as arrays."""
    return {
        name: one.dense() if isinstance(one, Coded | CodedColumns) else one for name, one in feeds.items()
    }


def column_of(fed: Any, place: int) -> Coded:
    """A column of what is fed for an input of texts."""
    if isinstance(fed, CodedColumns):
        return fed.columns[place]
    if isinstance(fed, Coded):
        return fed
    return Coded.of(fed if fed.ndim == 1 else fed[:, place : place + 1])
