"""From a graph's outputs to a table's columns, by one rule for every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def output_columns(
    outputs: Mapping[str, np.ndarray[Any, Any]], classes: Sequence[object]
) -> dict[str, pa.Array]:
    """Arrow columns of a graph's outputs.

    An output of one value per row, `[N]` or `[N, 1]`, keeps its name. `probabilities` of C classes becomes
    `probability_<class>`; any other output of k values per row becomes `<name>_0` to `<name>_<k-1>`.

    Args:
        outputs: Output name to array, of N rows each.
        classes: The class values in the order of the columns of `probabilities`; empty where there are none.
    """
    import pyarrow as pa

    columns: dict[str, pa.Array] = {}
    for name, values in outputs.items():
        width = values.shape[1] if values.ndim > 1 else 1
        flat = values.reshape(len(values), width)
        kind = pa.string() if values.dtype == object else pa.from_numpy_dtype(values.dtype)
        for column, suffix in enumerate(_names(name, width, classes)):
            columns[suffix] = pa.array(flat[:, column], kind)
    return columns


def _names(name: str, width: int, classes: Sequence[object]) -> list[str]:
    if width == 1:
        return [name]
    if name == "probabilities" and len(classes) == width:
        return [f"probability_{value}" for value in classes]
    return [f"{name}_{index}" for index in range(width)]
