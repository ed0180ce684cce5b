"""A fitted preparation as the one ONNX graph that training and scoring both run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.inference import load_runner
from engine.prep.inputs import Signature, check

if TYPE_CHECKING:
    from engine.prep.target import Target


@dataclass(frozen=True, slots=True)
class Preparation:
    """From raw columns to the matrix that trees are trained on and score.

    Attributes:
        model: The graph, a serialized `onnx.ModelProto` with one output, float32 `[None, d]`.
        signature: The raw columns that it takes.
        feature_names: The names of the `d` columns that it puts out.
    """

    model: bytes = field(repr=False)
    signature: Signature
    feature_names: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the graph, hexadecimal."""
        return hashlib.sha256(self.model).hexdigest()

    def matrix(self, table: pa.Table) -> np.ndarray:
        """Prepare rows.

        Args:
            table: Rows with at least the signature's columns.

        Returns:
            float32 `[rows, len(feature_names)]`, in the order of the rows.

        Raises:
            SignatureError: Columns are missing or of another kind.
            DataError: The graph refuses a row: a category that an encoder with `handle_unknown="error"` has
                not seen.
        """
        if not table.num_rows:
            check(table.schema, self.signature)
            return np.empty((0, len(self.feature_names)), dtype=np.float32)
        runner = load_runner(self.model, [self.signature.matrix_name])
        (matrix,) = runner.run(self.signature.feed(table))
        return matrix


@dataclass(frozen=True, slots=True)
class Crossed:
    """How rows that train are prepared: each by the graph that has not learned from the labels of its fold.

    Attributes:
        target: The label, and how rows are dealt out to folds.
        without: One preparation per fold.
    """

    target: Target
    without: tuple[Preparation, ...]

    def matrix(self, table: pa.Table) -> np.ndarray:
        """Prepare rows, given with all columns of the signature, the label too; see `Preparation.matrix`."""
        folds = self.target.fold_of(table)
        matrix = np.empty((table.num_rows, len(self.without[0].feature_names)), dtype=np.float32)
        for fold, preparation in enumerate(self.without):
            rows = np.flatnonzero(folds == fold)
            matrix[rows] = preparation.matrix(table.take(rows))
        return matrix
