"""Runs and models in MLflow. The one module that imports it, and only when a run is first written.

By default the store is one SQLite file in the workspace, so that `mlflow ui` and an unmodified client
see everything: `mlflow ui --backend-store-uri sqlite:///HOME/mlflow.db`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from engine.errors import NotFoundError, OptionError
from engine.lake.locking import alone_at

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

EXPERIMENT = "tarn"
_MODEL_FOLDER = "model"
_MODEL_FILE = "model.onnx"
# On a version: whether its graph has passed the parity gate. One without the tag was checked in another way.
GATE_TAG = "tarn.gate"
FAILED = "failed"
PASSED = "passed"
# MLflow refuses a parameter value of more than 6,000 characters and a batch of more than 1,000 metrics.
_LONGEST_PARAM = 6000
_LARGEST_BATCH = 1000


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One registered version, as the registry knows it; `passed` unless its graph failed the parity gate."""

    name: str
    version: int
    run_id: str
    aliases: tuple[str, ...]
    passed: bool = True


@dataclass(frozen=True, slots=True)
class Tensor:
    """A model input or output for MLflow's signature.

    Attributes:
        name: As the graph calls it.
        dtype: numpy's name: `float32`, `int64`, or `object` for text.
        shape: -1 for the rows.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]


class Tracking:
    """One MLflow store: runs, their metrics and files, and the model registry.

    Args:
        uri: MLflow's tracking and registry URI.
        artifacts: Folder or URL below which runs keep their files.
    """

    def __init__(self, uri: str, artifacts: str) -> None:
        self.uri = uri
        self._artifacts = artifacts

    @cached_property
    def _client(self) -> MlflowClient:
        # No usage figures leave the machine; read once by MLflow when it is imported.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        from mlflow import MlflowClient

        for name in ("mlflow.store.db.utils", "mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)  # importing it sets its own level
        with _alone(self.uri):
            return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @cached_property
    def _experiment(self) -> str:
        with suppress(_mlflow_error()):  # it is there, made by another process just now at the latest
            return str(self._client.create_experiment(EXPERIMENT, artifact_location=self._artifacts))
        return str(self._client.get_experiment_by_name(EXPERIMENT).experiment_id)

    @contextmanager
    def run(self, name: str, *, tags: Mapping[str, str] | None = None, parent: str = "") -> Iterator[str]:
        """A run that ends FINISHED, or FAILED where the block raises. Yields its id."""
        run_id = self._start(name, tags or {}, parent)
        try:
            yield run_id
        except BaseException:
            self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id, "FINISHED")

    @contextmanager
    def resumed(self, run_id: str) -> Iterator[str]:
        """A run that goes on; it ends as in `run`."""
        self._client.update_run(run_id, status="RUNNING")
        try:
            yield run_id
        except BaseException:
            self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id, "FINISHED")

    def link(self, run_id: str) -> str:
        """Where a run is: `URI#/experiments/E/runs/R`.

        Of a tracking server that is a page. Any other store has one once `mlflow ui --backend-store-uri URI`
        serves it. User and password of the URI are left out: logs and pages show this.
        """
        bare = re.sub(r"(?<=://)[^/@]*@", "", self.uri)
        slash = "/" if bare.startswith(("http://", "https://")) else ""
        return f"{bare.rstrip('/')}{slash}#/experiments/{self._experiment}/runs/{run_id}"

    def _start(self, name: str, tags: Mapping[str, str], parent: str) -> str:
        described = {**tags, **({"mlflow.parentRunId": parent} if parent else {})}
        run = self._client.create_run(self._experiment, run_name=name, tags=described)
        return str(run.info.run_id)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        curve: tuple[str, Sequence[float]] | None = None,
    ) -> None:
        """Parameters and final metrics of a run, and a metric round by round (the first being step 1)."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        name, values = curve or ("", ())
        name = _metric_name(name)
        points = [Metric(name, float(value), now, step) for step, value in enumerate(values, 1)]
        points[:0] = [Metric(_metric_name(k), float(v), now, 0) for k, v in (metrics or {}).items()]
        self._client.log_batch(
            run_id,
            params=[Param(k, str(v)[:_LONGEST_PARAM]) for k, v in (params or {}).items()],
            metrics=points[:_LARGEST_BATCH],
        )
        for start in range(_LARGEST_BATCH, len(points), _LARGEST_BATCH):
            self._client.log_batch(run_id, metrics=points[start : start + _LARGEST_BATCH])

    def log_json(self, run_id: str, name: str, content: Mapping[str, Any]) -> None:
        """A small file of facts beside the run."""
        self._client.log_text(run_id, json.dumps(content, indent=1, sort_keys=True), name)

    def log_bytes(self, run_id: str, name: str, content: bytes) -> None:
        """A file beside the run."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            self._client.log_artifact(run_id, str(path))

    def log_model(
        self, run_id: str, onnx_bytes: bytes, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> None:
        """The ONNX file of a run, as a model that `mlflow.pyfunc.load_model` serves.

        The signature comes from the declared features alone; the label is none of them.
        """
        import mlflow.onnx
        import onnx

        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / _MODEL_FOLDER
            mlflow.onnx.save_model(
                onnx.load_from_string(onnx_bytes),
                str(target),
                signature=_signature(inputs, outputs),
                save_as_external_data=False,
                onnx_execution_providers=["CPUExecutionProvider"],
                # Left to itself MLflow infers these by importing the model in a process of its own: seconds.
                pip_requirements=_requirements(),
            )
            # MLflow writes the graph anew; the version must be the very bytes that the gate has passed.
            (target / _MODEL_FILE).write_bytes(onnx_bytes)
            self._client.log_artifacts(run_id, str(target), _MODEL_FOLDER)

    def register(self, name: str, run_id: str, *, tags: Mapping[str, str]) -> ModelVersion:
        """A new version of a model from the file that `log_model` put beside the run."""
        with suppress(_mlflow_error()):  # it is there; where it is not, the next line says why
            self._client.create_registered_model(name)
        version = self._client.create_model_version(
            name, source=f"runs:/{run_id}/{_MODEL_FOLDER}", run_id=run_id, tags=dict(tags)
        )
        return ModelVersion(name, int(version.version), run_id, (), tags.get(GATE_TAG) != FAILED)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Point an alias at a version, or raise where there is no such version."""
        self.version(name, version)
        self._client.set_registered_model_alias(name, alias, str(version))

    def version(self, name: str, version: int | str | None = None) -> ModelVersion:
        """A version by number, by alias, or the newest.

        Raises:
            NotFoundError: Names the model, the version or alias asked for, and what there is.
        """
        found = [v for v in self.versions(name) if _matches(v, version)]
        if found:
            return max(found, key=lambda v: v.version)
        known = self.versions(name)
        if known:
            there = ", ".join(f"{v.version}{''.join(f' @{a}' for a in v.aliases)}" for v in known)
            raise NotFoundError(
                f"Model '{name}' has no version or alias '{version}'.", f"It has: {there}.", name=name
            )
        raise NotFoundError(
            f"There is no model '{name}'.",
            f"Registered are: {', '.join(self.names()) or 'none yet; models.register(name, ...) makes one'}.",
            name=name,
        )

    def versions(self, name: str) -> list[ModelVersion]:
        """All versions of a model, oldest first, with their aliases."""
        try:
            aliases = self._client.get_registered_model(name).aliases
        except _mlflow_error() as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # type: ignore[attr-defined]
                raise
            return []
        quoted = name.replace("'", "''")
        rows = self._client.search_model_versions(f"name='{quoted}'")
        versions = [
            ModelVersion(
                name,
                int(row.version),
                row.run_id,
                tuple(sorted(a for a, v in aliases.items() if int(v) == int(row.version))),
                row.tags.get(GATE_TAG) != FAILED,
            )
            for row in rows
        ]
        return sorted(versions, key=lambda v: v.version)

    def names(self) -> list[str]:
        """Registered models, by name."""
        page = self._client.search_registered_models()
        names = [model.name for model in page]
        while page.token:
            page = self._client.search_registered_models(page_token=page.token)
            names += [model.name for model in page]
        return sorted(names)

    def model_bytes(self, version: ModelVersion) -> bytes:
        """The ONNX file of a version."""
        return self.file_bytes(version.run_id, f"{_MODEL_FOLDER}/{_MODEL_FILE}")

    def file_bytes(self, run_id: str, name: str) -> bytes:
        """A file of a run.

        Raises:
            NotFoundError: The run has none of that name.
        """
        try:
            folder = self._client.get_run(run_id).info.artifact_uri
            if folder.startswith("file://"):
                # MLflow would copy it to a temporary folder, through a pool of threads that it never ends.
                return (Path(unquote(urlparse(folder).path)) / name).read_bytes()
            with tempfile.TemporaryDirectory() as copies:
                return Path(self._client.download_artifacts(run_id, name, copies)).read_bytes()
        except (OSError, _mlflow_error()) as missing:
            message = f"Run '{run_id}' has no file '{name}'."
            raise NotFoundError(message, "Was it made by another version of Tarn?", name=name) from missing


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Within the block no other process of this machine opens the SQLite file of this URI.

    MLflow makes its tables step by step when a file is opened first, and two that do so break off.
    """
    path = uri.removeprefix("sqlite:///")
    if path == uri:
        yield
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with alone_at(Path(path).parent):
        yield


def _matches(candidate: ModelVersion, wanted: int | str | None) -> bool:
    if wanted is None:
        return True
    return candidate.version == wanted or str(wanted) in (str(candidate.version), *candidate.aliases)


def _metric_name(name: str) -> str:
    """A metric's name as MLflow takes it: `ndcg@10` is `ndcg:10` there."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("@", ":"))


def _mlflow_error() -> type[Exception]:
    from mlflow.exceptions import MlflowException

    return MlflowException  # type: ignore[no-any-return]


def _signature(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> ModelSignature:
    """Tensors, not columns: MLflow shapes a frame's columns to them, and would feed columns flat."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    def schema(tensors: Sequence[Tensor]) -> Schema:
        return Schema([TensorSpec(np.dtype(t.dtype), t.shape, t.name) for t in tensors])

    return ModelSignature(inputs=schema(inputs), outputs=schema(outputs))


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in ("onnx", "onnxruntime", "numpy", "pandas")]


def store_for(root: str, uri: str | None) -> Tracking:
    """The store of a workspace: the given URI, else a SQLite file in a workspace that is a folder.

    Raises:
        OptionError: A workspace behind a URL without a tracking URI: SQLite cannot live there.
    """
    if "://" in root:
        if uri is None:
            raise OptionError(
                f"Workspace '{root}' is behind a URL and has no place for MLflow's SQLite file.",
                "Give Workspace(..., tracking_uri='http://...' or 'sqlite:///...').",
                root=root,
            )
        return Tracking(uri, root.rstrip("/") + "/runs")
    home = Path(root).resolve()
    return Tracking(uri or f"sqlite:///{home / 'mlflow.db'}", (home / "runs").as_uri())
