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
        flat = values.reshape(len(values), -1)
        if values.ndim < 2 or flat.shape[1] == 1:
            columns[name] = pa.array(flat[:, 0] if values.ndim > 1 else values)
            continue
        named = name == "probabilities" and len(classes) == flat.shape[1]
        suffixes = (
            [f"probability_{c}" for c in classes] if named else [f"{name}_{i}" for i in range(flat.shape[1])]
        )
        for index, column in enumerate(suffixes):
            columns[column] = pa.array(flat[:, index])
    return columns
