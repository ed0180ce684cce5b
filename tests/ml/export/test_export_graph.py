"""The joined graph: labels, names, operator sets, metadata, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import xgboost as xgb
from export_cases import answer, as_columns, concat_preparation, make_matrix, train
from onnx import TensorProto, helper, numpy_helper

from engine.errors import FormatError, OptionError, SignatureError, UnsupportedError
from engine.ml.export import build_graph, export
from engine.ml.export.graph import read_facts

MATRIX = make_matrix(800)
COLUMNS = as_columns(MATRIX)


@pytest.fixture(scope="module")
def binary() -> xgb.Booster:
    return train("binary:logistic", MATRIX)


@pytest.fixture(scope="module")
def multiclass() -> xgb.Booster:
    return train("multi:softprob", MATRIX)


def build(booster: xgb.Booster, prep: onnx.ModelProto | None = None, **options: Any) -> onnx.ModelProto:
    settings: dict[str, Any] = {"classes": None, "metadata": {}, **options}
    return build_graph(booster, prep or concat_preparation(), **settings)


@pytest.mark.parametrize("converter", ["onnxmltools", "tarn"])
@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        (None, [0, 1]),
        (["no", "yes"], ["no", "yes"]),
        (["☃", ""], ["☃", ""]),
        ([7, -3], [7, -3]),
        ([False, True], [0, 1]),
        ([True, False], [1, 0]),
        ([1.0, 2.0], [1, 2]),
        ([np.int32(4), np.int32(5)], [4, 5]),
        ([np.str_("a"), np.str_("b")], ["a", "b"]),
        ([2**62, -(2**63)], [2**62, -(2**63)]),
    ],
)
def test_labels_are_the_users_classes(
    binary: xgb.Booster, classes: Any, labels: list[Any], converter: str
) -> None:
    got = answer(build(binary, classes=classes, converter=converter), COLUMNS)
    chance = binary.inplace_predict(MATRIX)
    assert set(got) == {"score", "probabilities", "label"}
    assert got["label"].tolist() == [labels[int(p > 0.5)] for p in chance]
    assert got["label"].dtype == (object if isinstance(labels[0], str) else np.int64)
    assert got["score"].shape == (len(MATRIX), 1)
    assert np.abs(got["probabilities"] - np.stack([1 - chance, chance], axis=1)).max() <= 1e-6


@pytest.mark.parametrize("converter", ["onnxmltools", "tarn"])
@pytest.mark.parametrize("classes", [None, list("wxyz"), [10, 20, 30, 40]])
def test_multiclass_labels_are_the_most_probable_class(
    multiclass: xgb.Booster, classes: Any, converter: str
) -> None:
    got = answer(build(multiclass, classes=classes, converter=converter), COLUMNS)
    labels = np.array(classes or [0, 1, 2, 3], object)
    assert set(got) == {"probabilities", "label"}
    assert got["label"].tolist() == labels[got["probabilities"].argmax(axis=1)].tolist()
    assert np.array_equal(
        got["probabilities"].argmax(axis=1), multiclass.inplace_predict(MATRIX).argmax(axis=1)
    )


def test_the_first_class_wins_a_tie() -> None:
    flat = np.zeros((60, 1), np.float32)
    for objective, label in (("binary:logistic", np.arange(60) % 2), ("multi:softprob", np.arange(60) % 4)):
        booster = train(objective, flat, label=label, base_score=0.5, rounds=1)
        got = answer(build(booster, concat_preparation(1), classes=None), {"c0": flat})
        assert np.ptp(got["probabilities"]) == 0
        assert not got["label"].any()


@pytest.mark.parametrize(
    ("classes", "error", "words"),
    [
        (["a"], OptionError, "1 classes were given, the booster has 2"),
        (["a", "b", "c"], OptionError, "3 classes were given"),
        (["a", "a"], OptionError, "twice"),
        ([True, 1.0], OptionError, "twice"),
        (["a", 1], UnsupportedError, "all strings or all int64"),
        ([0.5, 1.5], UnsupportedError, "all strings or all int64"),
        ([float("nan"), 1.0], UnsupportedError, "all strings or all int64"),
        ([None, "a"], UnsupportedError, "all strings or all int64"),
        ([0, 2**63], UnsupportedError, "all strings or all int64"),
    ],
)
def test_classes_that_cannot_be_labels_are_refused(
    binary: xgb.Booster, classes: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        build(binary, classes=classes)


def test_classes_of_a_regression_are_refused() -> None:
    with pytest.raises(OptionError, match="answers with numbers"):
        build(train("reg:squarederror", MATRIX), classes=[0, 1])


@pytest.mark.parametrize("converter", ["onnxmltools", "tarn"])
def test_the_same_booster_gives_the_same_bytes(multiclass: xgb.Booster, converter: str) -> None:
    def once(booster: xgb.Booster | bytes) -> bytes:
        model = build_graph(
            booster, concat_preparation(), classes=None, metadata={"b": "1", "a": "2"}, converter=converter
        )
        return bytes(model.SerializeToString(deterministic=True))

    assert once(multiclass) == once(multiclass) == once(bytes(multiclass.save_raw("ubj")))


def test_another_process_gives_the_same_bytes(multiclass: xgb.Booster, tmp_path: Path) -> None:
    """Python's hashes differ from process to process, and onnxmltools walks through sets."""
    saved = tmp_path / "booster.ubj"
    multiclass.save_model(saved)
    script = (
        "import sys, hashlib, xgboost; from pathlib import Path\n"
        "from export_cases import concat_preparation; from engine.ml.export import build_graph\n"
        "booster, prep = Path(sys.argv[1]).read_bytes(), concat_preparation()\n"
        "model = build_graph(booster, prep, classes=None, metadata={})\n"
        "print(hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest())\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).resolve().parents[3])])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "12345"}
    command = [sys.executable, "-c", script, str(saved)]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    here = build(multiclass).SerializeToString(deterministic=True)
    assert told == hashlib.sha256(here).hexdigest()


def test_the_converter_is_recorded_with_versions_and_the_users_metadata(binary: xgb.Booster) -> None:
    ours = build(binary, metadata={"tarn.model": "tip"}, converter="tarn", classes=["n", "y"])
    theirs = build(binary, metadata={"tarn.model": "tip"})
    entries = {entry.key: entry.value for entry in ours.metadata_props}
    facts = read_facts(ours)
    assert entries["tarn.model"] == "tip"
    assert list(entries) == sorted(entries)
    assert (facts["converter"], read_facts(theirs)["converter"]) == ("tarn", "onnxmltools")
    assert json.loads(facts["classes"]) == ["n", "y"]
    assert (facts["objective"], facts["task"], facts["rounds"], facts["trees"]) == (
        "binary:logistic", "binary", "12", "12",
    )  # fmt: skip
    assert facts["xgboost"] == xgb.__version__
    assert facts["onnx"] == onnx.__version__


def test_reserved_metadata_and_foreign_models_are_refused(binary: xgb.Booster) -> None:
    with pytest.raises(OptionError, match=r"tarn\.export\.matrix"):
        build(binary, metadata={"tarn.export.matrix": "x"})
    with pytest.raises(FormatError, match="does not say"):
        read_facts(concat_preparation())


def test_a_raw_column_named_as_an_output_is_refused(binary: xgb.Booster) -> None:
    prep = concat_preparation()
    prep.graph.input[2].name = prep.graph.node[0].input[2] = "label"
    with pytest.raises(SignatureError, match="'label'"):
        build(binary, prep)


def test_inner_names_of_the_preparation_may_be_anything(binary: xgb.Booster) -> None:
    """Values called as our outputs or our own nodes' values, and constants used within an If."""
    names = [f"c{index}" for index in range(5)]
    body = helper.make_graph(
        [helper.make_node("Add", ["score", "trees/matrix"], ["probabilities"], "score")],
        "then",
        [],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, None)],
    )
    other = helper.make_graph(
        [helper.make_node("Identity", ["score"], ["head/one"], "score2")],
        "else",
        [],
        [helper.make_tensor_value_info("head/one", TensorProto.FLOAT, None)],
    )
    nodes = [
        helper.make_node("Concat", names, ["score"], axis=1),
        helper.make_node("If", ["trees/zero"], ["label"], then_branch=body, else_branch=other),
    ]
    graph = helper.make_graph(
        nodes,
        "p",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names],
        [helper.make_tensor_value_info("label", TensorProto.FLOAT, [None, 5])],
        [
            numpy_helper.from_array(np.zeros(5, np.float32), "trees/matrix"),
            numpy_helper.from_array(np.array(True), "trees/zero"),
        ],
    )
    prep = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    exported = export(binary, prep, classes=None, sample_rows=COLUMNS, metadata={})
    assert (
        np.abs(answer(exported.onnx, COLUMNS)["score"][:, 0] - binary.inplace_predict(MATRIX)).max() <= 1e-6
    )


def test_a_column_that_is_the_matrix_itself_is_joined() -> None:
    booster = train("reg:squarederror", MATRIX[:, :1], label=MATRIX[:, 0])
    column = helper.make_tensor_value_info("c0", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([], "p", [column], [column])
    prep = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    got = answer(build(booster, prep, converter="tarn"), {"c0": MATRIX[:, 0]})["score"]
    assert np.array_equal(got[:, 0], booster.inplace_predict(MATRIX[:, :1]))


@pytest.mark.parametrize("opset", [13, 15, 18, 21, 22])
def test_the_operator_sets_of_the_preparation_are_kept(binary: xgb.Booster, opset: int) -> None:
    model = build(binary, concat_preparation(opset=opset))
    assert {entry.domain: entry.version for entry in model.opset_import} == {"": opset, "ai.onnx.ml": 3}
    assert model.ir_version == 10
    onnx.checker.check_model(model, full_check=True)
    assert len(answer(model, COLUMNS)["label"]) == len(MATRIX)


@pytest.mark.parametrize("opsets", [{"": 11}, {"": 18, "ai.onnx.ml": 5}, {"": 18, "ai.onnx.ml": 2}])
def test_operator_sets_that_cannot_hold_trees_are_refused(
    binary: xgb.Booster, opsets: dict[str, int]
) -> None:
    prep = concat_preparation()
    del prep.opset_import[:]
    prep.opset_import.extend(helper.make_opsetid(*item) for item in opsets.items())
    with pytest.raises(UnsupportedError, match="operator sets"):
        build(binary, prep)


def test_a_preparation_of_another_shape_is_refused(binary: xgb.Booster) -> None:
    with pytest.raises(SignatureError, match=r"splits on 5 columns.*4"):
        build(binary, concat_preparation(4))
    strings = concat_preparation()
    strings.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING
    with pytest.raises(SignatureError, match="one float32 matrix"):
        build(binary, strings)
    two = concat_preparation()
    two.graph.output.append(two.graph.output[0])
    with pytest.raises(SignatureError, match="one float32 matrix"):
        build(binary, two)


def test_bytes_that_are_no_preparation_are_refused(binary: xgb.Booster) -> None:
    with pytest.raises(FormatError, match="not an ONNX model"):
        export(binary, b"\xff\xff nothing", classes=None, sample_rows=COLUMNS, metadata={})


def test_an_unknown_converter_and_one_that_would_be_wrong_are_refused(binary: xgb.Booster) -> None:
    with pytest.raises(OptionError, match="'other'"):
        build(binary, converter="other")
    with pytest.raises(UnsupportedError, match="reg:logistic"):
        build(train("reg:logistic", MATRIX), converter="onnxmltools")


def test_the_export_describes_itself(binary: xgb.Booster) -> None:
    exported = export(
        bytes(binary.save_raw("ubj")),
        concat_preparation().SerializeToString(),
        classes=["n", "y"],
        sample_rows=COLUMNS,
        metadata={"who": "me"},
    )
    assert [(output.name, output.kind, output.width) for output in exported.outputs] == [
        ("score", "float32", 1), ("probabilities", "float32", 2), ("label", "string", 0),
    ]  # fmt: skip
    assert (exported.objective, exported.task, exported.rounds) == ("binary:logistic", "binary", 12)
    assert exported.digest == hashlib.sha256(exported.onnx).hexdigest()
    assert "onnx=" not in repr(exported)
