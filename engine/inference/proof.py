"""Whether the kernel says what onnxruntime says, tried where trees are easily wrong.

Rows are made of the trees' own splits and the numbers right below and above them, of NaN, the infinities and
both zeros: a comparison, a NaN or a tie that is taken the wrong way shows in some of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.inference.ensemble import Ensemble, Mode

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

ROWS = 768
# Largest difference of a probability; of an amount relative to its size, where that is above 1.
TOLERANCE = 1e-6
_ODD = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30)


def probe(ensemble: Ensemble, columns: int, kind: np.dtype[Any], seed: int = 0) -> NDArray[Any]:
    """A matrix `[ROWS, columns]` on which wrong trees show.

    Args:
        ensemble: The trees.
        columns: Width of the matrix.
        kind: Its dtype.
        seed: Another seed, other rows.
    """
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(ROWS, columns)).astype(ensemble.split.dtype)
    asking = ensemble.reachable() & (ensemble.mode != Mode.LEAF)
    members = [(ensemble.feature[node], values) for node, values in ensemble.members.items()]
    for feature in ensemble.features:
        splits = [ensemble.split[asking & (ensemble.feature == feature)]]
        splits += [np.array(values, dtype=ensemble.split.dtype) for own, values in members if own == feature]
        matrix[:, feature] = _values(np.concatenate(splits), random)
    if kind.kind == "f":
        return matrix.astype(kind)
    limits = np.iinfo(kind)
    whole = np.nan_to_num(np.round(matrix.astype(np.float64)), posinf=1e6, neginf=-1e6)
    return whole.clip(max(limits.min, -(2**31)), min(limits.max, 2**31)).astype(kind)


def _values(splits: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    splits = splits[~np.isnan(splits)]
    infinity = splits.dtype.type(np.inf)
    near = np.concatenate([splits, np.nextafter(splits, infinity), np.nextafter(splits, -infinity)])
    picked = random.choice(near, ROWS) if len(near) else np.zeros(ROWS, dtype=splits.dtype)
    odd = random.random(ROWS) < 0.08
    return np.where(odd, random.choice(np.array(_ODD, dtype=splits.dtype), ROWS), picked)


def agree(ours: list[NDArray[Any]], theirs: list[NDArray[Any]]) -> bool:
    """Whether answers are the same: numbers to the tolerance, labels wherever their scores are no tie."""
    if len(ours) != len(theirs) or any(a.shape != b.shape for a, b in zip(ours, theirs, strict=True)):
        return False
    numbers = [(a, b) for a, b in zip(ours, theirs, strict=True) if b.dtype.kind == "f"]
    if not all(_near(a, b) for a, b in numbers):
        return False
    tied: NDArray[np.bool_] = np.zeros(len(theirs[0]), dtype=bool)
    for _, scores in numbers:
        if scores.ndim == 2 and scores.shape[1] > 1:
            best = np.sort(scores, axis=1)[:, -2:]
            tied[best[:, 1] - best[:, 0] <= 2 * TOLERANCE] = True
    others = [(a, b) for a, b in zip(ours, theirs, strict=True) if b.dtype.kind != "f"]
    return all(bool(_rows_equal(a, b)[~tied].all()) for a, b in others)


def _near(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    with np.errstate(invalid="ignore"):
        off = np.abs(ours.astype(np.float64) - theirs)
        size = np.maximum(1.0, np.abs(theirs))
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return bool((same | (off <= TOLERANCE * size)).all())


def _rows_equal(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = np.all((ours == theirs).reshape(len(ours), -1), axis=1)
    return same


def alone(model: onnx.ModelProto, node: onnx.NodeProto, columns: int, kind: int) -> bytes:
    """The ONNX file of one tree operator, for onnxruntime to say what it means."""
    import onnx

    own = onnx.NodeProto()
    own.CopyFrom(node)
    own.input[0] = "matrix"
    for at in range(len(own.output)):
        own.output[at] = f"out{at}"
    graph = onnx.helper.make_graph(
        [own],
        "trees",
        [onnx.helper.make_tensor_value_info("matrix", kind, [None, columns])],
        [onnx.ValueInfoProto(name=name) for name in own.output],
    )
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    made.ir_version = model.ir_version
    return bytes(made.SerializeToString())
