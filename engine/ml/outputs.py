"""From a graph's outputs to a table's columns, by one rule for every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def output_columns(
    outputs: Mapping[str, np.ndarray[Any, Any]], classes: Mapping[str, Sequence[object]]
) -> dict[str, pa.Array]:
    """Arrow columns of a graph's outputs.

    An output of one value per row, `[N]` or `[N, 1]`, keeps its name. Our own `probabilities` of C classes
    become `probability_<class>`, another output with classes `<name>_<class>`, and any other output of k
    values per row `<name>_0` to `<name>_<k-1>`.

    Args:
        outputs: Output name to array, of N rows each.
        classes: For outputs with one column per class, the class values in the order of the columns.
    """
    import pyarrow as pa

    columns: dict[str, pa.Array] = {}
    for name, values in outputs.items():
        flat = values.reshape(len(values), width_of(values))
        kind = pa.string() if values.dtype == object else pa.from_numpy_dtype(values.dtype)
        for column, suffix in enumerate(_names(name, flat.shape[1], classes.get(name, ()))):
            columns[suffix] = pa.array(flat[:, column], kind)
    return columns


def width_of(values: np.ndarray[Any, Any]) -> int:
    """Values of a row."""
    width = 1
    for size in values.shape[1:]:
        width *= size
    return width


def _names(name: str, width: int, classes: Sequence[object]) -> list[str]:
    if width == 1:
        return [name]
    if len(classes) == width:
        stem = "probability" if name == "probabilities" else name
        return [f"{stem}_{value}" for value in classes]
    return [f"{name}_{index}" for index in range(width)]
