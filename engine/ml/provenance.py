"""Where a model came from, in plain values: enough to make it again, or to say what has changed since."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ml.trained import TrainedModel
    from engine.ml.training_set import TrainingSet

# Libraries whose version can change a model or its graph.
_LIBRARIES = ("xgboost", "scikit-learn", "numpy", "pandas", "pyarrow", "onnx", "onnxruntime", "skl2onnx")
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Made:
    """How a booster was grown.

    Attributes:
        by: `train`: one fit. `trial`: a trial of a study, one thread, on the training rows.
        rounds: Boosting rounds asked for; for a trial those that were kept.
        patience: As `pool.train` takes it.
        workers: `one` or `all`.
        size: Workers of the pool.
        threads: Threads of all of them, on which sums of floats may depend.
        goes_on: It went on from another model.
    """

    by: Literal["train", "trial"]
    rounds: int
    patience: int | None = None
    workers: str = "one"
    size: int = 1
    threads: int = 1
    goes_on: bool = False


def lineage_of(model: TrainedModel) -> dict[str, Any]:
    """Everything that decided a model, as values for JSON."""
    data = model.data
    return {
        "source": {
            "kind": model.lineage.kind,
            "name": model.lineage.source,
            "version": model.lineage.version,
            "files": files_of(data) if data is not None else [],
        },
        "columns": columns_of(data) if data is not None else {"target": model.label.column},
        "split": data.split.as_json() if data is not None else None,
        "label": {
            "kind": model.label.kind,
            "objective": model.label.objective,
            "metric": model.label.metric if model.label.custom is None else None,
            "classes": list(model.label.classes) if model.label.classes is not None else None,
        },
        "features": {
            "columns": list(model.features.preparation.signature.names),
            "names": list(model.features.preparation.feature_names),
            "graph": model.features.preparation.digest,
        },
        "training": {
            "params": _plain(model.params),
            "rounds": model.rounds,
            "where": model.where,
            "made": asdict(model.made) if model.made is not None else None,
            "booster": hashlib.sha256(model.booster).hexdigest(),
        },
        "metrics": {name: float(value) for name, value in model.evaluation.metrics.items()},
        "code": code_version(),
        "libraries": library_versions(),
    }


def files_of(data: TrainingSet) -> list[list[str]]:
    """The files that a training set was made of, each with what it is known by."""
    found = {(str(part.location), repr(part.stamp)) for part in data.blocks.partitions}
    return [list(pair) for pair in sorted(found)[:_MOST_FILES]]


def columns_of(data: TrainingSet) -> dict[str, Any]:
    """What columns are to a training set, as `pool.training_set` takes them."""
    recipe = data.blocks.recipe
    return {
        "target": data.label.column,
        "weight": recipe.weight,
        "group": recipe.group,
        "categorical": [data.names[place] for place in data.blocks.categorical],
    }


def unfitted_features(model: TrainedModel) -> bytes:
    """The transformer as it was before its fit, pickled."""
    return pickle.dumps(model.features.unfitted)


def library_versions() -> dict[str, str]:
    """Versions of what can change a model."""
    versions = {"python": sys.version.split()[0]}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def code_version() -> dict[str, Any]:
    """Tarn's version, and the commit of the working folder where that is under git."""
    try:
        tarn = metadata.version("tarn")
    except metadata.PackageNotFoundError:
        tarn = ""
    return {"tarn": tarn, "commit": _git("rev-parse", "HEAD"), "dirty": bool(_git("status", "--porcelain"))}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Say in words what differs between two lineages, the causes before their effects."""
    return [
        *_files(before["source"].get("files", []), after["source"].get("files", [])),
        *_named("library", before["libraries"], after["libraries"]),
        *_named("code", before["code"], after["code"]),
        *_pool(before["training"].get("made"), after["training"].get("made")),
        *_named("label", before["label"], after["label"]),
        *_graph(before["features"], after["features"]),
    ]


def _files(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> list[str]:
    old: dict[str, str] = {name: stamp for name, stamp in before}  # noqa: C416 - JSON made lists of pairs
    new: dict[str, str] = {name: stamp for name, stamp in after}  # noqa: C416
    gone = [f"file {name} is gone" for name in sorted(old.keys() - new.keys())]
    added = [f"file {name} is new" for name in sorted(new.keys() - old.keys())]
    changed = [
        f"file {name} has changed" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]
    ]
    return [*gone, *added, *changed]


def _named(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys((*before, *after))
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return [f"{what} {name}: {_short(old)} then, {_short(new)} now" for name, old, new in pairs if old != new]


def _pool(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    if not before or not after or before["by"] == "trial":
        return []
    looked_at = ("workers", "threads") if before["workers"] == "one" else ("workers", "size", "threads")
    return _named("pool", {n: before[n] for n in looked_at}, {n: after[n] for n in looked_at})


def _graph(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    if before["graph"] == after["graph"]:
        return []
    if before["names"] != after["names"]:
        old, new = set(before["names"]), set(after["names"])
        return [f"features: {sorted(old - new)} are gone, {sorted(new - old)} are new"]
    return ["the fitted preparation is another"]


def _short(value: Any) -> str:
    text = str(value) or "none"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON keeps them."""
    return {
        name: list(value) if isinstance(value, tuple) else getattr(value, "item", lambda v=value: v)()
        for name, value in params.items()
    }
