"""Every objective, and categories as sets, from a table through training into a registered, gated graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb

from engine import Workspace
from engine.lake import Table, write_table
from engine.pool import WorkspacePool

ROWS = 900


@pytest.fixture(scope="module")
def source(workspace: Workspace) -> Table:
    random = np.random.default_rng(3)
    x = random.normal(size=ROWS)
    data = pa.table(
        {
            "x": pa.array(x, mask=random.random(ROWS) < 0.1),
            "n": pa.array(random.integers(0, 5, ROWS)),
            "kind": pa.array(random.choice(["a", "ö", "c d", None], ROWS)),
            "query": pa.array(random.integers(0, 60, ROWS)),
            "count": pa.array(random.poisson(np.exp(x / 2))),
            "amount": pa.array(np.exp(x) * 1e4 + random.random(ROWS)),
            "grade": pa.array(random.integers(0, 4, ROWS)),
            "word": pa.array(random.choice(["ja", "nein", "weiß nicht"], ROWS)),
            "flag": pa.array(x + random.normal(size=ROWS) > 0),
        }
    )
    return write_table(
        workspace.storage, "objectives", [data.slice(0, 400), data.slice(400)], make=lambda t: t
    )


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("count:poisson", "count", {}, {}),
    ("rank:ndcg", "grade", {}, {"group": "query"}),
    ("multi:softprob", "word", {}, {}),
    ("binary:logistic", "flag", {"num_parallel_tree": 2, "subsample": 0.8}, {"categorical": ["kind"]}),
    ("reg:squarederror", "amount", {}, {"categorical": ["kind"]}),
    ("reg:gamma", "amount", {}, {}),
    ("reg:tweedie", "count", {}, {}),
    ("reg:quantileerror", "amount", {"quantile_alpha": 0.8}, {}),
    ("reg:absoluteerror", "amount", {}, {}),
    ("reg:pseudohubererror", "amount", {}, {}),
    ("rank:pairwise", "grade", {}, {"group": "query", "metric": "ndcg"}),
]
IN_DEFAULT_RUN = 5


@pytest.mark.parametrize(
    ("objective", "target", "params", "data"),
    [
        pytest.param(*case, marks=[pytest.mark.slow] if i >= IN_DEFAULT_RUN else [])
        for i, case in enumerate(CASES)
    ],
)
def test_an_objective_is_registered_and_scores_as_xgboost(
    objective: str,
    target: str,
    params: dict[str, Any],
    data: dict[str, Any],
    source: Table,
    pool: WorkspacePool,
    workspace: Workspace,
) -> None:
    made = pool.training_set(source, target=target, objective=objective, **data)
    trained = pool.train(made, rounds=8, params={"max_depth": 3, **params})
    model = workspace.models.register(objective.replace(":", " "), trained)
    assert workspace.models.parity(model)["passed"]
    assert target not in model.metadata["tarn.signature"]
    into = f"scored_{objective.replace(':', '_')}"
    scored = pool.score(model, source, into=into, keep=["amount"]).table.to_pandas()
    rows = source.to_pandas()
    matrix = trained.features.preparation.matrix(pa.Table.from_pandas(rows))
    native = xgb.Booster(model_file=bytearray(trained.booster)).inplace_predict(matrix, missing=np.nan)
    answers = scored.filter(regex="^(score|probability)").to_numpy()
    order, theirs = np.argsort(rows["amount"].to_numpy()), np.argsort(scored["amount"].to_numpy())
    wanted = native.reshape(ROWS, -1)[order]
    np.testing.assert_allclose(answers[theirs][:, : wanted.shape[1]], wanted, rtol=1e-4, atol=1e-5)
