"""Pruned trees say the same of every row within the ranges; columns that are not used do not matter."""

from __future__ import annotations

import numpy as np
import tree_graphs as tg
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from engine.inference import load_runner
from engine.inference.attributes import read_ensemble
from engine.inference.ensemble import Ensemble, Mode
from engine.inference.graphs import parse
from engine.inference.pruning import Range, prune, settles, spans, steps
from engine.inference.trees import TreeKernel
from engine.inference.used import used_inputs


def ensemble_of(graph: bytes) -> Ensemble:
    return read_ensemble(parse(graph).graph.node[-1], float64=False)


def forest(random: np.random.Generator, modes: tuple[str, ...], features: int = 4) -> list[tg.Tree]:
    return [tg.grow(random, depth=6, features=features, modes=modes, targets=(0,)) for _ in range(4)]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    modes=st.lists(st.sampled_from(tg.MODES[:6]), min_size=1, max_size=4),
    bounds=st.dictionaries(
        st.integers(0, 3), st.tuples(st.integers(-5, 5), st.integers(0, 5), st.booleans()), max_size=4
    ),
)
def test_pruned_trees_agree_within_the_ranges(
    seed: int, modes: list[str], bounds: dict[int, tuple[int, int, bool]]
) -> None:
    random = np.random.default_rng(seed)
    whole = ensemble_of(tg.separate(forest(random, tuple(modes))))
    ranges = {at: Range(low / 2, (low + size) / 2, missing) for at, (low, size, missing) in bounds.items()}
    pruned = prune(whole, ranges)
    assert pruned.reachable().sum() <= whole.reachable().sum()
    rows = tg.rows(random, 400)
    for at, known in ranges.items():
        column = rows[:, at]
        column[np.isnan(column) & (not known.missing)] = known.low
        rows[:, at] = np.where(np.isnan(column), np.nan, column.clip(known.low, known.high))
    assert (TreeKernel(whole).run(rows)[0] == TreeKernel(pruned).run(rows)[0]).all()


def deepest(ensemble: Ensemble, node: int) -> int:
    if ensemble.mode[node] == Mode.LEAF:
        return 0
    return 1 + max(deepest(ensemble, int(way[node])) for way in (ensemble.true, ensemble.false))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    modes=st.lists(st.sampled_from(tg.MODES[:6]), min_size=1, max_size=4),
    bounds=st.dictionaries(st.integers(0, 5), st.tuples(st.integers(-6, 6), st.integers(0, 12)), max_size=6),
)
def test_ranges_beyond_all_splits_settle_nothing_and_cost_no_look(
    seed: int, modes: list[str], bounds: dict[int, tuple[int, int]]
) -> None:
    whole = ensemble_of(tg.separate(forest(np.random.default_rng(seed), tuple(modes))))
    ranges = {at: Range(low / 2, (low + size) / 2, missing=False) for at, (low, size) in bounds.items()}
    pruned = prune(whole, ranges)
    if not settles(spans(whole), ranges):
        assert (pruned.true == whole.true).all()
        assert (pruned.false == whole.false).all()
    for one in (whole, pruned):
        assert steps(one) == sum(deepest(one, int(root)) for root in one.roots)


def test_a_fixed_feature_takes_its_steps_away() -> None:
    random = np.random.default_rng(1)
    whole = ensemble_of(tg.separate(forest(random, ("BRANCH_LT",))))
    pruned = prune(whole, {0: Range(0.25, 0.25, missing=False)})
    assert 0 in whole.features
    assert pruned.features == tuple(one for one in whole.features if one != 0)
    assert pruned.reachable().sum() < whole.reachable().sum()


def columns_graph(trees: list[tg.Tree], names: list[str]) -> bytes:
    """One input per column, scaled and joined, then trees."""
    model = parse(tg.separate(trees, features=len(names)))
    nodes = [helper.make_node("Sub", [name, "shift"], [f"{name}_moved"]) for name in names]
    nodes.append(helper.make_node("Concat", [f"{name}_moved" for name in names], ["x"], axis=1))
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names]
    graph = helper.make_graph(
        [*nodes, *model.graph.node],
        "columns",
        inputs,
        model.graph.output,
        [helper.make_tensor("shift", TensorProto.FLOAT, [1], [0.5])],
    )
    made = helper.make_model(graph, opset_imports=model.opset_import)
    made.ir_version = 10
    return bytes(made.SerializeToString())


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_only_inputs_that_trees_split_on_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    names = [f"c{at}" for at in range(12)]
    trees = [tg.grow(random, depth=2, features=12, modes=("BRANCH_LT",), targets=(0,)) for _ in range(2)]
    graph = columns_graph(trees, names)
    asked = {f"c{node['feature']}" for tree in trees for node in tree.nodes if "feature" in node}
    used = used_inputs(graph, ("scores",))
    assert set(used) == asked
    rows = tg.rows(random, 100, 12)
    feeds = {name: rows[:, at : at + 1] for at, name in enumerate(names)}
    runner = load_runner(graph, ["scores"])
    whole = runner.run(feeds)[0]
    few = {name: values for name, values in feeds.items() if name in asked} or {"c0": feeds["c0"]}
    assert (runner.run(few)[0] == whole).all()


def test_columns_of_a_matrix_that_no_tree_asks_do_not_count() -> None:
    tree = tg.Tree([{"mode": "BRANCH_LT", "feature": 2, "value": 0.0, "missing": 0, "true": 1, "false": 2}])
    tree.nodes += [{"mode": "LEAF", "weights": [(0, 1.0)]}, {"mode": "LEAF", "weights": [(0, 2.0)]}]
    assert used_inputs(tg.separate([tree]), ("scores",)) == {"x": frozenset({2})}
