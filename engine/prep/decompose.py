"""PCA and TruncatedSVD, by dask-ml's tall-and-skinny SVD.

dask-ml holds every block of an array that it decomposes until the last one is read. So each partition is
first reduced to the triangular factor of its rows, which has their right singular vectors and singular
values: `d` rows instead of millions, and nothing else differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.prep.inputs import frame
from engine.prep.missing import missing, refuse_missing
from engine.prep.summaries.finite import numbers
from engine.prep.target import Target, given, labelled

if TYPE_CHECKING:
    from engine.lake import Runner
    from engine.prep.blocks import Blocks
    from engine.prep.inputs import Signature
    from engine.prep.views import View


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """Asks for the singular values and right singular vectors of the rows of a view, less `centre`."""

    view: View
    labels: tuple[str, ...]
    centre: np.ndarray
    target: Target | None = None

    def of(self, table: pa.Table, signature: Signature) -> Any:
        """The view's rows in a partition."""
        seen = frame(table, signature)
        if self.target is None or not self.view.crossed:
            return self.view.of(seen)
        label = given(table, self.target)
        return self.view.of(labelled(seen, label), label.folds) if len(label.values) else None


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The answer to a `Decomposition` of `d` columns.

    Attributes:
        values: Singular values, falling, float64 `[d]`.
        vectors: Right singular vectors as rows, float64 `[d, d]`; their signs are arbitrary.
    """

    values: np.ndarray
    vectors: np.ndarray


def decompose(asked: Decomposition, blocks: Blocks, signature: Signature, runner: Runner) -> Spectrum:
    """Decompose all rows of a view in one pass, on the Dask client of the runner or, if it has none, here.

    Raises:
        DataError: A value is missing or infinite.
    """
    import dask.array as da
    from dask import delayed
    from dask_ml.decomposition import PCA

    width = len(asked.labels)
    reduce = delayed(partial(_factor, blocks.read, signature.select(asked.view.names), asked), pure=False)
    factors = [da.from_delayed(reduce(part), (2 * width, width), dtype=np.float64) for part in blocks.parts]
    client = getattr(runner, "client", None)
    with client.as_current() if client is not None else nullcontext():
        found = PCA(svd_solver="tsqr").fit(da.concatenate(factors))
    return Spectrum(found.singular_values_, found.components_)


def _factor(
    read: Callable[[Any, Sequence[str]], pa.Table], signature: Signature, asked: Decomposition, part: Any
) -> np.ndarray:
    """Return R and -R of one partition, over the square root of 2: their mean is 0, none to take off."""
    width = len(asked.labels)
    crossed = asked.target.columns if asked.target is not None and asked.view.crossed else ()
    table = read(part, tuple(dict.fromkeys((*signature.names, *crossed))))
    factor = np.zeros((width, width))
    block = asked.of(table, signature) if table.num_rows else None
    if block is not None:
        rows = numbers(block, asked.labels) - asked.centre
        refuse_missing(asked.labels, missing(rows).sum(axis=0), "a decomposition")
        triangle = np.linalg.qr(rows, mode="r")
        factor[: len(triangle)] = triangle
    return np.asarray(np.concatenate([factor, -factor]) / np.sqrt(2))
