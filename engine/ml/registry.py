"""`workspace.models`: registering what passes the parity gate, finding it again by version or alias."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import OptionError
from engine.ml.export import ExportedModel, export
from engine.ml.model import LABEL_KEY, NAME_KEY, SIGNATURE_KEY, Model
from engine.ml.tracking import ModelVersion, Tensor, Tracking
from engine.prep import feed

if TYPE_CHECKING:
    from engine.ml.trained import TrainedModel

# The alias that scoring by name follows.
DEFAULT_ALIAS = "champion"

# What a URL, a folder and MLflow's `models:/name@alias` all take.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}")
# MLflow keeps `latest` for itself, and takes `v1` and `1` for version numbers.
_NO_ALIAS = re.compile(r"latest|v?\d+", re.IGNORECASE)


class Models:
    """The models of a workspace, kept in MLflow's registry.

    Args:
        tracking: The MLflow store.
    """

    def __init__(self, tracking: Tracking) -> None:
        self.tracking = tracking

    def register(self, name: str, model: TrainedModel, *, aliases: Sequence[str] = (DEFAULT_ALIAS,)) -> Model:
        """Export a trained model to one ONNX graph and register it, if it passes the parity gate.

        Args:
            name: Model name; a new version of it is made.
            model: What `pool.train` returned, or a study's `best`.
            aliases: Names that shall point at the new version.

        Raises:
            ParityError: The graph does not agree with XGBoost; nothing is registered.
            UnsupportedError: Something in the model has no ONNX form.
            OptionError: A name or alias that the registry cannot hold.
        """
        _check_names(name, aliases)
        exported = export_trained(name, model)
        run_id = self._log(name, model, exported)
        version = self.tracking.register(name, run_id, tags={"digest": exported.digest})
        for alias in aliases:
            self.tracking.set_alias(name, alias, version.version)
        return self.get(name, version.version)

    def _log(self, name: str, model: TrainedModel, exported: ExportedModel) -> str:
        tags = {
            "tarn.kind": "export",
            "tarn.source": model.lineage.source,
            "tarn.source_version": str(model.lineage.version),
            "tarn.trained_by": model.run_id,
        }
        with self.tracking.run(f"export {name}", tags=tags, parent=model.run_id) as run_id:
            self.tracking.log(
                run_id,
                params={"rounds": model.rounds, "converter": exported.converter, **model.params},
                metrics={
                    **model.evaluation.metrics,
                    "onnx_max_abs_diff": exported.report.max_abs_diff,
                    "onnx_labels_flipped": exported.report.labels_flipped,
                },
            )
            self.tracking.log_json(run_id, "parity.json", exported.report.to_json())
            self.tracking.log_model(run_id, exported.onnx, *_tensors_of(exported.onnx))
        return run_id

    def get(self, name: str, version: int | str | None = None) -> Model:
        """A version by number or alias; the newest by default.

        Raises:
            NotFoundError: Names what was asked for and what there is.
        """
        found = self.tracking.version(name, version)
        return self._load(found)

    def current(self, name: str) -> Model:
        """The version that `champion` points at, else the newest."""
        versions = self.tracking.versions(name)
        champion = any(DEFAULT_ALIAS in version.aliases for version in versions)
        return self.get(name, DEFAULT_ALIAS if champion else None)

    def _load(self, found: ModelVersion) -> Model:
        graph = self.tracking.model_bytes(found)
        return Model(found.name, found.version, graph, found.aliases, found.run_id)

    def alias(self, name: str, alias: str, version: int) -> Model:
        """Point an alias at a version; rolling back is pointing it at an earlier one."""
        _check_names(name, (alias,))
        self.tracking.set_alias(name, alias, version)
        return self.get(name, version)

    def versions(self, name: str) -> list[ModelVersion]:
        """All versions of a model, oldest first."""
        return self.tracking.versions(name)

    def names(self) -> list[str]:
        """All registered models."""
        return self.tracking.names()

    def __repr__(self) -> str:
        return f"Models({self.tracking.uri!r})"


def export_trained(name: str, model: TrainedModel) -> ExportedModel:
    """The one graph of a trained model, gated on its sample rows."""
    preparation = model.features.preparation
    label = {"column": model.label.column, "kind": model.label.kind, "classes": model.label.classes}
    return export(
        model.booster,
        preparation.model,
        classes=model.label.classes,
        sample_rows=feed(model.sample, preparation.signature),
        metadata={
            NAME_KEY: name,
            SIGNATURE_KEY: json.dumps(preparation.signature.as_json()),
            LABEL_KEY: json.dumps(label),
        },
        # onnxmltools adds the base score last, XGBoost first: amounts of 18,000 come out 0.008 off.
        converter="tarn" if model.label.classes is None else None,
    )


def _check_names(name: str, aliases: Sequence[str]) -> None:
    for kind, value in (("Model name", name), *(("Alias", alias) for alias in aliases)):
        if not _NAME.fullmatch(value):
            raise OptionError(
                f"{kind} {value!r} cannot be registered.",
                "Use letters, digits, '_', '.', '-' and blanks, at most 128, a letter, digit or '_' first.",
                name=value,
            )
    for alias in aliases:
        if _NO_ALIAS.fullmatch(alias):
            raise OptionError(
                f"Alias {alias!r} could be taken for a version.", "Use a word such as 'champion'.", name=alias
            )


def _tensors_of(graph: bytes) -> tuple[list[Tensor], list[Tensor]]:
    """The graph's inputs and outputs; the label column is no input of it, so it is in no signature."""
    import onnx

    kinds = {
        onnx.TensorProto.FLOAT: "float32",
        onnx.TensorProto.INT64: "int64",
        onnx.TensorProto.STRING: "object",
    }

    def tensor(value: onnx.ValueInfoProto) -> Tensor:
        kind = value.type.tensor_type
        shape = (-1, *(dim.dim_value for dim in kind.shape.dim[1:]))
        return Tensor(value.name, kinds[kind.elem_type], shape)

    declared = onnx.load_from_string(graph).graph
    return [tensor(value) for value in declared.input], [tensor(value) for value in declared.output]
