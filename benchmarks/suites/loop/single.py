"""The main job in one process, the way it is done in a notebook: pandas, scikit-learn, XGBoost, ONNX Runtime.

Rows, preparation, search space, trials and threads are those of our side.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import optuna
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from engine.demo.taxi import KEY, LABEL, TaxiColumns, clean, derive, recognise
from engine.demo.trips import SCHEMA, write_trips

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters

_PATIENCE = 20
_TEST, _VALID = 0.2, 0.16


@contextmanager
def demo(parameters: Parameters) -> Iterator[Once]:
    @contextmanager
    def once() -> Iterator[Answer]:
        with tempfile.TemporaryDirectory() as home:
            yield _Notebook(Path(home), parameters).run()

    yield once


@dataclass
class _Notebook:
    """One run, and what its cells leave behind for the next."""

    home: Path
    parameters: Parameters
    stages: dict[str, float] = field(default_factory=dict)

    def run(self) -> Answer:
        columns = self._timed("ingest", self.ingest)
        self._timed("explore", self.explore, columns)
        prepared = self._timed("prepare", self.prepare, columns)
        encoder, booster, auc = self._timed("tune", self.tune, prepared, columns)
        session, difference = self._timed("export", self.export, prepared, encoder, booster)
        scored = self._timed("score", self.score, columns, encoder, session)
        return {
            "prepared_rows": len(prepared),
            "scored_rows": scored,
            "auc": auc,
            "onnx_max_abs_diff": difference,
            "stages": self.stages,
        }

    def ingest(self) -> TaxiColumns:
        write_trips(self.home, rows=self.parameters["rows"], seed=self.parameters["seed"])
        columns = recognise(SCHEMA.names)
        if columns is None:
            raise LookupError("the trips do not look like trips")
        return columns

    def explore(self, columns: TaxiColumns) -> pd.DataFrame:
        trips = derive(self._read(columns), columns)
        return trips.groupby("traffic").agg({"fare": ["count", "mean"], LABEL: ["mean"]})

    def prepare(self, columns: TaxiColumns) -> pd.DataFrame:
        trips = derive(clean(self._read(columns), columns), columns)
        trips.to_parquet(self.home / "prepared.parquet")
        return trips

    def tune(
        self, prepared: pd.DataFrame, columns: TaxiColumns
    ) -> tuple[ColumnTransformer, xgb.Booster, float]:
        encoder = ColumnTransformer(
            [
                (
                    "words",
                    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                    list(columns.categorical),
                )
            ],
            remainder="passthrough",
        ).fit(prepared.drop(columns=[KEY, LABEL]))
        matrix, label = self._encode(encoder, prepared), prepared[LABEL].to_numpy()
        rest, test = train_test_split(np.arange(len(label)), test_size=_TEST, random_state=0)
        train, valid = train_test_split(rest, test_size=_VALID / (1 - _TEST), random_state=0)
        best, rounds = self._search(matrix, label, train, valid)
        everything = xgb.QuantileDMatrix(matrix[rest], label[rest], nthread=self.parameters["nodes"])
        booster = xgb.train(self._fixed() | best, everything, rounds)
        chances = booster.inplace_predict(matrix[test])
        return encoder, booster, float(roc_auc_score(label[test], chances))

    def export(
        self, prepared: pd.DataFrame, encoder: ColumnTransformer, booster: xgb.Booster
    ) -> tuple[onnxruntime.InferenceSession, float]:
        width = FloatTensorType([None, booster.num_features()])
        model = convert_xgboost(booster, initial_types=[("features", width)], target_opset=15)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.parameters["nodes"]
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        matrix = self._encode(encoder, prepared)
        differences = np.abs(_chances(session, matrix) - booster.inplace_predict(matrix))
        return session, float(differences.max())

    def score(
        self, columns: TaxiColumns, encoder: ColumnTransformer, session: onnxruntime.InferenceSession
    ) -> int:
        scored, blind = 0, columns.without_tip()
        for path in sorted(self.home.glob("raw/trips/*/*.parquet")):
            trips = derive(pd.read_parquet(path, columns=list(blind.reads), partitioning=None), blind)
            found = pd.DataFrame({KEY: trips[KEY], "score": _chances(session, self._encode(encoder, trips))})
            found.to_parquet(self.home / f"scores-{path.parent.name}.parquet")
            scored += int(found["score"].notna().sum())
        return scored

    def _search(
        self, matrix: NDArray[Any], label: NDArray[Any], train: NDArray[Any], valid: NDArray[Any]
    ) -> tuple[dict[str, Any], int]:
        """The best parameters and their rounds; the quantised matrix is shared by all trials."""
        threads = self.parameters["nodes"]
        fit_on = xgb.QuantileDMatrix(matrix[train], label[train], nthread=threads)
        judge_on = xgb.QuantileDMatrix(matrix[valid], label[valid], ref=fit_on, nthread=threads)

        def objective(trial: optuna.Trial) -> float:
            booster = xgb.train(
                self._fixed() | _suggest(trial) | {"seed": self.parameters["seed"] + trial.number},
                fit_on,
                self.parameters["rounds"],
                evals=[(judge_on, "valid")],
                early_stopping_rounds=_PATIENCE,
                verbose_eval=False,
            )
            trial.set_user_attr("rounds", booster.best_iteration + 1)
            return float(booster.best_score)

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=self.parameters["seed"])
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(objective, n_trials=self.parameters["trials"])
        return study.best_params, study.best_trial.user_attrs["rounds"]

    def _fixed(self) -> dict[str, Any]:
        threads = self.parameters["nodes"]
        return {"objective": "binary:logistic", "eval_metric": "auc", "nthread": threads}

    def _read(self, columns: TaxiColumns) -> pd.DataFrame:
        return pd.read_parquet(self.home / "raw/trips", columns=list(columns.reads))

    def _encode(self, encoder: ColumnTransformer, trips: pd.DataFrame) -> NDArray[np.float32]:
        return np.asarray(encoder.transform(trips), dtype=np.float32)

    def _timed(self, stage: str, work: Any, *arguments: Any) -> Any:
        started = time.perf_counter()
        found = work(*arguments)
        self.stages[stage] = time.perf_counter() - started
        return found


def _suggest(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "max_depth": trial.suggest_int("max_depth", 4, 9),
        "eta": trial.suggest_float("eta", 0.08, 0.4, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 20.0, log=True),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.6, 1.0),
    }


def _chances(session: onnxruntime.InferenceSession, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(session.run(["probabilities"], {"features": matrix})[0])[:, 1]
