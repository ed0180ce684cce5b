"""What is made of one column of texts is made once per distinct text: what onnxruntime makes of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import NodeProto, TensorProto, helper

from engine.errors import DataError
from engine.inference import load_runner
from engine.inference.coded import Coded, CodedColumns
from engine.inference.graphs import parse
from engine.inference.wordwise import WordRunner

ML = "ai.onnx.ml"
WORDS = ["red", "green", "", "ä", "two words", "unseen"]


def graph_of(
    nodes: Sequence[NodeProto],
    inputs: dict[str, tuple[int, list[int | None]]],
    outputs: Sequence[str] = ("out",),
    constants: Sequence[TensorProto] = (),
) -> bytes:
    graph = helper.make_graph(
        list(nodes),
        "words",
        [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        list(constants),
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)]
    return bytes(helper.make_model(graph, opset_imports=domains, ir_version=8).SerializeToString())


def encoder(source: str, made: str, *, strict: bool = False) -> NodeProto:
    return helper.make_node(
        "OneHotEncoder", [source], [made], domain=ML, cats_strings=["red", "green", ""], zeros=int(not strict)
    )


def two_texts_and_a_number() -> bytes:
    """One-hot codes of two columns beside a number that is added to one of them."""
    nodes = [
        encoder("a", "coded_a"),
        helper.make_node("Reshape", ["coded_a", "three"], ["flat_a"]),
        helper.make_node(
            "LabelEncoder",
            ["b"],
            ["coded_b"],
            domain=ML,
            keys_strings=["red", "ä"],
            values_floats=[0.25, -3.0],
            default_float=7.0,
        ),
        helper.make_node("Mul", ["coded_b", "x"], ["scaled"]),
        helper.make_node("Concat", ["flat_a", "scaled"], ["out"], axis=1),
    ]
    shapes = {"a": TensorProto.STRING, "b": TensorProto.STRING, "x": TensorProto.FLOAT}
    return graph_of(
        nodes,
        {name: (kind, [None, 1]) for name, kind in shapes.items()},
        constants=[helper.make_tensor("three", TensorProto.INT64, [2], [-1, 3])],
    )


def matrix_of_texts() -> bytes:
    """As scikit-learn's converters write it: a column is picked out of a matrix of texts."""
    nodes: list[NodeProto] = []
    for at in range(2):
        nodes.append(helper.make_node("ArrayFeatureExtractor", ["words", f"at{at}"], [f"own{at}"], domain=ML))
        nodes.append(encoder(f"own{at}", f"coded{at}"))
        nodes.append(helper.make_node("Reshape", [f"coded{at}", "three"], [f"flat{at}"]))
    nodes.append(helper.make_node("Concat", ["flat0", "flat1"], ["out"], axis=1))
    places = [helper.make_tensor(f"at{at}", TensorProto.INT64, [1], [at]) for at in range(2)]
    return graph_of(
        nodes,
        {"words": (TensorProto.STRING, [None, 2])},
        constants=[*places, helper.make_tensor("three", TensorProto.INT64, [2], [-1, 3])],
    )


def coded(texts: Sequence[str], seed: int) -> Coded:
    """The texts by a dictionary in any order, with values that no row has and one that stands there twice."""
    values = np.array([*dict.fromkeys(texts), "of no row", texts[0]], dtype=object)
    np.random.default_rng(seed).shuffle(values)
    places = {value: at for at, value in enumerate(values.tolist())}
    return Coded(values, np.array([places[text] for text in texts]))


def same(graph: bytes, feeds: dict[str, Any]) -> WordRunner:
    """The answers are onnxruntime's for the rows, to the bit; returns the runner."""
    runner = load_runner(graph, ["out"])
    [wanted] = load_runner(graph, ["out"], "onnxruntime").run(feeds)
    [found] = runner.run(feeds)
    assert found.dtype == wanted.dtype
    assert found.tobytes() == wanted.tobytes()
    assert isinstance(runner, WordRunner)
    return runner


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40)


@settings(max_examples=30)
@given(a=texts, seed=st.integers(0, 1000))
def test_columns_of_texts_are_asked_once_for_each_distinct_one(a: list[str], seed: int) -> None:
    b = list(np.random.default_rng(seed).permutation(a))
    x = np.random.default_rng(seed).normal(size=(len(a), 1)).astype(np.float32)
    runner = same(two_texts_and_a_number(), {"a": coded(a, seed), "b": coded(b, seed + 1), "x": x})
    assert [len(one.last[0]) for one in runner._parts] == [len(set(a)), len(set(b))]
    plain = np.array(a, dtype=object).reshape(-1, 1)
    same(two_texts_and_a_number(), {"a": plain, "b": coded(b, seed), "x": x})


@settings(max_examples=20)
@given(a=texts, seed=st.integers(0, 1000))
def test_columns_of_a_matrix_of_texts_are_told_apart(a: list[str], seed: int) -> None:
    b = list(np.random.default_rng(seed).permutation(a))
    feeds = {"words": CodedColumns((coded(a, seed), coded(b, seed)))}
    runner = same(matrix_of_texts(), feeds)
    assert [len(one.last[0]) for one in runner._parts] == [len(set(a)), len(set(b))]


def test_constants_that_are_declared_as_inputs_need_not_be_fed() -> None:
    """As files of old versions have them."""
    model = parse(two_texts_and_a_number())
    model.graph.input.append(helper.make_tensor_value_info("three", TensorProto.INT64, [2]))
    plain = coded(["red", "ä", "unseen"], 1)
    same(bytes(model.SerializeToString()), {"a": plain, "b": plain, "x": np.ones((3, 1), dtype=np.float32)})


def test_each_of_many_strict_encoders_is_tried_on_its_own_words() -> None:
    nodes, inputs = [], {}
    for at in range(12):
        words = [f"{at} {word}" for word in range(40)]
        nodes.append(
            helper.make_node("OneHotEncoder", [f"t{at}"], [f"c{at}"], domain=ML, cats_strings=words, zeros=0)
        )
        nodes.append(helper.make_node("Flatten", [f"c{at}"], [f"f{at}"]))
        inputs[f"t{at}"] = (TensorProto.STRING, [None, 1])
    nodes.append(helper.make_node("Concat", [f"f{at}" for at in range(12)], ["out"], axis=1))
    feeds = {f"t{at}": coded([f"{at} {word % 40}" for word in range(50)], at) for at in range(12)}
    assert len(same(graph_of(nodes, inputs), feeds)._parts) == 12


def test_more_rows_than_a_slice_holds() -> None:
    random = np.random.default_rng(0)
    a, b = (Coded(np.array(WORDS, dtype=object), random.integers(0, len(WORDS), 150_000)) for _ in range(2))
    same(two_texts_and_a_number(), {"a": a, "b": b, "x": np.ones((150_000, 1), dtype=np.float32)})


def test_a_text_that_no_row_has_cannot_be_refused() -> None:
    nodes = [encoder("a", "coded", strict=True), helper.make_node("Flatten", ["coded"], ["out"])]
    graph = graph_of(nodes, {"a": (TensorProto.STRING, [None, 1])})
    known = Coded(np.array(["unseen", "red", "green"], dtype=object), np.array([1, 2, 1]))
    same(graph, {"a": known})
    with pytest.raises(DataError):
        load_runner(graph, ["out"]).run({"a": Coded(known.values, np.array([1, 0]))})


def length_of_all(nodes: list[NodeProto], constants: Sequence[TensorProto] = ()) -> bytes:
    start = helper.make_node(
        "LabelEncoder",
        ["a"],
        ["code"],
        domain=ML,
        keys_strings=["red"],
        values_floats=[2.0],
        default_float=1.0,
    )
    return graph_of([start, *nodes], {"a": (TensorProto.STRING, [None, 1])}, constants=constants)


@pytest.mark.parametrize("kind", ["greatest", "by_place"])
def test_what_mixes_rows_is_left_to_the_rows(kind: str) -> None:
    mixing = {
        "greatest": [
            helper.make_node("ReduceMax", ["code"], ["most"], axes=[0], keepdims=1),
            helper.make_node("Add", ["code", "most"], ["out"]),
        ],
        # Nodes of which each is harmless, and which together see where a row stands.
        "by_place": [
            helper.make_node("Reshape", ["code", "wide"], ["across"]),
            helper.make_node("Mul", ["across", "weights"], ["weighed"]),
            helper.make_node("Reshape", ["weighed", "long"], ["out"]),
        ],
    }[kind]
    constants = [
        helper.make_tensor("wide", TensorProto.INT64, [2], [1, -1]),
        helper.make_tensor("long", TensorProto.INT64, [2], [-1, 1]),
        helper.make_tensor("weights", TensorProto.FLOAT, [4], [1.0, 2.0, 3.0, 4.0]),
    ]
    graph = length_of_all(mixing, constants)
    column = Coded(np.array(["red", "blue"], dtype=object), np.array([0, 1, 0, 0]))
    [found] = load_runner(graph, ["out"]).run({"a": column})
    [wanted] = load_runner(graph, ["out"], "onnxruntime").run({"a": column})
    assert (found == wanted).all()


def test_texts_are_normalised_by_a_locale_that_every_machine_has() -> None:
    nodes = [
        helper.make_node("StringNormalizer", ["a"], ["small"], case_change_action="LOWER"),
        helper.make_node(
            "LabelEncoder",
            ["small"],
            ["out"],
            domain=ML,
            keys_strings=["ärger", "red"],
            values_floats=[1.0, 2.0],
            default_float=0.0,
        ),
    ]
    graph = graph_of(nodes, {"a": (TensorProto.STRING, [None])})
    column = Coded(np.array(["ÄRGER", "RED", "other"], dtype=object), np.array([0, 1, 2, 0]), flat=True)
    [found] = load_runner(graph, ["out"]).run({"a": column})
    assert found.tolist() == [1.0, 2.0, 0.0, 1.0]
