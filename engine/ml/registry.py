"""`workspace.models`: registering what passes the parity gate, finding it again by version or alias."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NoReturn

from engine.errors import OptionError, ParityError
from engine.events import Binding, ModelRegistered, NullLog, running, tracked
from engine.inference.graphs import Port, ports
from engine.inference.reference import open_session
from engine.inference.tensors import dtype_of
from engine.ml.boost import predict
from engine.ml.export import ExportedModel, export
from engine.ml.foreign import checked_foreign
from engine.ml.model import LABEL_KEY, NAME_KEY, SIGNATURE_KEY, SPREAD_KEY, Model
from engine.ml.provenance import lineage_of, unfitted_features
from engine.ml.spread import Spread
from engine.ml.study import Trial
from engine.ml.tracking import FAILED, GATE_TAG, PASSED, ModelVersion, Tensor, Tracking
from engine.prep import feed
from pools.options import spelt

if TYPE_CHECKING:
    from engine.events import Emit
    from engine.ml.export import ParityReport
    from engine.ml.trained import TrainedModel

# The alias that scoring by name follows.
DEFAULT_ALIAS = "champion"

# Files beside a version's run.
_PARITY, _LINEAGE, _FEATURES = "parity.json", "lineage.json", "features.pickle"

# What a URL, a folder and MLflow's `models:/name@alias` all take.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}")
# MLflow keeps `latest` for itself, and takes `v1` and `1` for version numbers.
_NO_ALIAS = re.compile(r"latest|v?\d+", re.IGNORECASE)


class Models:
    """The models of a workspace, kept in MLflow's registry.

    Args:
        tracking: The MLflow store.
        events: The log that registrations stand in.
    """

    def __init__(self, tracking: Tracking, events: Binding | None = None) -> None:
        self.tracking = tracking
        self._events: Binding = events or NullLog()

    @spelt(OptionError)
    def register(
        self,
        name: str,
        model: TrainedModel | Trial | bytes | str | PathLike[str],
        *,
        alias: str | Sequence[str] | None = DEFAULT_ALIAS,
        columns: Sequence[str] | None = None,
    ) -> Model:
        """Register a trained model as one ONNX graph behind the parity gate, or an ONNX file as it is.

        The gate's report is stored with the version, and so is its lineage: data, split, features,
        parameters, code, libraries and metrics. A version that fails is kept for whoever looks into it, but
        takes no alias, now or later, and `current` passes it over.

        Args:
            name: Model name; a new version of it is made.
            model: What `pool.train` returned, a study's `best`, or any of its trials; or an ONNX file that
                something else has exported, as bytes or by its path. Of such a file what can be is checked:
                that it loads, that columns can feed its inputs, that it answers each row.
            alias: A name, or several, that shall point at the new version.
            columns: For an ONNX file with an input of several columns, their names in the model's order;
                without them that input takes the columns of the data in their order.

        Raises:
            ParityError: The graph does not agree with XGBoost: says on which rows, and by how much. The
                version is there, without an alias; `data["version"]` is its number.
            UnsupportedError: Something in the model has no ONNX form; or an ONNX file that no columns feed.
                Nothing is registered.
            FormatError: The file is no ONNX file, too large, or onnxruntime cannot load it.
            PathRefusedError: Its weights lie outside its folder.
            OptionError: A name or alias that the registry cannot hold, or columns that do not fit.
        """
        aliases = (alias,) if isinstance(alias, str) else tuple(alias or ())
        _check_names(name, aliases)
        settings = {"name": name, "aliases": list(aliases), **({"columns": list(columns)} if columns else {})}
        with running(self._events, f"register {name}", verb="register", settings=settings) as run:
            if isinstance(model, bytes | str | PathLike):
                version = self._register_foreign(name, checked_foreign(model, columns), run.emit)
            elif columns is not None:
                raise OptionError(
                    "columns= belongs to ONNX files; a trained model knows its columns.", "Leave it out."
                )
            else:
                trained = model.model() if isinstance(model, Trial) else model
                _check_trained(trained)
                version = self._register_trained(name, trained, run.emit)
            for one in aliases:
                self.tracking.set_alias(name, one, version.version)
            registered = self.get(name, version.version)
            run.result = str(registered)
        return registered

    def _register_foreign(self, name: str, graph: bytes, emit: Emit) -> ModelVersion:
        run_id, digest = self._log_foreign(name, graph)
        version = self.tracking.register(name, run_id, tags={"digest": digest})
        emit(ModelRegistered(name, version.version, self.tracking.link(run_id)))
        return version

    def _register_trained(self, name: str, model: TrainedModel, emit: Emit) -> ModelVersion:
        exported = export_trained(name, model)
        run_id = self._log(name, model, exported)
        tags = {"digest": exported.digest, GATE_TAG: PASSED if exported.report.passed else FAILED}
        version = self.tracking.register(name, run_id, tags=tags)
        emit(ModelRegistered(name, version.version, self.tracking.link(run_id), _measured(exported.report)))
        if not exported.report.passed:
            _refuse(version, exported)
        return version

    def _log_foreign(self, name: str, graph: bytes) -> tuple[str, str]:
        model = Model(name, 0, graph)
        with self.tracking.run(f"import {name}", tags={"tarn.kind": "import"}) as run_id:
            tracked(self.tracking.link(run_id))
            self.tracking.log_model(run_id, graph, *_tensors_of(model.plain.onnx))
        return run_id, model.digest

    def _log(self, name: str, model: TrainedModel, exported: ExportedModel) -> str:
        tags = {
            "tarn.kind": "export",
            "tarn.source": model.lineage.source,
            "tarn.source_version": str(model.lineage.version),
            "tarn.trained_by": model.run_id,
        }
        with self.tracking.run(f"export {name}", tags=tags, parent=model.run_id) as run_id:
            tracked(self.tracking.link(run_id))
            self.tracking.log(
                run_id,
                params={"rounds": model.rounds, "converter": exported.converter, **model.params},
                metrics={
                    **model.evaluation.metrics,
                    "onnx_max_abs_diff": exported.report.max_abs_diff,
                    "onnx_labels_flipped": exported.report.labels_flipped,
                },
            )
            self.tracking.log_json(run_id, _PARITY, exported.report.to_json())
            self.tracking.log_json(run_id, _LINEAGE, lineage_of(model))
            self.tracking.log_bytes(run_id, _FEATURES, unfitted_features(model))
            self.tracking.log_model(run_id, exported.onnx, *_tensors_of(exported.onnx))
        return run_id

    def parity(self, model: Model | str) -> dict[str, Any]:
        """The parity gate's report of a version, by a name of the one that scores.

        Raises:
            NotFoundError: It has none.
        """
        return dict(json.loads(self.tracking.file_bytes(self._run_of(model), _PARITY)))

    def lineage(self, model: Model | str) -> dict[str, Any]:
        """What decided a version: `source`, `split`, `features`, `training`, `code`, `libraries`, ...

        Raises:
            NotFoundError: It has none: it was not trained here.
        """
        return dict(json.loads(self.tracking.file_bytes(self._run_of(model), _LINEAGE)))

    def features(self, model: Model | str) -> Any:
        """The scikit-learn transformer of a version as it was before its fit.

        It is a pickle that this workspace's own registry wrote: load no registry of people you do not trust.

        Raises:
            NotFoundError: It has none.
        """
        return pickle.loads(self.tracking.file_bytes(self._run_of(model), _FEATURES))  # noqa: S301 - said above

    def get(self, name: str, version: int | str | None = None) -> Model:
        """A version by number or alias; the newest by default.

        Raises:
            NotFoundError: Names what was asked for and what there is.
        """
        found = self.tracking.version(name, version)
        return self._load(found)

    def current(self, name: str) -> Model:
        """The version that `champion` points at, else the newest that has passed the parity gate."""
        versions = self.tracking.versions(name)
        if any(DEFAULT_ALIAS in version.aliases for version in versions):
            return self.get(name, DEFAULT_ALIAS)
        passed = [version.version for version in versions if version.passed]
        return self.get(name, max(passed) if passed else None)

    def _run_of(self, model: Model | str) -> str:
        return (self.current(model) if isinstance(model, str) else model).run_id

    def _load(self, found: ModelVersion) -> Model:
        graph = self.tracking.model_bytes(found)
        return Model(found.name, found.version, graph, found.aliases, found.run_id)

    def alias(self, name: str, alias: str, version: int) -> Model:
        """Point an alias at a version; rolling back is pointing it at an earlier one.

        Raises:
            ParityError: The version has failed the parity gate.
            NotFoundError: There is no such version.
        """
        _check_names(name, (alias,))
        if not self.tracking.version(name, version).passed:
            raise ParityError(
                f"Version {version} of model '{name}' failed the parity gate and takes no alias.",
                "models.parity(models.get(name, version)) is its report.",
                name=name,
                version=version,
            )
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
    """The one graph of a trained model, with what the gate says of it on its sample rows."""
    preparation = model.features.preparation
    label = {"column": model.label.column, "kind": model.label.kind, "classes": model.label.classes}
    said = predict(model.booster, preparation.matrix(model.sample))
    spread = Spread.of(said, probabilities=model.label.classes is not None)
    return export(
        model.booster,
        preparation.model,
        classes=model.label.classes,
        sample_rows=feed(model.sample, preparation.signature),
        metadata={
            NAME_KEY: name,
            SIGNATURE_KEY: json.dumps(preparation.signature.as_json()),
            LABEL_KEY: json.dumps(label),
            **({} if spread is None else {SPREAD_KEY: spread.to_text()}),
        },
        # onnxmltools adds the base score last, XGBoost first: amounts of 18,000 come out 0.008 off.
        converter="tarn" if model.label.classes is None else None,
        strict=False,
    )


def _measured(report: ParityReport) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "rows": report.rows,
        "max_abs_diff": report.max_abs_diff,
        "tolerance": report.tolerance,
        "labels_flipped": report.labels_flipped,
    }


def _refuse(version: ModelVersion, exported: ExportedModel) -> NoReturn:
    """Say what the gate found of a version that is registered, but must not be used."""
    try:
        exported.report.raise_if_failed()
    except ParityError as found:
        raise ParityError(
            f"Version {version.version} of model '{version.name}' takes no alias. {found.message}",
            "Its report is stored with it: models.parity(models.get(name, version)).",
            version=version.version,
            **found.data,
        ) from None
    raise AssertionError("a report that failed raises")


def _check_trained(model: object) -> None:
    if not hasattr(model, "booster"):
        raise OptionError(
            f"A {type(model).__name__} is no model.",
            "Give what pool.train returned, a trial of a study, or an ONNX file as bytes or by its path.",
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

    def tensor(port: Port) -> Tensor:
        return Tensor(port.name, str(dtype_of(port.kind)), (-1, *(size or -1 for size in port.shape[1:])))

    inputs, outputs = ports(open_session(graph, 1))
    return [tensor(port) for port in inputs], [tensor(port) for port in outputs]
