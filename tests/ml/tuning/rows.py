"""A training set's blocks in this process, made from arrays: what fits need, without a lake or a pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.ml.block import Block, Blocks
from engine.ml.split import TRAIN, VALID, Split


@dataclass(frozen=True)
class ArrayRecipe:
    """In place of `engine.ml.block.Recipe`: blocks that are there already."""

    blocks: tuple[Block, ...] = field(repr=False)
    weight: str | None = None
    group: str | None = None

    def make(self, partition: int) -> tuple[Block, Any]:
        return self.blocks[partition], None


def draw(objective: str, rows: int = 1500, width: int = 8, seed: int = 0) -> tuple[Any, Any]:
    """Features, with missing ones, and a label that the objective takes."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, width)).astype(np.float32)
    signal = matrix[:, 0] + matrix[:, 1] * matrix[:, 2] + rng.normal(size=rows)
    matrix[rng.random(matrix.shape) < 0.05] = np.nan
    if objective.startswith("binary"):
        return matrix, (signal > 0).astype(np.float32)
    if objective.startswith("multi"):
        return matrix, np.digitize(signal, [-0.7, 0.7]).astype(np.float32)
    if objective.startswith("rank"):
        return matrix, np.digitize(signal, [0.0, 1.0]).astype(np.float32)
    if objective in ("count:poisson", "reg:tweedie"):
        return matrix, rng.poisson(np.exp(signal / 3)).astype(np.float32)
    return matrix, np.exp(signal / 2).astype(np.float32)


def blocks_of_arrays(
    matrix: Any, label: Any, *, parts: int = 3, key: str = "rows", split: Split | None = None, **more: Any
) -> Blocks:
    """The rows in so many partitions, a quarter of them held out."""
    folds = np.where(np.arange(len(label)) % 4 == 0, VALID, TRAIN).astype(np.uint8)
    folds = more.pop("folds", folds)
    weight, group = more.pop("weight", None), more.pop("group", None)
    places = np.array_split(np.arange(len(label)), parts)
    made = tuple(
        Block(
            matrix[at],
            label[at],
            folds[at],
            None if weight is None else weight[at],
            None if group is None else group[at],
        )
        for at in places
    )
    recipe = ArrayRecipe(made, "w" if weight is not None else None, "g" if group is not None else None)
    return Blocks(key, recipe, tuple(range(parts)), split or Split(), matrix.shape[1], **more)  # type: ignore[arg-type]
