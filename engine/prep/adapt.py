"""The chosen preparation with columns taken out of it, and columns of categories kept as codes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from engine.errors import DataError


def adapted(transformer: Any, *, leave_out: Collection[str], categorical: Sequence[str]) -> Any:
    """Rebuild a chosen ColumnTransformer.

    Args:
        transformer: What `default_features` chose.
        leave_out: Columns that are no features.
        categorical: Columns that become one column of category codes each, under their own name: the place of
            the value among the sorted values of the column; missing and unknown ones are missing.

    Raises:
        DataError: No column is left.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    gone = {*leave_out, *categorical}
    branches = [
        (name, step, [column for column in columns if column not in gone])
        for name, step, columns in transformer.transformers
    ]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    branches.append(("categories", codes, list(categorical)))
    kept = [branch for branch in branches if branch[2]]
    if not kept:
        raise DataError("no column is left to make features of", "Leave fewer columns out.")
    return ColumnTransformer(kept, verbose_feature_names_out=transformer.verbose_feature_names_out)
