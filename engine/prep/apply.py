"""A fitted preparation as the one ONNX graph that training and scoring both run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import DataError
from engine.prep.inputs import Signature, feed
from engine.prep.views import first_line

# Slices bound the memory of the graph's intermediate tensors, whatever the length of a partition.
ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Preparation:
    """From raw columns to the matrix that trees are trained on and score.

    Attributes:
        model: The graph, a serialized `onnx.ModelProto` with one output `features`, float32 `[None, d]`.
        signature: The raw columns that it takes.
        feature_names: The names of the `d` columns that it puts out.
    """

    model: bytes
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
            DataError: A row is refused by the graph: a category that an encoder with `handle_unknown="error"`
                has not seen.
        """
        from pools.worker import native_threads

        run = _session(self.model, native_threads())
        features = np.empty((table.num_rows, len(self.feature_names)), dtype=np.float32)
        for start in range(0, table.num_rows, ROWS):
            rows = feed(table.slice(start, ROWS), self.signature)
            features[start : start + ROWS] = _refusing(run, rows)
        return features


@lru_cache(maxsize=16)
def _session(model: bytes, threads: int) -> Any:
    """Return the warm session of this process for a graph; sessions do not pickle."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would burn the cores of the other tasks of this worker between two runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what goes wrong is raised; it need not stand on stderr as well
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _refusing(session: Any, rows: dict[str, np.ndarray]) -> np.ndarray:
    from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument, RuntimeException

    try:
        (features,) = session.run(None, rows)
    except (InvalidArgument, RuntimeException) as problem:
        message = f"the preparation refuses a row: {first_line(problem)}"
        hint = "The node's name says which column has an unseen category; handle_unknown='ignore' accepts it."
        raise DataError(message, hint) from problem
    return np.asarray(features)
