"""Cross-fitted encodings: what a row trains on was learned from the other rows' labels alone.

scikit-learn does so inside `TargetEncoder.fit_transform`, where one machine has all rows. Here the fit
leaves, beside the fitted encoder, its encodings without each fold; a row's fold follows from its own values.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

if TYPE_CHECKING:
    from engine.prep.views import Block, Estimator


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """One fitted encoder with what it would be without each fold.

    Attributes:
        encoder: The fitted encoder, which may stand anywhere in a preparation.
        without: Per fold, the attributes that differ.
    """

    encoder: Estimator
    without: tuple[dict[str, Any], ...]


def parts_of(fitted: Estimator) -> Iterator[Estimator]:
    """Yield a fitted step and everything inside it."""
    yield fitted
    inner: list[Estimator] = []
    if isinstance(fitted, Pipeline):
        inner = [step for _, step in fitted.steps]
    elif isinstance(fitted, FeatureUnion):
        inner = [step for _, step in fitted.transformer_list]
    elif isinstance(fitted, ColumnTransformer):
        inner = [step for _, step, _ in fitted.transformers_]
    for part in inner:
        yield from parts_of(part)


def inside(fitted: Estimator, crossings: Sequence[Crossing]) -> list[Crossing]:
    """Return those of the crossings whose encoder stands somewhere in a fitted step."""
    members = {id(part) for part in parts_of(fitted)}
    return [crossing for crossing in crossings if id(crossing.encoder) in members]


@contextmanager
def without_fold(crossings: Sequence[Crossing], fold: int) -> Iterator[None]:
    """For a while, let the encoders know nothing of one fold."""
    before = [dict(vars(crossing.encoder)) for crossing in crossings]
    try:
        for crossing in crossings:
            crossing.encoder.__dict__.update(crossing.without[fold])
        yield
    finally:
        for crossing, values in zip(crossings, before, strict=True):
            crossing.encoder.__dict__.update(values)


def copies(fitted: Estimator, crossings: Sequence[Crossing]) -> tuple[Estimator, ...]:
    """Copy a fitted step once per fold, each without that fold."""
    made = []
    for fold in range(len(crossings[0].without)):
        with without_fold(crossings, fold):
            made.append(copy.deepcopy(fitted))
    return tuple(made)


def in_order(pieces: Sequence[Block], rows: Sequence[np.ndarray]) -> Block:
    """Put pieces of rows together again, each row where it stood.

    Args:
        pieces: Frames, arrays or sparse arrays of one kind and width.
        rows: Where the rows of each piece stood.
    """
    from scipy import sparse

    order = np.argsort(np.concatenate(list(rows)), kind="stable")
    if hasattr(pieces[0], "iloc"):
        import pandas as pd

        return pd.concat(list(pieces), ignore_index=True).iloc[order].reset_index(drop=True)
    if sparse.issparse(pieces[0]):
        return sparse.vstack(list(pieces)).tocsr()[order]
    return np.concatenate(list(pieces))[order]
