"""Small mergeable summaries of a block of rows: what a fit needs to know of the data, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.prep.views import Block


@dataclass(frozen=True, slots=True)
class Statistic:
    """How to summarise one block and how to merge the summaries of two neighbours.

    Attributes:
        texts: Whether it is defined on texts too.
        summarise: `(block, labels) -> summary` of a block with at least one row; labels name the columns in
            errors.
        merge: `(earlier, later) -> summary` of both. Merging follows a fixed tree over the partitions, so it
            need not be associative to the last bit for a fit to be repeatable.
    """

    texts: bool
    summarise: Callable[[Block, tuple[str, ...]], Any]
    merge: Callable[[Any, Any], Any]
