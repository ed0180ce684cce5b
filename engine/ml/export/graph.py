"""One graph from raw columns to scores: the preparation, the trees and the outputs joined."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.errors import FormatError, ModelError, OptionError, SignatureError, UnsupportedError
from engine.ml.export.classes import ClassValue, label_values
from engine.ml.export.converters import convert_trees
from engine.ml.export.heads import LABEL, PROBABILITIES, SCORE, Head, build_head
from engine.ml.export.names import prefix_names
from engine.ml.export.trees import AnyBooster, TreeEnsemble, parse_booster, unwrap_booster

if TYPE_CHECKING:
    from engine.ml.export.part import TreePart

ML_DOMAIN = "ai.onnx.ml"
IR_VERSION = 10  # onnx 1.23 writes 14 by default, onnxruntime 1.31 reads up to 13
ML_OPSET = 3
_OLDEST_OPSET = 13  # where Softmax and the rest of our nodes got the meaning that they still have
_TREE_OPSETS = (3, 4)  # from 5 on the tree operators that we write are deprecated
PREFIX = "tarn.export."


def build_graph(
    booster: AnyBooster,
    prep: onnx.ModelProto,
    *,
    classes: Sequence[ClassValue] | None,
    metadata: Mapping[str, str],
    converter: str | None = None,
) -> onnx.ModelProto:
    """Join a preparation and a booster into one model; the same booster gives the same bytes.

    Inputs are those of `prep`. Outputs are, by task of the objective:

    - regression and ranking: `score` float32 [N, 1], or [N, k] for k targets or quantiles;
    - binary: `score` float32 [N, 1] = P(classes[1]), `probabilities` float32 [N, 2], `label` [N];
    - multiclass: `probabilities` float32 [N, C], `label` [N].

    `score` is what `Booster.predict` gives, up to the best round if training was stopped early
    (see `parse_booster`), except for `binary:logitraw`, where it is the sigmoid of that. Labels are int64 or
    strings (see `label_values`).

    Args:
        booster: A trained booster, its bytes, or the scikit-learn class around it.
        prep: One input [N, 1] per raw column, one output float32 [N, d] in the booster's column order.
        classes: The class of each code; None if the codes are the classes, and for a model without classes.
        metadata: Carried in the model's metadata beside our entries, whose names begin with `tarn.export.`.
        converter: Who writes the trees, see `convert_trees`.

    Raises:
        UnsupportedError: The booster, its classes or the operator sets of `prep` cannot be exported.
        OptionError: Classes that do not fit the booster, a metadata name of ours, an unknown converter.
        SignatureError: `prep` does not end in one float32 matrix of the booster's width, or a raw column has
            the name of an output.
        ModelError: The booster holds no trees, or the joined graph is not valid ONNX.
    """
    native = unwrap_booster(booster)
    ensemble = parse_booster(native)
    labels = label_values(ensemble, classes)
    _check_preparation(prep, ensemble)
    part = convert_trees(native, ensemble, converter=converter)
    head = build_head(ensemble.objective.task, ensemble.targets, part.answer, labels=labels)
    joined = _join(prep.graph, part, head)
    model = helper.make_model(joined, functions=list(prep.functions), producer_name="tarn")
    model.ir_version = IR_VERSION
    del model.opset_import[:]
    model.opset_import.extend(_opsets(prep))
    helper.set_model_props(model, _properties(ensemble, part, labels, metadata))
    _check_model(model)
    return model


def read_facts(model: onnx.ModelProto) -> dict[str, str]:
    """What `build_graph` wrote into a model's metadata about itself, without the prefix of the names.

    `classes` (JSON), `converter`, `features`, `matrix` (the value between preparation and trees),
    `objective`, `rounds`, `task`, `trees`, and the versions of `onnx`, `onnxmltools`, `onnxruntime` and
    `xgboost`.

    Raises:
        FormatError: The model was not made by `build_graph`.
    """
    facts = {
        entry.key.removeprefix(PREFIX): entry.value
        for entry in model.metadata_props
        if entry.key.startswith(PREFIX)
    }
    if "matrix" not in facts:
        raise FormatError(
            "The model's metadata does not say where its trees begin.", "Build it with build_graph."
        )
    return facts


def _check_preparation(prep: onnx.ModelProto, ensemble: TreeEnsemble) -> None:
    outputs = prep.graph.output
    if len(outputs) != 1 or outputs[0].type.tensor_type.elem_type != TensorProto.FLOAT:
        raise SignatureError(
            f"The preparation has the outputs {[output.name for output in outputs]}, not one float32 matrix.",
            "Concatenate its features into a single float32 output.",
        )
    shape = outputs[0].type.tensor_type.shape.dim
    if len(shape) != 2 or shape[1].dim_value not in (0, ensemble.features):  # 0: the width is not stated
        raise SignatureError(
            f"The booster splits on {ensemble.features} columns, the preparation makes "
            f"{[dim.dim_value or dim.dim_param or '?' for dim in shape]}.",
            "Train the booster on the output of this very preparation.",
            features=ensemble.features,
        )
    taken = {value.name for value in prep.graph.input} & {SCORE, PROBABILITIES, LABEL}
    if taken:
        raise SignatureError(
            f"Raw column {min(taken)!r} has the name of an output of the model.",
            "Rename the column before the preparation.",
            columns=sorted(taken),
        )


def _join(prep: onnx.GraphProto, part: TreePart, head: Head) -> onnx.GraphProto:
    raw = [value.name for value in prep.input]
    first = prefix_names(prep, "prep/", keep=raw)
    feed = helper.make_node("Identity", [first.output[0].name], [part.matrix], "trees/feed")
    return helper.make_graph(
        [*first.node, feed, *part.nodes, *head.nodes],
        "tarn",
        first.input,
        head.outputs,
        [*first.initializer, *part.initializers, *head.initializers],
        value_info=first.value_info,
        sparse_initializer=first.sparse_initializer,
    )


def _opsets(prep: onnx.ModelProto) -> list[onnx.OperatorSetIdProto]:
    versions = {opset.domain: opset.version for opset in prep.opset_import}
    versions.setdefault("", 18)
    versions.setdefault(ML_DOMAIN, ML_OPSET)
    if versions[""] < _OLDEST_OPSET or not _TREE_OPSETS[0] <= versions[ML_DOMAIN] <= _TREE_OPSETS[-1]:
        raise UnsupportedError(
            f"The preparation's operator sets {versions} cannot hold the trees.",
            f"Export it with target_opset={{'': 18, '{ML_DOMAIN}': {ML_OPSET}}}.",
            opsets=versions,
        )
    return [helper.make_opsetid(domain, number) for domain, number in sorted(versions.items())]


def _properties(
    ensemble: TreeEnsemble,
    part: TreePart,
    labels: NDArray[Any] | None,
    metadata: Mapping[str, str],
) -> dict[str, str]:
    ours = [key for key in metadata if key.startswith(PREFIX)]
    if ours:
        raise OptionError(f"Metadata name {ours[0]!r} is reserved.", f"Names must not begin with {PREFIX!r}.")
    facts = {
        "classes": json.dumps(None if labels is None else labels.tolist()),
        "converter": part.converter,
        "features": str(ensemble.features),
        "matrix": part.matrix,
        "objective": ensemble.objective.name,
        "rounds": str(ensemble.rounds),
        "task": str(ensemble.objective.task),
        "trees": str(ensemble.trees),
    }
    versions = {name: version(name) for name in ("onnx", "onnxmltools", "onnxruntime", "xgboost")}
    joined = {**metadata, **{PREFIX + key: value for key, value in {**facts, **versions}.items()}}
    return dict(sorted(joined.items()))


def _check_model(model: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"The joined graph is not valid ONNX: {reason}", "Check the preparation on its own first."
        ) from error
