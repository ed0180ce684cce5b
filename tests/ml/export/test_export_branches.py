"""Categorical splits as numeric branches: the same way for every value, small, fit for onnxruntime."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import xgboost as xgb
from export_cases import answer, as_columns, concat_preparation, goes_left, make_matrix, train, walk
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.ml.export import export, parse_booster
from engine.ml.export.branches import BranchTree, branch_tree, set_ends
from engine.ml.export.trees import LEAF, TreeEnsemble

ODD = np.array(
    [np.nan, -1, -0.5, -0.0, 0.5, 1.5, 2**24 - 1, 2**24, 1e10, 3e38, 1e-45, -1e-45, np.inf, -np.inf],
    np.float32,
)


def train_on_categories(cardinality: int, **params: object) -> tuple[xgb.Booster, NDArray[np.float32]]:
    rng = np.random.default_rng(cardinality)
    codes = rng.integers(0, cardinality, 6000)
    effect = rng.normal(size=cardinality)
    matrix = np.stack([rng.normal(size=6000), codes], axis=1).astype(np.float32)
    label = effect[codes] + matrix[:, 0] * 0.3
    matrix[rng.random(6000) < 0.05, 1] = np.nan
    return train("reg:squarederror", matrix, label=label, categorical=True, max_depth=6, **params), matrix


def descend(tree: BranchTree, row: NDArray[np.float32]) -> float:
    node = 0
    while tree.true[node] != LEAF:
        value = row[tree.feature[node]]
        goes = tree.missing_true[node] if np.isnan(value) else value < tree.threshold[node]
        node = int((tree.true if goes else tree.false)[node])
    return float(tree.leaf[node])


@given(st.sets(st.integers(0, 60)))
def test_ends_enclose_exactly_the_codes_of_the_set(codes: set[int]) -> None:
    ends = set_ends(np.array(sorted(codes), np.int32))
    assert not codes or (np.diff(ends) > 0).all()
    for value in np.arange(-2, 64, 0.25, dtype=np.float32):
        inside = np.searchsorted(ends, value, side="right") % 2 == 1
        assert inside == (value >= 0 and int(value) in codes)


@st.composite
def single_splits(draw: st.DrawFn) -> TreeEnsemble:
    """A tree with two categorical splits on one column, the second below the first on a drawn side."""
    sets = [np.array(sorted(draw(st.sets(st.integers(0, 40)))), np.int32) for _ in range(2)]
    defaults = [draw(st.booleans()), draw(st.booleans())]
    second = draw(st.sampled_from([1, 2]))
    nodes = 5
    is_split = np.zeros(nodes, bool)
    is_split[[0, second]] = True
    lefts, rights = np.full(nodes, LEAF), np.full(nodes, LEAF)
    lefts[[0, second]], rights[[0, second]] = [1, 3], [2, 4]
    default = np.zeros(nodes, bool)
    default[[0, second]] = defaults
    sizes = np.zeros(nodes, np.int64)
    sizes[[0, second]] = [len(codes) for codes in sets]
    template = parse_booster(train("reg:squarederror", make_matrix(100), rounds=1))
    values = {name: getattr(template, name) for name in template.__dataclass_fields__}
    values |= {
        "tree_start": np.array([0, nodes]),
        "tree_target": np.zeros(1, np.int32),
        "tree_weight": np.ones(1, np.float32),
        "feature": np.zeros(nodes, np.int32),
        "threshold": np.zeros(nodes, np.float32),
        "left": lefts.astype(np.int32),
        "right": rights.astype(np.int32),
        "default_left": default,
        "leaf": np.where(is_split, 0, np.arange(nodes)).astype(np.float32),
        "is_categorical": is_split,
        "category_start": np.concatenate([[0], np.cumsum(sizes)]),
        "categories": np.concatenate(sets),
    }
    return TreeEnsemble(**values)


@settings(max_examples=60, deadline=None)
@given(single_splits())
def test_any_sets_and_defaults_lead_every_value_where_xgboosts_rule_does(ensemble: TreeEnsemble) -> None:
    tree = branch_tree(ensemble, 0)
    for value in (*ODD, *np.arange(-1, 43, 0.5, dtype=np.float32)):
        row = np.array([value], np.float32)
        assert descend(tree, row) == ensemble.leaf[walk(ensemble, 0, row)[-1]]


@pytest.mark.parametrize("cardinality", [5, 150, 1200])
@pytest.mark.parametrize("kind", ["one-hot", "partition", "large sets"])
def test_any_cardinality_agrees_on_seen_missing_unseen_and_odd_codes(cardinality: int, kind: str) -> None:
    params = {
        "one-hot": {"max_cat_to_onehot": cardinality + 1},
        "partition": {"max_cat_to_onehot": 1},
        "large sets": {"max_cat_to_onehot": 1, "max_cat_threshold": cardinality},
    }[kind]
    booster, matrix = train_on_categories(cardinality, **params)
    assert parse_booster(booster).is_categorical.sum() > 20
    columns = as_columns(matrix[:500])
    exported = export(booster, concat_preparation(2), classes=None, sample_rows=columns, metadata={})
    assert exported.converter == "tarn"
    assert {probe.name for probe in exported.report.probes} >= {"categories", "thresholds"}
    codes = np.concatenate([np.arange(cardinality + 3), ODD]).astype(np.float32)
    for number in (-1.0, 0.0, 1.0):
        rows = np.stack([np.full(len(codes), number), codes], axis=1).astype(np.float32)
        got = answer(exported.onnx, as_columns(rows))["score"][:, 0]
        assert np.array_equal(got, booster.inplace_predict(rows))


def test_nodes_grow_with_the_runs_of_the_sets_and_not_with_trees_of_trees() -> None:
    booster, _ = train_on_categories(1200, max_cat_to_onehot=1, max_cat_threshold=1200)
    ensemble = parse_booster(booster)
    for tree in range(ensemble.trees):
        own = range(*ensemble.tree_start[tree : tree + 2].tolist())
        ends = sum(len(set_ends(ensemble.category_set(n))) for n in own if ensemble.is_categorical[n])
        assert len(branch_tree(ensemble, tree).leaf) <= len(own) + 2 * ends


def test_a_node_is_the_false_child_of_one_parent_and_is_met_there_first() -> None:
    """What onnxruntime's layout asks for: it goes down the false children first."""
    booster, _ = train_on_categories(150, max_cat_to_onehot=1)
    ensemble = parse_booster(booster)
    for number in range(ensemble.trees):
        tree = branch_tree(ensemble, number)
        splits = tree.true != LEAF
        assert max(Counter(tree.false[splits].tolist()).values()) == 1
        met: set[int] = set()
        todo = [(0, False)]
        while todo:
            node, by_false = todo.pop()
            assert not (by_false and node in met)
            if node not in met and splits[node]:
                todo += [(int(tree.true[node]), False), (int(tree.false[node]), True)]
            met.add(node)


def test_numeric_trees_are_taken_as_they_are() -> None:
    ensemble = parse_booster(train("reg:squarederror", make_matrix(missing=0.1)))
    tree = branch_tree(ensemble, 1)
    nodes = slice(*ensemble.tree_start[1:3].tolist())
    assert np.array_equal(tree.threshold, ensemble.threshold[nodes])
    assert np.array_equal(tree.true, ensemble.left[nodes])
    assert np.array_equal(tree.missing_true, ensemble.default_left[nodes])


def test_the_written_down_rule_is_xgboosts() -> None:
    """The oracle of this file, `goes_left`, against XGBoost itself at one split."""
    booster, _ = train_on_categories(40, max_cat_to_onehot=1, rounds=1)
    ensemble = parse_booster(booster)
    root = int(ensemble.feature[0])
    rows = np.zeros((len(ODD) + 44, 2), np.float32)
    rows[:, 1] = np.concatenate([ODD, np.arange(44)])
    leaves = booster.inplace_predict(rows)
    assert root == 1
    for row, found in zip(rows, leaves, strict=True):
        way = walk(ensemble, 0, row)
        assert (way[1] == ensemble.left[0]) == goes_left(ensemble, 0, row[1])
        assert np.float32(ensemble.base_margin[0] + ensemble.leaf[way[-1]]) == found
