"""The tree kernel against onnxruntime's own operators, on random trees of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tree_graphs as tg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.inference import load_runner
from engine.inference.columns import Columns
from engine.inference.proof import agree
from engine.inference.reference import ReferenceRunner

PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVERY_MODE = tg.MODES[:6]


def check(graph: bytes, outputs: list[str], feeds: dict[str, Any]) -> list[Any]:
    runner = load_runner(graph, outputs)
    assert runner.runtime == "trees"
    ours, theirs = runner.run(feeds), ReferenceRunner(graph, outputs).run(feeds)
    assert agree(ours, theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
    return ours


def forest(
    random: np.random.Generator,
    count: int,
    modes: tuple[str, ...],
    targets: list[tuple[int, ...]],
    **more: Any,
) -> list[tg.Tree]:
    return [
        tg.grow(
            random,
            depth=int(random.integers(0, 7)),
            features=4,
            modes=modes,
            targets=targets[at % len(targets)],
            **more,
        )
        for at in range(count)
    ]


@PROPERTY
@given(
    seed=st.integers(0, 10**6),
    trees=st.integers(1, 9),
    modes=st.lists(st.sampled_from(EVERY_MODE), min_size=1, max_size=4),
    kind=st.sampled_from(["float32", "float64"]),
    aggregate=st.sampled_from(tg.AGGREGATES),
    base=st.booleans(),
    missing=st.booleans(),
)
def test_regressors(
    seed: int, trees: int, modes: list[str], kind: str, aggregate: str, base: bool, missing: bool
) -> None:
    random = np.random.default_rng(seed)
    graph = tg.separate(
        forest(random, trees, tuple(modes), [(0,)]),
        kind=kind,
        missing=missing,
        tensors=kind == "float64",
        aggregate_function=aggregate,
        **({"base_values": [0.25]} if base and kind != "float64" else {}),
    )
    check(graph, ["scores"], {"x": tg.rows(random, 300, kind=kind)})


@PROPERTY
@given(
    seed=st.integers(0, 10**6),
    targets=st.sampled_from([[(0,), (1,), (2,)], [(0, 1, 2)]]),
    transform=st.sampled_from(tg.TRANSFORMS[:4]),
    aggregate=st.sampled_from(tg.AGGREGATES),
    base=st.booleans(),
)
def test_regressors_of_several_targets(
    seed: int, targets: list[tuple[int, ...]], transform: str, aggregate: str, base: bool
) -> None:
    random = np.random.default_rng(seed)
    graph = tg.separate(
        forest(random, 6, EVERY_MODE, targets),
        targets=3,
        post_transform=transform,
        aggregate_function=aggregate,
        **({"base_values": [0.5, -1.0, 0.25]} if base else {}),
    )
    check(graph, ["scores"], {"x": tg.rows(random, 300)})


@PROPERTY
@given(
    seed=st.integers(0, 10**6),
    classes=st.sampled_from([[0, 1, 2], [7, 3, 5, 9], ["red", "green", "blue"]]),
    together=st.booleans(),
    transform=st.sampled_from(tg.TRANSFORMS[:4]),
    base=st.booleans(),
    kind=st.sampled_from(["float32", "float64", "int64"]),
)
def test_classifiers_of_several_classes(
    seed: int, classes: list[Any], together: bool, transform: str, base: bool, kind: str
) -> None:
    random = np.random.default_rng(seed)
    every = tuple(range(len(classes)))
    graph = tg.separate(
        forest(random, 8, EVERY_MODE[:4], [every] if together else [(one,) for one in every]),
        kind=kind,
        classes=classes,
        post_transform=transform,
        **({"base_values": [0.1 * one for one in every]} if base else {}),
    )
    check(graph, ["label", "scores"], {"x": tg.rows(random, 300, kind=kind)})


@PROPERTY
@given(
    seed=st.integers(0, 10**6),
    classes=st.sampled_from([[0, 1], [4, 2], ["no", "yes"]]),
    targets=st.sampled_from([[(0,)], [(1,)], [(0, 1)]]),
    transform=st.sampled_from(tg.TRANSFORMS[:3]),
    base=st.sampled_from([0, 1, 2]),
    positive=st.booleans(),
)
def test_classifiers_of_two_classes(
    seed: int, classes: list[Any], targets: list[tuple[int, ...]], transform: str, base: int, positive: bool
) -> None:
    random = np.random.default_rng(seed)
    graph = tg.separate(
        forest(random, 5, EVERY_MODE[:4], targets, positive=positive),
        classes=classes,
        post_transform=transform,
        **({"base_values": [0.3, -0.2][:base]} if base else {}),
    )
    check(graph, ["label", "scores"], {"x": tg.rows(random, 300)})


@PROPERTY
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["float32", "float64"]),
    modes=st.lists(st.sampled_from(tg.MODES), min_size=1, max_size=4),
    targets=st.integers(1, 3),
    aggregate=st.sampled_from([0, 1, 2, 3]),
    transform=st.sampled_from([0, 1, 2, 3]),
)
def test_the_combined_operator(
    seed: int, kind: str, modes: list[str], targets: int, aggregate: int, transform: int
) -> None:
    random = np.random.default_rng(seed)
    graph = tg.combined(
        forest(random, 5, tuple(modes), [(one,) for one in range(targets)]),
        kind=kind,
        targets=targets,
        aggregate_function=aggregate,
        post_transform=transform,
    )
    check(graph, ["scores"], {"x": tg.rows(random, 300, kind=kind)})


@pytest.mark.parametrize("depth", [9, 14])
def test_deep_and_lopsided_trees(depth: int) -> None:
    random = np.random.default_rng(depth)
    trees = [
        tg.grow(random, depth=depth, features=4, modes=EVERY_MODE, targets=(0,), fill=0.75) for _ in range(12)
    ]
    check(tg.separate(trees), ["scores"], {"x": tg.rows(random, 500)})


def test_a_chain_of_a_thousand_categories() -> None:
    tree = tg.Tree()
    for at in range(1000):
        node = {"mode": "BRANCH_EQ", "feature": 0, "value": float(3 * at), "missing": 0}
        tree.nodes.append({**node, "true": 1000, "false": at + 1 if at < 999 else 1001})
    tree.nodes += [{"mode": "LEAF", "weights": [(0, 1.0)]}, {"mode": "LEAF", "weights": [(0, -1.0)]}]
    values = np.arange(-10, 3010, dtype=np.float32).reshape(-1, 1)
    scores = check(tg.separate([tree], features=1), ["scores"], {"x": values})[0]
    assert (
        scores.reshape(-1)
        == np.where((values[:, 0] % 3 == 0) & (values[:, 0] >= 0) & (values[:, 0] < 3000), 1, -1)
    ).all()


def test_answers_do_not_depend_on_slices_threads_or_the_layout_of_memory() -> None:
    from engine.inference.attributes import read_ensemble
    from engine.inference.graphs import parse
    from engine.inference.trees import TreeKernel

    random = np.random.default_rng(3)
    graph = tg.separate(
        forest(random, 20, EVERY_MODE[:2], [(0,), (1,), (2,)]), classes=[0, 1, 2], post_transform="SOFTMAX"
    )
    kernel = TreeKernel(read_ensemble(parse(graph).graph.node[0], float64=False))
    matrix = tg.rows(random, 20_000)
    whole = kernel.run(matrix)
    for other in (
        kernel.run(matrix, threads=2),
        kernel.run(np.asfortranarray(matrix), threads=3),
        kernel.run(np.repeat(matrix, 2, axis=1)[:, ::2]),
        [
            np.concatenate(parts)
            for parts in zip(*(kernel.run(part) for part in np.array_split(matrix, 37)), strict=True)
        ],
    ):
        for one, expected in zip(other, whole, strict=True):
            assert (one == expected).all()


def test_columns_are_a_matrix_by_portions() -> None:
    random = np.random.default_rng(3)
    whole = random.normal(size=(1000, 5)).astype(np.float32)
    columns = Columns([whole[:, :2], whole[:, 2:3], whole[:, 3:]])
    assert (columns.shape, len(columns), columns.dtype) == ((1000, 5), 1000, np.float32)
    for start, stop in ((0, 300), (300, 1000), (990, 1200), (0, 0)):
        found = columns[start:stop]
        assert found.flags.f_contiguous
        assert np.array_equal(found, whole[start:stop])
