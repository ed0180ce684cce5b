"""Which converter writes the trees: onnxmltools for what it converts rightly, our own writer for the rest.

onnxmltools 1.16 is silently wrong, raises or never ends on what `_CONVERTED_RIGHTLY` and `_is_plain` leave
out; both converters pass the same gate. What it converts rightly may still fail there, for it adds base_score
last, not first as XGBoost does (measured: prices of 20,000 with 300 trees are 4e-5 off where they cancel to
small numbers, behind reg:gamma 1e-5; ours 0 and 1e-7). Where both are right, ours takes a thirtieth of the time
(0.07 against 2.3 s for 500 trees of depth 8), and its graph of a classifier runs 1.2 times as fast.
"""

from __future__ import annotations

import numpy as np
import onnx
import xgboost as xgb
from onnx import helper, numpy_helper

from engine.errors import OptionError, UnsupportedError
from engine.ml.export.names import prefix_names
from engine.ml.export.objectives import Task
from engine.ml.export.part import Converter, TreePart
from engine.ml.export.trees import LEAF, TreeEnsemble
from engine.ml.export.writer import write_trees

_CONVERTED_RIGHTLY = (
    "reg:squarederror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:gamma",
    "reg:tweedie",
    "count:poisson",
    "binary:logistic",
    "multi:softprob",
)
_DEEPEST = 100  # it recurses over levels
_TARGET_OPSET = 15  # the newest that it writes; its operators mean the same up to ours


def convert_trees(booster: xgb.Booster, ensemble: TreeEnsemble, *, converter: str | None = None) -> TreePart:
    """Write the trees of a booster as ONNX nodes.

    Args:
        booster: The booster that `ensemble` was read from.
        ensemble: Its trees.
        converter: One of `Converter`; None takes onnxmltools where it is known to be right.

    Raises:
        OptionError: No such converter.
        UnsupportedError: onnxmltools was asked for what it does not convert rightly.
    """
    if converter is not None and converter not in list(Converter):
        raise OptionError(
            f"There is no converter {converter!r}.", f"Take None or one of: {', '.join(Converter)}."
        )
    if converter == Converter.TARN:
        return write_trees(ensemble)
    part = _convert_with_onnxmltools(booster, ensemble)
    if part is None and converter == Converter.ONNXMLTOOLS:
        raise UnsupportedError(
            f"onnxmltools does not convert this {ensemble.objective.name} booster rightly.",
            f"Take converter={Converter.TARN.value!r}.",
        )
    return part or write_trees(ensemble)


def _convert_with_onnxmltools(booster: xgb.Booster, ensemble: TreeEnsemble) -> TreePart | None:
    if ensemble.objective.name not in _CONVERTED_RIGHTLY or not _is_plain(ensemble):
        return None
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    # A slice has no attributes, of which it would take `best_iteration` or even `objective`.
    bare = booster[: ensemble.rounds]
    bare.feature_names = None  # it takes the number in a name for the column
    graph = convert_xgboost(
        bare,
        initial_types=[("trees/matrix", FloatTensorType([None, ensemble.features]))],
        target_opset=_TARGET_OPSET,
    ).graph
    classifies = ensemble.objective.task is not Task.REGRESSION
    if (graph.node[0].op_type == "TreeEnsembleClassifier") is not classifies:
        return None  # it guesses from the covers: whole numbers mean a regression to it
    return _as_part(graph, ensemble.objective.task)


def _is_plain(ensemble: TreeEnsemble) -> bool:
    stumps = ensemble.left[ensemble.tree_start[:-1]] == LEAF  # base_score is not transformed beside them
    return (
        ensemble.booster == "gbtree"
        and ensemble.parallel_trees == 1
        and ensemble.targets == max(1, ensemble.classes)
        and ensemble.depth <= _DEEPEST
        and not ensemble.is_categorical.any()
        and not stumps.any()
    )


def _as_part(graph: onnx.GraphProto, task: Task) -> TreePart:
    """Give the graph of onnxmltools the names and the answer of a part."""
    matrix, answer = graph.input[0].name, "trees/" + graph.output[-1].name
    named = prefix_names(graph, "trees/", keep={matrix})
    nodes, initializers = list(named.node), list(named.initializer)
    if task is Task.BINARY:
        both, answer = answer, "trees/answer"
        nodes.append(helper.make_node("Gather", [both, "trees/one"], [answer], "trees/gather", axis=1))
        initializers.append(numpy_helper.from_array(np.ones(1, np.int64), "trees/one"))
    return TreePart(nodes, initializers, matrix, answer, Converter.ONNXMLTOOLS)
