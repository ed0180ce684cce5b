"""The gate: corrupted graphs are refused, however small the fault; right ones pass; the report says why."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import pytest
import xgboost as xgb
from export_cases import as_columns, concat_preparation, goes_left, make_matrix, train, tree_attributes, walk
from onnx import TensorProto, helper, numpy_helper

from engine.errors import DataError, FormatError, ModelError, ParityError, SignatureError
from engine.ml.export import ParityReport, build_graph, check_parity, parse_booster
from engine.ml.export.probes import matrix_probes
from engine.ml.export.sessions import Session, cut_at_matrix
from engine.ml.export.trees import LEAF, TreeEnsemble

MATRIX = make_matrix(missing=0.1)
COLUMNS = as_columns(MATRIX[:200])
PREPARATION = concat_preparation().SerializeToString()


@pytest.fixture(scope="module")
def boosters() -> dict[str, xgb.Booster]:
    clean = make_matrix()
    return {
        "number": train("reg:squarederror", MATRIX),
        "chance": train("binary:logistic", MATRIX),
        "classes": train("multi:softprob", MATRIX, rounds=6),
        "hinge": train("binary:hinge", MATRIX),
        "sets": train("reg:squarederror", clean, categorical=True, max_cat_to_onehot=1),
    }


def build(booster: xgb.Booster, classes: Any = None) -> onnx.ModelProto:
    return build_graph(booster, concat_preparation(), classes=classes, metadata={}, converter="tarn")


def check(model: onnx.ModelProto, booster: xgb.Booster, **options: Any) -> ParityReport:
    settings: dict[str, Any] = {"rows": COLUMNS, **options}
    return check_parity(model.SerializeToString(), PREPARATION, booster, settings.pop("rows"), **settings)


def failed(report: ParityReport) -> set[str]:
    return {probe.name for probe in report.probes if not probe.passed}


@pytest.mark.parametrize("name", ["number", "chance", "classes", "hinge", "sets"])
def test_a_right_graph_passes_every_probe(boosters: dict[str, xgb.Booster], name: str) -> None:
    report = check(build(boosters[name]), boosters[name])
    report.raise_if_failed()
    assert report.passed
    assert report.labels_flipped == 0
    assert report.rows == sum(probe.rows for probe in report.probes) > 5000
    names = [probe.name for probe in report.probes]
    assert names[:6] == ["sample", "raw missing", "raw unseen", "thresholds", "missing", "extremes"]
    assert names[-4:] == ["batches of 1", "batches of 7", "batches of 4096", "2 threads"]
    assert ("categories" in names) == (name == "sets")
    batches = [probe for probe in report.probes if probe.name.startswith("batches")]
    assert all(probe.identical for probe in batches)


def numeric_splits(attributes: dict[str, onnx.AttributeProto]) -> list[int]:
    return [at for at, mode in enumerate(attributes["nodes_modes"].strings) if mode == b"BRANCH_LT"]


def move_threshold(model: onnx.ModelProto, at: int, towards: float) -> None:
    values = tree_attributes(model)[1]["nodes_values"].floats
    values[at] = float(np.nextafter(np.float32(values[at]), np.float32(towards)))


def way_to(ensemble: TreeEnsemble, node: int) -> list[tuple[int, bool]]:
    """The splits above a node, and whether the way goes left there; found by trying all of its tree's."""
    start = int(ensemble.tree_start[np.searchsorted(ensemble.tree_start, node, side="right") - 1])
    for above in range(start, node):
        for left, children in ((True, ensemble.left), (False, ensemble.right)):
            if start + int(children[above]) == node and ensemble.left[above] != LEAF:
                return [*way_to(ensemble, above), (above, left)]
    return []


def numbers_reach(ensemble: TreeEnsemble, node: int) -> bool:
    """Some row that is not missing in the column of this numeric split arrives there on its threshold.

    XGBoost also makes splits above all the numbers that arrive, to part them from the missing values.
    """
    columns: dict[int, list[tuple[int, bool]]] = {}
    for split, left in way_to(ensemble, node):
        columns.setdefault(int(ensemble.feature[split]), []).append((split, left))

    def passes(steps: list[tuple[int, bool]], value: np.float32) -> bool:
        return all(goes_left(ensemble, split, value) is left for split, left in steps)

    def candidates(steps: list[tuple[int, bool]]) -> Iterator[np.float32]:
        yield from (np.float32(np.nan), np.float32(-1))
        for split, _ in steps:
            yield ensemble.threshold[split]
            yield np.nextafter(ensemble.threshold[split], np.float32(-np.inf))
            yield from ensemble.category_set(split).astype(np.float32)

    own = columns.pop(int(ensemble.feature[node]), [])
    others = all(any(passes(steps, value) for value in candidates(steps)) for steps in columns.values())
    return others and passes(own, ensemble.threshold[node])


def ends_in_leaves(ensemble: TreeEnsemble, node: int) -> bool:
    """Both children are leaves, which differ: elsewhere both sides may give the same answer."""
    start = int(ensemble.tree_start[np.searchsorted(ensemble.tree_start, node, side="right") - 1])
    children = [start + int(ensemble.left[node]), start + int(ensemble.right[node])]
    return bool((ensemble.left[children] == LEAF).all() and np.ptp(ensemble.leaf[children]) > 1e-3)


@pytest.mark.parametrize("towards", [-np.inf, np.inf])
def test_one_threshold_off_by_one_float_is_refused_wherever_it_is(
    boosters: dict[str, xgb.Booster], towards: float
) -> None:
    booster = boosters["number"]
    ensemble = parse_booster(booster)
    right = build(booster)
    at = numeric_splits(tree_attributes(right)[1])
    telling = [node for node in at if numbers_reach(ensemble, node) and ends_in_leaves(ensemble, node)]
    assert len(telling) > 30
    for node in telling[:: len(telling) // 12]:
        wrong = onnx.ModelProto()
        wrong.CopyFrom(right)
        move_threshold(wrong, node, towards)
        report = check(wrong, booster)
        assert "thresholds" in failed(report), f"node {node}"
        with pytest.raises(ParityError, match=r"probe '[a-z ]+'.*row \d+ gives"):
            report.raise_if_failed()


def forget_missing(model: onnx.ModelProto) -> None:
    tracks = tree_attributes(model)[1]["nodes_missing_value_tracks_true"]
    tracks.ints[:] = [0] * len(tracks.ints)


def shift_base(model: onnx.ModelProto) -> None:
    attributes = tree_attributes(model)[1]
    for at, tree in enumerate(attributes["target_treeids"].ints):
        if tree == 0:
            attributes["target_weights"].floats[at] += 0.001


def drop_last_tree(model: onnx.ModelProto) -> None:
    attributes = tree_attributes(model)[1]
    last = max(attributes["target_treeids"].ints)
    for at, tree in enumerate(attributes["target_treeids"].ints):
        if tree == last:
            attributes["target_weights"].floats[at] = 0.0


def swap_less_for_less_or_equal(model: onnx.ModelProto) -> None:
    modes = tree_attributes(model)[1]["nodes_modes"]
    modes.strings[:] = [b"BRANCH_LEQ" if mode == b"BRANCH_LT" else mode for mode in modes.strings]


def swap_columns(model: onnx.ModelProto) -> None:
    features = tree_attributes(model)[1]["nodes_featureids"]
    features.ints[:] = [{0: 1, 1: 0}.get(feature, feature) for feature in features.ints]


@pytest.mark.parametrize("name", ["number", "chance", "classes"])
@pytest.mark.parametrize(
    ("corrupt", "probe"),
    [
        (forget_missing, "missing"),
        (shift_base, "sample"),
        (drop_last_tree, "sample"),
        (swap_less_for_less_or_equal, "thresholds"),
        (swap_columns, "sample"),
    ],
)
def test_a_corrupted_graph_is_refused(
    boosters: dict[str, xgb.Booster],
    name: str,
    corrupt: Callable[[onnx.ModelProto], None],
    probe: str,
) -> None:
    model = build(boosters[name])
    corrupt(model)
    report = check(model, boosters[name])
    assert probe in failed(report)
    with pytest.raises(ParityError):
        report.raise_if_failed()


def test_a_category_led_the_wrong_way_is_refused(boosters: dict[str, xgb.Booster]) -> None:
    booster = boosters["sets"]
    ensemble = parse_booster(booster)
    model = build(booster)
    attributes = tree_attributes(model)[1]
    category = int(np.flatnonzero(ensemble.is_categorical)[-1])
    tree = int(np.searchsorted(ensemble.tree_start, category, side="right") - 1)
    node = category - int(ensemble.tree_start[tree])
    pairs = zip(attributes["nodes_treeids"].ints, attributes["nodes_nodeids"].ints, strict=True)
    at = list(pairs).index((tree, node))
    attributes["nodes_values"].floats[at] += 1  # one code more on one side
    assert "categories" in failed(check(model, booster))


def test_a_missing_link_is_refused(boosters: dict[str, xgb.Booster]) -> None:
    """A regressor without its sigmoid: margins where probabilities belong."""
    booster = train("reg:logistic", MATRIX)
    model = build(booster)
    sigmoid = next(node for node in model.graph.node if node.op_type == "Sigmoid")
    sigmoid.op_type = "Identity"
    assert {"sample", "thresholds", "missing"} <= failed(check(model, booster))


def test_labels_in_another_order_are_refused(boosters: dict[str, xgb.Booster]) -> None:
    model = build(boosters["chance"], classes=["yes", "no"])
    report = check(model, boosters["chance"], classes=["no", "yes"])
    assert report.max_abs_diff <= 1e-6
    assert report.labels_flipped > 100
    with pytest.raises(ParityError, match="labels flipped"):
        report.raise_if_failed()
    assert check(model, boosters["chance"], classes=["yes", "no"]).passed


def test_labels_that_disagree_with_their_probabilities_are_refused(boosters: dict[str, xgb.Booster]) -> None:
    model = build(boosters["classes"])
    classes = next(c for c in model.graph.initializer if c.name == "head/classes")
    classes.CopyFrom(numpy_helper.from_array(np.array([0, 1, 3, 2]), "head/classes"))
    assert check(model, boosters["classes"]).labels_flipped > 100


def test_probabilities_that_disagree_with_the_score_are_refused(boosters: dict[str, xgb.Booster]) -> None:
    model = build(boosters["chance"])
    one = next(c for c in model.graph.initializer if c.name == "head/one")
    one.CopyFrom(numpy_helper.from_array(np.array(1.01, np.float32), "head/one"))
    assert "sample" in failed(check(model, boosters["chance"]))


def test_a_preparation_that_makes_other_values_than_the_graph_is_refused(
    boosters: dict[str, xgb.Booster],
) -> None:
    """Trees cut on data values: one ulp between two preparations sends rows the other way."""
    booster = boosters["number"]
    scaled = concat_preparation()
    scaled.graph.node[0].output[0] = "plain"
    scaled.graph.node.append(helper.make_node("Mul", ["plain", "almost one"], ["features"]))
    factor = np.nextafter(np.float32(1), np.float32(2))
    scaled.graph.initializer.append(numpy_helper.from_array(factor, "almost one"))
    model = build_graph(booster, scaled, classes=None, metadata={})
    report = check(model, booster, rows=as_columns(MATRIX))
    assert "sample" in failed(report)


def test_a_preparation_that_depends_on_the_batch_is_refused(boosters: dict[str, xgb.Booster]) -> None:
    booster = boosters["number"]
    prep = concat_preparation()
    prep.graph.node[0].output[0] = "plain"
    prep.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["filled", "axes"], ["top"]),
            helper.make_node("IsNaN", ["plain"], ["gaps"]),
            helper.make_node("Where", ["gaps", "zero", "plain"], ["filled"]),
            helper.make_node("Div", ["plain", "top"], ["features"]),
        ]
    )
    nodes = [prep.graph.node[at] for at in (0, 2, 3, 1, 4)]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del prep.graph.node[:]
    prep.graph.node.extend(copies)
    prep.graph.initializer.extend(
        [
            numpy_helper.from_array(np.zeros(1, np.int64), "axes"),
            numpy_helper.from_array(np.zeros((), np.float32), "zero"),
        ]
    )
    model = build_graph(booster, prep, classes=None, metadata={}).SerializeToString()
    report = check_parity(model, prep.SerializeToString(), booster, COLUMNS)
    assert {"batches of 1", "batches of 7"} <= failed(report)
    assert "sample" not in failed(report)


@pytest.mark.parametrize("categorical", [False, True])
def test_the_threshold_probe_reaches_every_split_that_numbers_reach(categorical: bool) -> None:
    matrix = make_matrix(missing=0.1)
    booster = train("reg:squarederror", matrix, categorical=categorical, max_cat_to_onehot=2, max_depth=6)
    ensemble = parse_booster(booster)
    rows = next(probe.rows for probe in matrix_probes(ensemble, matrix[:50]) if probe.name == "thresholds")
    splits = np.flatnonzero((ensemble.left != LEAF) & ~ensemble.is_categorical)
    below, on, above = np.split(rows, 3)
    assert len(on) == len(splits)
    start = np.repeat(np.arange(ensemble.trees), np.diff(ensemble.tree_start))
    reached = 0
    for at, node in enumerate(splits):
        column, threshold = ensemble.feature[node], ensemble.threshold[node]
        assert on[at, column] == threshold
        assert below[at, column] < threshold < above[at, column]
        assert np.nextafter(below[at, column], threshold) == threshold
        assert np.nextafter(above[at, column], threshold) == threshold
        arrives = int(node) in walk(ensemble, int(start[node]), on[at])
        assert arrives == numbers_reach(ensemble, int(node))
        reached += arrives
    assert reached > 0.8 * len(splits)


def test_the_category_probe_reaches_sets_with_codes_inside_beside_and_beyond() -> None:
    matrix = make_matrix()
    booster = train("reg:squarederror", matrix, categorical=True, max_cat_to_onehot=1, max_depth=6)
    ensemble = parse_booster(booster)
    rows = next(probe.rows for probe in matrix_probes(ensemble, matrix[:50]) if probe.name == "categories")
    visits: dict[int, set[bool]] = {int(node): set() for node in np.flatnonzero(ensemble.is_categorical)}
    for row in rows:
        for tree in range(ensemble.trees):
            way = walk(ensemble, tree, row)
            for node, child in pairwise(way):
                if node in visits:
                    visits[node].add(child == ensemble.tree_start[tree] + ensemble.left[node])
    assert all(sides == {True, False} for sides in visits.values())
    assert np.isnan(rows[:, 4]).any()
    assert {-1.0, -0.5, 2.0**24, np.inf} <= set(rows[:, 4].tolist())


def test_probes_are_the_same_every_time_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble = parse_booster(train("reg:squarederror", MATRIX, categorical=False, rounds=30))
    first = {probe.name: probe.rows for probe in matrix_probes(ensemble, MATRIX[:50])}
    again = {probe.name: probe.rows for probe in matrix_probes(ensemble, MATRIX[:50])}
    assert all(np.array_equal(first[name], again[name], equal_nan=True) for name in first)
    monkeypatch.setattr("engine.ml.export.probes._MOST_ROWS", 60)
    few = {probe.name: probe.rows for probe in matrix_probes(ensemble, MATRIX[:50])}
    assert len(first["thresholds"]) > 500
    assert all(len(rows) <= 60 for rows in few.values())
    assert len(few["thresholds"]) == 60


def test_the_report_is_json_and_pickles(boosters: dict[str, xgb.Booster]) -> None:
    model = build(boosters["number"])
    forget_missing(model)
    report = check(model, boosters["number"])
    told = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert told["passed"] is False
    assert told["max_abs_diff"] == report.max_abs_diff
    assert len(told["probes"]) == len(report.probes)
    worst = next(probe["worst"] for probe in told["probes"] if probe["name"] == "missing")
    assert set(worst) == {"row", "expected", "got", "values"}
    assert "nan" in worst["values"].values()
    assert pickle.loads(pickle.dumps(report)).max_abs_diff == report.max_abs_diff
    with pytest.raises(ParityError) as refused:
        report.raise_if_failed()
    assert pickle.loads(pickle.dumps(refused.value)).data["report"] == report.to_json()
    assert "instead of" in str(refused.value)


def test_values_that_are_not_finite_count_as_far_off(boosters: dict[str, xgb.Booster]) -> None:
    model = build(boosters["number"])
    weights = tree_attributes(model)[1]["target_weights"].floats
    weights[0] = float("nan")
    report = check(model, boosters["number"])
    assert report.max_abs_diff == np.inf
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["max_abs_diff"] == "inf"


@pytest.mark.parametrize("objective", ["reg:gamma", "reg:squarederror"])
def test_partial_sums_of_two_threads_are_allowed_what_float32_costs(objective: str) -> None:
    """Large margins behind an exponential, and large numbers that cancel to small ones."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(3000, 5)).astype(np.float32)
    signal = matrix[:, 0] + matrix[:, 1] * matrix[:, 2]
    label = np.exp(signal + 18) if objective == "reg:gamma" else signal * 1e7
    booster = train(objective, matrix, label=label, rounds=300, eta=0.05)
    model = build(booster)
    report = check(model, booster, rows=as_columns(matrix[:1500]))
    report.raise_if_failed()
    assert report.max_abs_diff <= 1e-6
    threads = report.probes[-1]
    assert (threads.name, threads.against) == ("2 threads", "itself")
    assert 1e-5 < threads.allowed < 1e-3
    assert threads.max_abs_diff <= threads.allowed / 5
    drop_last_tree(model)
    assert not check(model, booster, rows=as_columns(matrix[:1500])).passed


def test_sums_that_are_infinite_pass_as_such() -> None:
    """Counts that are all 0: XGBoost's margin is minus infinity, and its answer 0."""
    booster = train("count:poisson", MATRIX, label=np.zeros(len(MATRIX)))
    report = check(build(booster), booster)
    assert report.passed
    assert json.dumps(report.to_json(), allow_nan=False)


def test_rows_that_the_preparation_refuses_are_left_out_and_said(boosters: dict[str, xgb.Booster]) -> None:
    """An encoder that knows two strings: the code of any other points beyond its table."""
    booster = train("reg:squarederror", MATRIX[:, :2], label=np.nan_to_num(MATRIX[:, 1]))
    names = ["kind", "size"]
    nodes = [
        helper.make_node(
            "LabelEncoder", ["kind"], ["code"], domain="ai.onnx.ml",
            keys_strings=["a", "b"], values_int64s=[0, 1], default_int64=99,
        ),
        helper.make_node("Reshape", ["code", "flat"], ["index"]),
        helper.make_node("Gather", ["values", "index"], ["value"]),
        helper.make_node("Concat", ["value", "size"], ["features"], axis=1),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "p",
        [
            helper.make_tensor_value_info("kind", TensorProto.STRING, [None, 1]),
            helper.make_tensor_value_info("size", TensorProto.FLOAT, [None, 1]),
        ],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 2])],
        [
            numpy_helper.from_array(np.array([-1], np.int64), "flat"),
            numpy_helper.from_array(np.array([[0.1], [0.2]], np.float32), "values"),
        ],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    prep = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    model = build_graph(booster, prep, classes=None, metadata={}).SerializeToString()
    rows = dict(zip(names, [np.array(["a", "b"] * 50, object), MATRIX[:100, 0]], strict=True))
    report = check_parity(model, prep.SerializeToString(), booster, rows)
    report.raise_if_failed()
    unseen = next(probe for probe in report.probes if probe.name == "raw unseen")
    assert "refuses 8 of 12 rows" in unseen.note
    assert unseen.rows == 4  # those with an extreme size and a known kind


def test_bad_rows_are_refused_by_name(boosters: dict[str, xgb.Booster]) -> None:
    model, booster = build(boosters["number"]), boosters["number"]
    with pytest.raises(SignatureError, match="c3"):
        check(model, booster, rows={name: column for name, column in COLUMNS.items() if name != "c3"})
    with pytest.raises(SignatureError, match=r"'c1'.*<U1"):
        check(model, booster, rows={**COLUMNS, "c1": np.array(["a"] * 200)})
    with pytest.raises(SignatureError, match="different lengths"):
        check(model, booster, rows={**COLUMNS, "c1": np.zeros(3, np.float32)})
    with pytest.raises(SignatureError, match=r"shape \(100, 2\)"):
        check(model, booster, rows={**COLUMNS, "c1": np.zeros((100, 2), np.float32)})
    with pytest.raises(DataError, match="no rows"):
        check(model, booster, rows={name: column[:0] for name, column in COLUMNS.items()})
    extra = {**COLUMNS, "unread": np.zeros(200), "c0": COLUMNS["c0"].astype(np.float64).reshape(-1, 1)}
    assert check(model, booster, rows=extra).passed


def test_a_model_that_does_not_load_or_was_not_built_here_is_refused(
    boosters: dict[str, xgb.Booster],
) -> None:
    model = build(boosters["number"])
    newer = onnx.ModelProto()
    newer.CopyFrom(model)
    newer.ir_version = 99
    with pytest.raises(ModelError, match="does not load"):
        check(newer, boosters["number"])
    with pytest.raises(ModelError, match="no such value"):
        cut_at_matrix(model.SerializeToString(), "no such value")


def test_a_model_of_another_task_is_refused(boosters: dict[str, xgb.Booster]) -> None:
    with pytest.raises(ModelError, match=r"\['score'\], a binary model"):
        check(build(boosters["number"]), boosters["chance"])
    plain = concat_preparation()
    plain.graph.output[0].name = plain.graph.node[0].output[0] = "score"
    five = train("reg:squarederror", MATRIX, label=np.nan_to_num(MATRIX))
    with pytest.raises(FormatError, match="where its trees begin"):
        check(plain, five)


def test_the_cut_model_reads_the_matrix_and_nothing_else(boosters: dict[str, xgb.Booster]) -> None:
    model = build(boosters["chance"])
    cut = Session(cut_at_matrix(model.SerializeToString(), "trees/matrix"))
    assert list(cut.inputs) == ["trees/matrix"]
    assert cut.outputs == ["score", "probabilities", "label"]
    whole = Session(model.SerializeToString()).run({n: c.reshape(-1, 1) for n, c in COLUMNS.items()})
    assert np.array_equal(cut.run({"trees/matrix": MATRIX[:200]})["score"], whole["score"])
