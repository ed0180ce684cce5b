"""What our transformers share: columns in, several columns out for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted


class ByColumn(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """A transformer that learns nothing and makes the same features of every column."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the columns and note their names.

        Args:
            X: Frame or array `[n, d]`.
            y: Not looked at.

        Raises:
            ValueError: A parameter makes no sense, or a column is of another type.
        """
        del y
        self._check_parameters()
        columns = self._columns(X)
        self.n_features_in_ = len(columns)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.array([str(name) for name in X.columns], dtype=object)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Make the features.

        Args:
            X: As in `fit`.

        Returns:
            float64 `[n, features]`, those of the first column first.
        """
        check_is_fitted(self, "n_features_in_")
        columns = self._columns(X)
        if len(columns) != self.n_features_in_:
            raise ValueError(f"{len(columns)} columns, but it was fitted on {self.n_features_in_}")
        return np.concatenate([self._features(column) for column in columns], axis=1)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """The names of the features: a column's name and what was made of it."""
        check_is_fitted(self, "n_features_in_")
        given = input_features if input_features is not None else getattr(self, "feature_names_in_", None)
        names = [f"x{place}" for place in range(self.n_features_in_)] if given is None else list(given)
        return np.array([f"{name}_{suffix}" for name in names for suffix in self.suffixes()], dtype=object)

    def suffixes(self) -> list[str]:
        """What is made of every column, in order."""
        raise NotImplementedError

    def _check_parameters(self) -> None:
        raise NotImplementedError

    def _columns(self, X: Any) -> list[Any]:
        if hasattr(X, "iloc"):
            return [self._column(X.iloc[:, place]) for place in range(X.shape[1])]
        rows = np.asarray(X)
        if rows.ndim != 2:
            raise ValueError(f"rows of columns are needed, not an array of {rows.ndim} dimensions")
        return [self._column(column) for column in rows.T]

    def _column(self, column: Any) -> Any:
        raise NotImplementedError

    def _features(self, column: Any) -> np.ndarray:
        raise NotImplementedError
