"""The MLflow store where others are at it too, and where it says no."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS
from mlflow.store.entities import PagedList

from engine.ml.tracking import Tracking


class Store:
    """An MLflow client of which the test says what it answers."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return self._answers[name]


@pytest.fixture
def tracking(tmp_path: Path) -> Tracking:
    return Tracking(f"sqlite:///{tmp_path}/mlflow.db", tmp_path.as_uri())


def answering(tracking: Tracking, **answers: Any) -> Tracking:
    tracking.__dict__["_client"] = Store(**answers)
    return tracking


def test_one_process_at_a_time_makes_the_tables(
    tracking: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def opened(**_: str) -> None:
        folder = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.append(True)
        finally:
            os.close(folder)

    monkeypatch.setattr(mlflow, "MlflowClient", opened)
    assert tracking._client is None
    assert held == [True]


def test_what_another_process_has_made_meanwhile_is_taken(tracking: Tracking) -> None:
    def there(*_: Any, **__: Any) -> None:
        raise MlflowException("it exists", RESOURCE_ALREADY_EXISTS)

    answering(
        tracking,
        create_experiment=there,
        get_experiment_by_name=lambda _: SimpleNamespace(experiment_id=7),
        create_registered_model=there,
        create_model_version=lambda *_, **__: SimpleNamespace(version="2"),
    )
    assert tracking._experiment == "7"
    assert tracking.register("m", "run", tags={}).version == 2


def test_a_store_that_fails_is_not_one_without_the_model(tracking: Tracking) -> None:
    def locked(_: str) -> None:
        raise MlflowException("database is locked")

    with pytest.raises(MlflowException, match="locked"):
        answering(tracking, get_registered_model=locked).versions("m")


def test_all_models_are_named_however_many(tracking: Tracking) -> None:
    pages = {
        None: PagedList([SimpleNamespace(name="b")], token="more"),
        "more": PagedList([SimpleNamespace(name="a")], token=None),
    }
    answering(tracking, search_registered_models=lambda page_token=None: pages[page_token])
    assert tracking.names() == ["a", "b"]
