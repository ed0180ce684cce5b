"""The whole way: fit on partitions, compare with scikit-learn, compare the graph with both."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from prep_oracle import CountingRunner, assert_same_fit, dense, split
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from engine.prep import Signature, fit, frame

TAXI_FEATURES = ColumnTransformer(
    [
        (
            "numbers",
            Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())]),
            ["fare", "tip"],
        ),
        ("tolls", MinMaxScaler(), ["tolls"]),
        ("words", OneHotEncoder(handle_unknown="ignore"), ["payment", "pickup_borough"]),
        (
            "borough",
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(drop="first")),
            ["color"],
        ),
        ("zones", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["pickup_zone"]),
        ("rest", "passthrough", ["passengers"]),
    ]
)


@pytest.mark.shared
@pytest.mark.parametrize("shared_table", ["taxis.csv"], indirect=True)
def test_a_column_transformer_on_real_data_is_scikit_learns_own(shared_table: pa.Table) -> None:
    runner = CountingRunner()
    ours = fit(TAXI_FEATURES, split(shared_table, range(500, len(shared_table), 500)), runner, target="total")
    names = [name for name in shared_table.column_names if name not in ("pickup", "dropoff", "total")]
    rows = frame(shared_table, Signature.of(shared_table.schema, names))
    theirs = TAXI_FEATURES.fit(rows)

    expected = dense(theirs.transform(rows))
    np.testing.assert_allclose(dense(ours.transformer.transform(rows)), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.preparation.matrix(shared_table), expected, rtol=1e-5, atol=1e-5)
    assert ours.preparation.feature_names == tuple(theirs.get_feature_names_out())
    assert runner.passes == ["prep-head", "prep-fit", "prep-fit"]
    for (_, mine, _), (_, wanted, _) in zip(
        ours.transformer.transformers_, theirs.transformers_, strict=True
    ):
        if mine != "drop":
            assert_same_fit(mine, wanted)
