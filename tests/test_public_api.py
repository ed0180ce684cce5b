from __future__ import annotations

import subprocess
import sys

import pytest

import engine
import engine.lake
import engine.prep
import pools

HEAVY = (
    "dask.dataframe",
    "pandas",
    "sklearn",
    "xgboost",
    "optuna",
    "mlflow",
    "deltalake",
    "bokeh",
    "onnx",
    "onnxruntime",
)


@pytest.mark.parametrize("package", [engine, engine.lake, engine.prep, pools], ids=lambda p: p.__name__)
def test_every_public_name_is_there(package: object) -> None:
    for name in package.__all__:  # type: ignore[attr-defined]
        assert getattr(package, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        engine.nothing  # noqa: B018


def test_importing_the_engine_loads_nothing_heavy() -> None:
    program = "import sys, engine; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(HEAVY) & set(loaded)


def test_opening_a_workspace_starts_nothing(tmp_path: object) -> None:
    program = (
        "import sys, threading, engine; ws = engine.Workspace(sys.argv[1]); ws.dedicated('d', nodes=2);"
        "print(threading.active_count(), *(m for m in ('mlflow', 'xgboost', 'dask.dataframe') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"{tmp_path}/lake"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1"]
