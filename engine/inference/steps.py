"""Every mode of node as steps of one kind: "is x below the cut?", with a way for NaN.

For the numbers of a format, `x <= v` is `x < next(v)`, where `next` is the following number of that format;
`x > v` and `x >= v` are the same steps with the ways exchanged; `x == v` is two steps, and membership in a
set is a search among the edges of its members. So one kernel walks all modes without asking for the mode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import UnsupportedError
from engine.inference.ensemble import Ensemble, Mode

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Below this cut no number is; below a cut of NaN every number is.
_NOTHING = -np.inf
_ORDERED = (Mode.LEQ, Mode.LT, Mode.GTE, Mode.GT)


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps and leaves of an ensemble, one element each; trees may share them.

    Attributes:
        feature, cut: What is compared; the cut has the format of the ensemble's splits. Below a cut of NaN
            is every number.
        left, right: The steps that follow below the cut, and from it on; a leaf has its own index for both.
        nan_left: Whether NaN goes left.
        leaf: The ensemble's node of a leaf, -1 for a step.
        roots: The first step of each tree.
    """

    feature: NDArray[np.int64]
    cut: NDArray[Any]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    nan_left: NDArray[np.bool_]
    leaf: NDArray[np.int64]
    roots: NDArray[np.int64]


def to_steps(ensemble: Ensemble) -> Steps:
    """The steps of an ensemble.

    Raises:
        UnsupportedError: A node compares with NaN.
    """
    asking = ensemble.reachable() & (ensemble.mode != Mode.LEAF)
    if np.isnan(ensemble.split[asking & (ensemble.mode != Mode.MEMBER)]).any():
        raise UnsupportedError("A tree compares with NaN.", "onnxruntime runs such a model.")
    if np.isin(ensemble.mode[asking], _ORDERED).all():
        return _ordered(ensemble)
    return _Writer(ensemble).written()


def _ordered(ensemble: Ensemble) -> Steps:
    """Node for node: half a million nodes take 30 ms this way, 3 s one by one."""
    below = np.isin(ensemble.mode, (Mode.LT, Mode.LEQ))
    leaf = ensemble.mode == Mode.LEAF
    own = np.arange(len(leaf))
    at_split = np.isin(ensemble.mode, (Mode.LT, Mode.GTE))
    return Steps(
        feature=ensemble.feature,
        cut=np.where(at_split, ensemble.split, _following(ensemble.split)),
        left=np.where(leaf, own, np.where(below, ensemble.true, ensemble.false)),
        right=np.where(leaf, own, np.where(below, ensemble.false, ensemble.true)),
        nan_left=ensemble.missing_true == below,
        leaf=np.where(leaf, own, -1),
        roots=ensemble.roots,
    )


@dataclass(slots=True)
class _Growing:
    feature: list[int] = field(default_factory=list)
    cut: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    nan_left: list[bool] = field(default_factory=list)
    leaf: list[int] = field(default_factory=list)

    def add(self, feature: int, cut: float, left: int, right: int, *, nan_left: bool) -> int:
        """A new step, or the way that all values take where the cut divides none."""
        if left == right:
            return left
        if cut == _NOTHING and not nan_left:
            return right
        return self._append(feature, cut, left, right, nan_left=nan_left, leaf=-1)

    def add_leaf(self, node: int) -> int:
        own = len(self.leaf)
        return self._append(0, np.inf, own, own, nan_left=True, leaf=node)

    def _append(self, feature: int, cut: float, left: int, right: int, *, nan_left: bool, leaf: int) -> int:
        self.feature.append(feature)
        self.cut.append(cut)
        self.left.append(left)
        self.right.append(right)
        self.nan_left.append(nan_left)
        self.leaf.append(leaf)
        return len(self.leaf) - 1

    def finished(self, roots: list[int], number: Any) -> Steps:
        return Steps(
            np.array(self.feature, dtype=np.int64),
            np.array(self.cut, dtype=number),
            np.array(self.left, dtype=np.int64),
            np.array(self.right, dtype=np.int64),
            np.array(self.nan_left, dtype=bool),
            np.array(self.leaf, dtype=np.int64),
            np.array(roots, dtype=np.int64),
        )


class _Writer:
    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        self.steps = _Growing()
        self.after = _following(ensemble.split).tolist()
        self.number = ensemble.split.dtype.type
        self.feature = ensemble.feature.tolist()
        self.mode = ensemble.mode.tolist()
        self.split = ensemble.split.tolist()
        self.true, self.false = ensemble.true.tolist(), ensemble.false.tolist()
        self.missing = ensemble.missing_true.tolist()
        self.done: dict[int, int] = {}

    def written(self) -> Steps:
        roots = [self._write(int(root)) for root in self.ensemble.roots]
        return self.steps.finished(roots, self.number)

    def _write(self, root: int) -> int:
        """Depth first without recursion: chains of categories are thousands of nodes deep."""
        waiting = [root]
        while waiting:
            node = waiting[-1]
            if node in self.done:
                waiting.pop()
                continue
            members, last = self._set_of(node)
            ways = [] if self.mode[node] == Mode.LEAF else [self.true[node], self.false[last]]
            missing = [way for way in ways if way not in self.done]
            if missing:
                waiting += missing
                continue
            self.done[node] = self._node(node, last, members)
            waiting.pop()
        return self.done[root]

    def _node(self, node: int, last: int, members: list[float] | None) -> int:
        if self.mode[node] == Mode.LEAF:
            return self.steps.add_leaf(node)
        true, false = self.done[self.true[node]], self.done[self.false[last]]
        if members is not None:
            return self._member(node, members, true, false, nan_true=self.missing[node])
        mode = Mode(self.mode[node])
        if mode is Mode.NEQ:  # NaN differs from every number
            return self._member(node, [self.split[node]], false, true, nan_true=False)
        below = mode in (Mode.LT, Mode.LEQ)
        cut = self.split[node] if mode in (Mode.LT, Mode.GTE) else self.after[node]
        left, right = (true, false) if below else (false, true)
        nan_left = self.missing[node] == below
        return self.steps.add(self.feature[node], cut, left, right, nan_left=nan_left)

    def _set_of(self, node: int) -> tuple[list[float] | None, int]:
        """The members that a node or the chain of nodes from it on asks for, and the last of the chain."""
        if self.mode[node] == Mode.MEMBER:
            return list(self.ensemble.members.get(node, ())), node
        if self.mode[node] != Mode.EQ:
            return None, node
        members, last = [self.split[node]], node
        while self._continues(node, following := self.false[last]):
            members.append(self.split[following])
            last = following
        return members, last

    def _continues(self, node: int, following: int) -> bool:
        return bool(
            self.mode[following] == Mode.EQ
            and self.feature[following] == self.feature[node]
            and self.true[following] == self.true[node]
            and self.missing[following] == self.missing[node]
        )

    def _member(self, node: int, members: list[float], true: int, false: int, *, nan_true: bool) -> int:
        """A balanced search among the edges of the members; NaN goes right at each edge."""
        values = np.unique(np.array([one for one in members if not math.isnan(one)], dtype=self.number))
        edges = _edges(values, exact=self.mode[node] != Mode.MEMBER or _is_small(values)).tolist()
        # Below the first edge is outside, between it and the second lie members, and so on.
        inside = [false, *[true, false] * (len(edges) // 2)]
        feature = self.feature[node]

        def search(low: int, high: int) -> int:
            if low == high:
                return inside[low]
            middle = (low + high) // 2
            left, right = search(low, middle), search(middle + 1, high)
            return self.steps.add(feature, edges[middle], left, right, nan_left=False)

        found = search(0, len(edges))
        # NaN came out as what is beyond the last edge, which is `false`.
        if not nan_true or true == false:
            return found
        return self.steps.add(feature, _NOTHING, true, found, nan_left=True)


def _is_small(values: NDArray[Any]) -> bool:
    """Sets for which onnxruntime compares exactly; in others it takes the whole part of what it looks for."""
    return bool(len(values) < 31 and (values >= 0).all() and (values <= 30).all())


def _edges(values: NDArray[Any], *, exact: bool) -> NDArray[Any]:
    """Where membership begins and ends, in turn; members that touch are one stretch."""
    if exact:
        begins, ends = values, _following(values)
    else:
        one = values.dtype.type(1)
        begins = np.where(values > 0, values, _following(values - one))
        ends = np.where(values < 0, _following(values), values + one)
    edges = np.stack([begins, ends], axis=1).reshape(-1)
    met = np.flatnonzero(edges[1:-1:2] >= edges[2::2])
    return np.delete(edges, np.concatenate([2 * met + 1, 2 * met + 2]))


def _following(values: NDArray[Any]) -> NDArray[Any]:
    """The next greater number of the format; beyond infinity there is none, and all numbers are below."""
    infinity = values.dtype.type(np.inf)
    after: NDArray[Any] = np.nextafter(values, infinity)
    after[values == infinity] = np.nan
    return after
