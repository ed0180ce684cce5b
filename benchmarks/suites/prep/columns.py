"""The rows of the prep suite and the transformer that both sides fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

if TYPE_CHECKING:
    from benchmarks.case import Answer, Parameters

_NUMBERS = [f"amount_{i}" for i in range(6)]
_COUNTS = [f"count_{i}" for i in range(3)]
_FEW = [f"kind_{i}" for i in range(3)]
_MANY = ["place"]
_GAPS = 0.05


def rows_of(file: int, parameters: Parameters) -> pa.Table:
    """One file's rows: normal amounts, counts, and texts of 12, 24, 48 and 2,000 values, each with gaps."""
    count = parameters["rows"] // parameters["files"]
    random = np.random.default_rng([parameters["seed"], file])
    columns: dict[str, Any] = {name: random.normal(size=count) for name in _NUMBERS}
    columns |= {name: random.integers(0, 50, count) for name in _COUNTS}
    for place, name in enumerate([*_FEW, *_MANY]):
        values = 2_000 if name in _MANY else 12 << place
        words = np.array([f"{name} n° {i}" for i in range(values)], dtype=object)
        columns[name] = words[random.integers(0, values, count)]
    return pa.table({name: pa.array(v, mask=random.random(count) < _GAPS) for name, v in columns.items()})


def transformer() -> ColumnTransformer:
    """Imputed and scaled numbers, one-hot codes of few values, ordinal codes of many."""
    return ColumnTransformer(
        [
            ("amounts", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), _NUMBERS),
            ("counts", make_pipeline(SimpleImputer(), MinMaxScaler()), _COUNTS),
            ("kinds", OneHotEncoder(handle_unknown="ignore"), _FEW),
            ("places", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), _MANY),
        ]
    )


def told(fitted: ColumnTransformer) -> Answer:
    """What the two sides are compared by."""
    amounts, counts = fitted.named_transformers_["amounts"], fitted.named_transformers_["counts"]
    kinds, places = fitted.named_transformers_["kinds"], fitted.named_transformers_["places"]
    return {
        "rows": int(amounts[-1].n_samples_seen_),
        "categories": [str(c) for c in np.concatenate([*kinds.categories_, *places.categories_])],
        "least": counts[-1].data_min_.tolist(),
        "most": counts[-1].data_max_.tolist(),
        "means": counts[0].statistics_.tolist(),
        "medians": amounts[0].statistics_.tolist(),
    }
