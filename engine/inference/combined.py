"""The operator TreeEnsemble of ai.onnx.ml 5, which has leaves of their own and sets of members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import UnsupportedError
from engine.inference.ensemble import Aggregate, Ensemble, Head, Mode, Transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The standard counts SOFTMAX before LOGISTIC; onnxruntime 1.31, the reference, takes the numbers of its own
# list. The proof at load would show if that changed.
_TRANSFORMS = (
    Transform.NONE,
    Transform.LOGISTIC,
    Transform.SOFTMAX,
    Transform.SOFTMAX_ZERO,
    Transform.PROBIT,
)


def read_combined(attributes: Mapping[str, Any]) -> Ensemble:
    """The trees of a TreeEnsemble node; its leaves stand behind its nodes.

    Raises:
        UnsupportedError: Its attributes contradict each other.
    """
    splits = np.asarray(attributes["nodes_splits"]).reshape(-1)
    if splits.dtype not in (np.float32, np.float64):
        raise UnsupportedError(
            f"TreeEnsemble compares {splits.dtype} values.", "Only float32 and float64 have a kernel."
        )
    inner, leaves = len(splits), len(attributes["leaf_targetids"])
    mode = np.full(inner + leaves, Mode.LEAF, dtype=np.uint8)
    mode[:inner] = np.asarray(attributes["nodes_modes"], dtype=np.uint8)
    missing = np.zeros(inner + leaves, dtype=bool)
    tracks = attributes.get("nodes_missing_value_tracks_true", ())
    missing[: len(tracks)] = np.asarray(tracks, dtype=np.int64) == 1
    zeros = np.zeros(leaves, dtype=np.int64)
    return Ensemble(
        feature=np.concatenate([np.asarray(attributes["nodes_featureids"], dtype=np.int64), zeros]),
        mode=mode,
        split=np.concatenate([splits, zeros.astype(splits.dtype)]),
        true=_children(attributes, "true", inner, leaves),
        false=_children(attributes, "false", inner, leaves),
        missing_true=missing,
        roots=np.asarray(attributes["tree_roots"], dtype=np.int64),
        weight_node=np.arange(inner, inner + leaves),
        weight_target=np.asarray(attributes["leaf_targetids"], dtype=np.int64),
        weight=np.asarray(attributes["leaf_weights"], dtype=splits.dtype).reshape(-1),
        head=Head(
            targets=int(attributes.get("n_targets", 0)),
            aggregate=Aggregate(attributes.get("aggregate_function", Aggregate.SUM)),
            transform=_TRANSFORMS[attributes.get("post_transform", 0)],
            base=(),
            labels=None,
            float64=splits.dtype == np.float64,
        ),
        members=_members(attributes, mode[:inner]),
    )


def _children(attributes: Mapping[str, Any], way: str, inner: int, leaves: int) -> NDArray[np.int64]:
    numbers = np.asarray(attributes[f"nodes_{way}nodeids"], dtype=np.int64)
    is_leaf = np.asarray(attributes[f"nodes_{way}leafs"], dtype=np.int64) == 1
    places = np.where(is_leaf, numbers + inner, numbers)
    if (numbers < 0).any() or (numbers >= np.where(is_leaf, leaves, inner)).any():
        raise UnsupportedError(
            "TreeEnsemble points at a node that is not there.", "onnxruntime decides whether it can be run."
        )
    return np.concatenate([places, np.arange(inner, inner + leaves)])


def _members(attributes: Mapping[str, Any], mode: NDArray[np.uint8]) -> dict[int, tuple[float, ...]]:
    """The sets of the MEMBER nodes, which stand one after the other, each ended by a NaN."""
    values = np.asarray(attributes.get("membership_values", ())).reshape(-1)
    asking = np.flatnonzero(mode == Mode.MEMBER)
    sets = np.split(values, np.flatnonzero(np.isnan(values)) + 1) if len(values) else []
    kept = [tuple(float(one) for one in part if not np.isnan(one)) for part in sets]
    return {int(node): kept[at] if at < len(kept) else () for at, node in enumerate(asking)}
