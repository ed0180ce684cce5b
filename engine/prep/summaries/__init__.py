"""Small mergeable summaries of a block of rows: what a fit needs to know of the data, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Statistic:
    """How to summarise one block and how to merge the summaries of two neighbours.

    Attributes:
        texts: Whether it is defined on texts too.
        summarise: `(block, labels) -> summary` of a block with at least one row; labels name the columns in
            errors.
        merge: `(earlier, later) -> summary` of both. Merging follows a fixed tree over the partitions, so it
            need not be associative to the last bit for a fit to be repeatable.
        labelled: Whether it looks at the label: `summarise(block, labels, given)` then gets the rows that
            have one, and their `engine.prep.target.Given`.
        columnar: `(columns, labels) -> summary`, the same from raw Arrow columns: where no step stands
            before, rows need not become a frame of Python objects first.
    """

    texts: bool
    summarise: Callable[..., Any]
    merge: Callable[[Any, Any], Any]
    labelled: bool = False
    columnar: Callable[[Sequence[pa.ChunkedArray], tuple[str, ...]], Any] | None = None
