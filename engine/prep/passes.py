"""Fits as generators, and the driver that answers all their questions with one pass over the data at a time.

A fit yields what it must know of the data, as a tuple of requests, receives the answers in the same order,
and returns the fitted step. Fits that do not wait for one another run side by side and share their passes, so
a whole preparation needs as many passes as its deepest chain of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from engine.errors import DataError, UnsupportedError
from engine.prep.decompose import Decomposition, decompose
from engine.prep.inputs import Signature, frame
from engine.prep.target import Given, Target, given, labelled

if TYPE_CHECKING:
    import pandas as pd

    from engine.lake import Runner
    from engine.prep.blocks import Blocks
    from engine.prep.summaries import Statistic
    from engine.prep.views import Inflow, View

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One statistic of one view of the data; `labels` name the view's columns in errors."""

    view: View
    labels: tuple[str, ...]
    statistic: Statistic
    target: Target | None = None

    @property
    def labelled(self) -> bool:
        """Whether only rows with a label count."""
        return self.statistic.labelled or self.view.crossed

    @property
    def columnar(self) -> bool:
        """Whether raw Arrow columns are enough."""
        return self.statistic.columnar is not None and not self.view.steps and not self.labelled

    def answer(self, rows: Rows) -> Any:
        """Summarise one partition; None if it has no row that counts."""
        if self.columnar and self.statistic.columnar is not None:
            return self.statistic.columnar(rows.columns(self.view.names), self.labels)
        if not self.labelled or self.target is None:
            return self.statistic.summarise(self.view.of(rows.seen), self.labels)
        label, seen = rows.given(self.target)
        if not len(label.values):
            return None
        block = self.view.of(seen, label.folds)
        more = (label,) if self.statistic.labelled else ()
        return self.statistic.summarise(block, self.labels, *more)


class Rows:
    """One partition as all requests of a pass see it."""

    def __init__(self, table: pa.Table, signature: Signature, requests: Sequence[Request]) -> None:
        self._table = table
        self._given: dict[Target, tuple[Given, pd.DataFrame]] = {}
        framed = {name for request in requests if not request.columnar for name in request.view.names}
        self.seen = frame(table, signature.select(framed))

    def columns(self, names: Sequence[str]) -> list[pa.ChunkedArray]:
        """Raw columns as they were read."""
        return [self._table.column(name) for name in names]

    def given(self, target: Target) -> tuple[Given, pd.DataFrame]:
        """The label of the rows that have one, and those rows."""
        if target not in self._given:
            label = given(self._table, target)
            self._given[target] = label, labelled(self.seen, label)
        return self._given[target]


def request(inflow: Inflow, statistic: Statistic) -> Request:
    """Ask for a statistic of what flows into a step.

    Raises:
        UnsupportedError: The statistic is one of numbers, but the first rows hold texts.
    """
    texts = [] if statistic.texts else inflow.texts()
    if texts:
        message = f"columns of texts where numbers are needed: {', '.join(map(repr, texts))}"
        raise UnsupportedError(
            message, "Encode them first, with OneHotEncoder or OrdinalEncoder.", columns=texts
        )
    return Request(inflow.view, inflow.labels, statistic, inflow.target)


Requests = tuple[Request | Decomposition, ...]
Fit = Generator[Requests, tuple[Any, ...], T]


def together(fits: Sequence[Fit[T]]) -> Fit[list[T]]:
    """Run fits side by side: one batch of requests holds what all of them wait for."""
    results: dict[int, T] = {}
    waiting: dict[int, Requests] = {}

    def resume(place: int, answers: tuple[Any, ...] | None) -> None:
        waiting.pop(place, None)
        try:
            waiting[place] = fits[place].send(answers)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as stop:
            results[place] = stop.value

    for place in range(len(fits)):
        resume(place, None)
    while waiting:
        batch = dict(waiting)
        answers = iter((yield tuple(request for requests in batch.values() for request in requests)))
        for place, requests in batch.items():
            resume(place, tuple(next(answers) for _ in requests))
    return [results[place] for place in range(len(fits))]


def drive(fit: Fit[T], blocks: Blocks, signature: Signature, runner: Runner) -> T:
    """Run a fit to its end, with one pass over the partitions for every batch of requests.

    Args:
        fit: The fit, not yet started.
        blocks: The data.
        signature: The kinds of all columns that the fit may ask for.
        runner: Who does the work, one task per partition and pass.

    Returns:
        What the fit returns.

    Raises:
        DataError: A partition holds what a step cannot take.
    """
    answers: tuple[Any, ...] | None = None
    while True:
        try:
            requests = fit.send(answers)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as stop:
            result: T = stop.value
            return result
        answers = _answer(requests, blocks, signature, runner)


def _answer(requests: Requests, blocks: Blocks, signature: Signature, runner: Runner) -> tuple[Any, ...]:
    summed = tuple(request for request in requests if isinstance(request, Request))
    summaries = iter(one_pass(summed, blocks, signature, runner) if summed else ())
    answers = tuple(
        next(summaries) if isinstance(request, Request) else decompose(request, blocks, signature, runner)
        for request in requests
    )
    if any(answer is None for answer in answers):
        raise DataError("no row has a label to learn from", "Check the label's column, and the filters.")
    return answers


def one_pass(
    requests: tuple[Request, ...],
    blocks: Blocks,
    signature: Signature,
    runner: Runner,
    *,
    label: str = "prep-fit",
) -> tuple[Any, ...]:
    """Answer all requests by reading every partition once, and of it only the columns that they look at."""
    wanted = signature.select(name for request in requests for name in request.view.names)
    targets = [request.target for request in requests if request.labelled and request.target is not None]
    columns = dict.fromkeys((*wanted.names, *(name for target in targets for name in target.columns)))
    work = partial(_summarise, blocks.read, tuple(columns), wanted, requests)
    merges = [request.statistic.merge for request in requests]
    tree = MergeTree(partial(_merge, merges))
    for index, summaries in runner.stream(work, blocks.parts, label=label):
        tree.add(index, summaries)
    return tree.root() or (None,) * len(requests)


Summaries = tuple[Any, ...] | None


def _summarise(
    read: Callable[[Any, Sequence[str]], pa.Table],
    columns: tuple[str, ...],
    signature: Signature,
    requests: tuple[Request, ...],
    part: Any,
) -> Summaries:
    table = read(part, columns)
    if not table.num_rows:
        return None
    rows = Rows(table, signature, requests)
    return tuple(request.answer(rows) for request in requests)


def _merge(merges: Sequence[Callable[[Any, Any], Any]], left: Summaries, right: Summaries) -> Summaries:
    if left is None or right is None:
        return right if left is None else left
    return tuple(
        (b if a is None else a) if a is None or b is None else merge(a, b)
        for merge, a, b in zip(merges, left, right, strict=True)
    )


class MergeTree:
    """Merges neighbours as soon as both are there, in a tree that depends on their number alone.

    The answer is therefore the same whichever partition comes first, and few summaries wait at a time.
    """

    def __init__(self, merge: Callable[[Any, Any], Any]) -> None:
        self._merge = merge
        self._nodes: dict[tuple[int, int], Any] = {}

    def add(self, index: int, summary: Any) -> None:
        """Take the summary of one partition; every index from 0 on must come once."""
        level = 0
        while (level, index ^ 1) in self._nodes:
            sibling = self._nodes.pop((level, index ^ 1))
            pair = (sibling, summary) if index & 1 else (summary, sibling)
            summary, index, level = self._merge(*pair), index >> 1, level + 1
        self._nodes[level, index] = summary

    def root(self) -> Any:
        """Merge what has no sibling, the complete subtrees, from the left; None if there is nothing."""
        order = sorted(self._nodes, key=lambda node: node[1] << node[0])
        return reduce(self._merge, [self._nodes[node] for node in order]) if order else None
