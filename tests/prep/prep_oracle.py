"""Data in partitions, and scikit-learn on the whole of it as the oracle."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse
from sklearn.base import clone

from engine.lake import InlineRunner
from engine.prep import Blocks, FittedFeatures, Signature, blocks_of_tables, fit, frame
from engine.prep.inputs import kind_of


class CountingRunner(InlineRunner):
    """Counts passes by label, and what each task was asked to read."""

    def __init__(self) -> None:
        self.passes: list[str] = []

    def stream(self, fn: Any, items: Iterable[Any], *, label: str) -> Iterator[tuple[int, Any]]:
        self.passes.append(label)
        return super().stream(fn, items, label=label)


class ShuffledRunner(InlineRunner):
    """Hands results back in an order of its own, as a pool does."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def stream(self, fn: Any, items: Iterable[Any], *, label: str) -> Iterator[tuple[int, Any]]:
        results = list(super().stream(fn, items, label=label))
        for place in self._random.permutation(len(results)):
            yield results[place]


def split(table: pa.Table, cuts: Sequence[int]) -> Blocks:
    """Cut a table at these rows; equal cuts make empty partitions."""
    bounds = [0, *sorted(cuts), len(table)]
    return blocks_of_tables([table.slice(a, b - a) for a, b in itertools.pairwise(bounds)])


def whole(table: pa.Table, fitted: FittedFeatures) -> Any:
    """The rows as scikit-learn sees them, the columns that the preparation uses."""
    return frame(table, fitted.preparation.signature)


def usable(table: pa.Table, *, without: str) -> Signature:
    """The signature of all columns that can be inputs, but one."""
    names = [field.name for field in table.schema if kind_of(field.type) and field.name != without]
    return Signature.of(table.schema, names)


def dense(block: Any) -> np.ndarray:
    return np.asarray(block.toarray() if sparse.issparse(block) else block)


def fit_both(transformer: Any, table: pa.Table, *, parts: int = 5) -> tuple[FittedFeatures, Any]:
    """Fit on partitions, and with scikit-learn on the whole frame of the table's usable columns."""
    cuts = [len(table) * i // parts for i in range(1, parts)]
    ours = fit(transformer, split(table, cuts), InlineRunner())
    theirs = clone(transformer).fit(frame(table, Signature.of(table.schema, table.column_names)))
    return ours, theirs


def assert_same_fit(ours: Any, theirs: Any, *, rtol: float = 1e-9) -> None:
    """Compare all fitted attributes, private ones too."""
    assert type(ours) is type(theirs)
    mine, wanted = vars(ours), vars(theirs)
    assert mine.keys() == wanted.keys()
    for name, value in wanted.items():
        _assert_same(mine[name], value, rtol, f"{type(ours).__name__}.{name}")


def _assert_same(mine: Any, wanted: Any, rtol: float, where: str) -> None:
    if hasattr(wanted, "get_params") and not isinstance(wanted, type):
        assert_same_fit(mine, wanted, rtol=rtol)
    elif isinstance(wanted, dict):
        assert mine.keys() == wanted.keys(), where
        for key in wanted:
            _assert_same(mine[key], wanted[key], rtol, f"{where}[{key!r}]")
    elif isinstance(wanted, list | tuple) or (isinstance(wanted, np.ndarray) and wanted.dtype == object):
        assert len(mine) == len(wanted), where
        for place, (a, b) in enumerate(zip(mine, wanted, strict=True)):
            _assert_same(a, b, rtol, f"{where}[{place}]")
    elif isinstance(wanted, np.ndarray | float | np.number) and np.asarray(wanted).dtype.kind == "f":
        np.testing.assert_allclose(mine, wanted, rtol=rtol, atol=1e-12, err_msg=where)
    elif isinstance(wanted, np.ndarray):
        np.testing.assert_array_equal(mine, wanted, err_msg=where)
    else:
        assert mine is wanted or mine == wanted, where
