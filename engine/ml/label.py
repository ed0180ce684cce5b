"""What is learned: from the values of a label column to a task, its classes and its numbers.

A label's values decide the task unless an objective is given. Class values keep their own type all
the way into the ONNX graph, so that a model trained on "cash" and "card" answers "cash" or "card".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.errors import DataError, UnsupportedError
from engine.ml.label_column import plain_values

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from engine.ml.metric import CustomMetric

Kind = Literal["binary", "multiclass", "regression", "ranking"]
ClassValue = int | float | str | bool

# Integer labels with at most this many values are classes; with more they are amounts.
MAX_INFERRED_CLASSES = 20
# One softmax tree per class and round: beyond this a classifier is a mistake of the label column.
MAX_CLASSES = 1000

_CLASSIFIERS: dict[str, Kind] = {
    "binary:logistic": "binary",
    "multi:softprob": "multiclass",
    "multi:softmax": "multiclass",
}
_REGRESSORS = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:gamma",
    "reg:tweedie",
    "reg:quantileerror",
    "count:poisson",
)
_RANKERS = ("rank:ndcg", "rank:map", "rank:pairwise")
# rank:ndcg's gain is 2 to the power of the relevance.
_MOST_RELEVANCE = 31
_DEFAULT_OBJECTIVE: dict[Kind, str] = {
    "binary": "binary:logistic",
    "multiclass": "multi:softprob",
    "regression": "reg:squarederror",
    "ranking": "rank:ndcg",
}
_DEFAULT_METRIC: dict[Kind, str] = {
    "binary": "auc",
    "multiclass": "mlogloss",
    "regression": "rmse",
    "ranking": "ndcg",
}
# The loss itself, where the root of the mean square would reward another model than the one that is trained.
_METRIC_OF_LOSS = {
    "reg:absoluteerror": "mae",
    "reg:quantileerror": "quantile",
    "reg:squaredlogerror": "rmsle",
    "reg:pseudohubererror": "mphe",
    "reg:gamma": "gamma-nloglik",
    "count:poisson": "poisson-nloglik",
    "rank:map": "map",
}
_MAXIMISED = ("auc", "aucpr", "map", "ndcg", "pre")


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """What one pass over a label column saw.

    Attributes:
        rows: Rows seen, nulls among them.
        nulls: Rows without a label; training leaves them out.
        counts: Rows of each distinct value, at most `MAX_CLASSES + 1` values.
        numeric: The column holds numbers (booleans are not).
        whole: Every number is whole.
        lowest: Smallest number, None for text or no rows.
    """

    rows: int = 0
    nulls: int = 0
    counts: tuple[tuple[ClassValue, int], ...] = ()
    numeric: bool = True
    whole: bool = True
    lowest: float | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label column with its task.

    Attributes:
        column: Name in the source.
        kind: `binary`, `multiclass`, `regression` or `ranking`.
        objective: XGBoost's objective.
        metric: Name of the metric that searches follow.
        classes: Class values in code order, None for amounts and relevances.
        dropped: Rows without a label.
        custom: The metric, where it is the user's own and none of XGBoost's.
    """

    column: str
    kind: Kind
    objective: str
    metric: str
    classes: tuple[ClassValue, ...] | None
    dropped: int
    custom: CustomMetric | None = None

    @property
    def maximise(self) -> bool:
        if self.custom is not None:
            return self.custom.maximise
        return self.metric.split("@")[0] in _MAXIMISED

    @property
    def params(self) -> dict[str, object]:
        """The XGBoost parameters that follow from the label."""
        params: dict[str, object] = {"objective": self.objective}
        if self.custom is None:
            params["eval_metric"] = self.metric
        else:
            params["disable_default_eval_metric"] = True
        if self.kind == "multiclass":
            params["num_class"] = len(self.classes or ())
        return params


def summarise(column: pa.ChunkedArray) -> LabelSummary:
    """Summarise one partition's label values (on a worker).

    A column of one partition may be all null and of Arrow's null type; the merge with others mends it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    values = plain_values(column)
    kind = values.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    present = values.drop_null()
    counts = _smallest_counts(present)
    fractions = pa.types.is_floating(values.type) and len(present) > 0
    whole = not fractions or bool(pc.all(pc.equal(pc.floor(present), present)).as_py())
    return LabelSummary(
        rows=len(values),
        nulls=values.null_count,
        counts=tuple(counts[: MAX_CLASSES + 1]),
        numeric=numeric or pa.types.is_null(kind),
        whole=whole,
        lowest=float(counts[0][0]) if numeric and counts else None,
    )


def _smallest_counts(present: pa.ChunkedArray) -> list[tuple[ClassValue, int]]:
    """Rows of each distinct value, in value order, cut where it is clear that these are no classes."""
    import pyarrow.compute as pc

    if not len(present):
        return []
    counted = pc.value_counts(present.combine_chunks())
    order = pc.array_sort_indices(counted.field("values"))[: MAX_CLASSES + 1]
    return [(c["values"], c["counts"]) for c in counted.take(order).to_pylist()]


def merge(summaries: Iterable[LabelSummary]) -> LabelSummary:
    """Merge the summaries of all partitions."""
    merged = list(summaries)
    counts: dict[ClassValue, int] = {}
    for summary in merged:
        for value, count in summary.counts:
            counts[value] = counts.get(value, 0) + count
    lows = [s.lowest for s in merged if s.lowest is not None]
    return LabelSummary(
        rows=sum(s.rows for s in merged),
        nulls=sum(s.nulls for s in merged),
        counts=tuple(sorted(counts.items())[: MAX_CLASSES + 1]),
        numeric=all(s.numeric for s in merged if s.rows > s.nulls),
        whole=all(s.whole for s in merged),
        lowest=min(lows, default=None),
    )


def resolve(
    column: str, seen: LabelSummary, *, objective: str | None, metric: str | CustomMetric | None
) -> Label:
    """Decide the task of a label.

    Args:
        column: The label column's name.
        seen: The merged summary of its values.
        objective: XGBoost's objective; by default what the values suggest: text, booleans and two
            whole numbers are classes, up to 20 whole numbers too, anything else is an amount.
        metric: XGBoost's metric, or one of the user's own; by default `auc`, `mlogloss`, `ndcg`, for a loss
            that is not squared the loss itself, else `rmse`.

    Raises:
        DataError: No labelled rows, one class only, or values that the objective cannot take.
        UnsupportedError: An objective that is not offered.
    """
    if seen.rows == seen.nulls:
        raise DataError(
            f"Label column '{column}' has no value in any of its {seen.rows} rows.",
            "Choose another label, or fill this one.",
            column=column,
        )
    kind = _kind_of(objective) if objective else _inferred_kind(seen)
    classes = None if kind in ("regression", "ranking") else _classes(column, seen, kind)
    chosen = objective or _DEFAULT_OBJECTIVE[kind]
    if classes is None:
        _check_amounts(column, seen, chosen)
    custom = None if metric is None or isinstance(metric, str) else metric
    named = metric if isinstance(metric, str) else _METRIC_OF_LOSS.get(chosen, _DEFAULT_METRIC[kind])
    return Label(
        column=column,
        kind=kind,
        # softmax answers the class alone; softprob grows the same trees and keeps the probabilities.
        objective="multi:softprob" if chosen == "multi:softmax" else chosen,
        metric=named if custom is None else custom.name,
        classes=classes,
        dropped=seen.nulls,
        custom=custom,
    )


def _kind_of(objective: str) -> Kind:
    if objective in _REGRESSORS:
        return "regression"
    if objective in _CLASSIFIERS:
        return _CLASSIFIERS[objective]
    if objective in _RANKERS:
        return "ranking"
    known = ", ".join([*_CLASSIFIERS, *_REGRESSORS, *_RANKERS])
    raise UnsupportedError(
        f"Objective '{objective}' is not offered.", f"Choose one of {known}.", objective=objective
    )


def _inferred_kind(seen: LabelSummary) -> Kind:
    values = len(seen.counts)
    if not seen.numeric:
        return "binary" if values <= 2 else "multiclass"
    if not seen.whole or values > MAX_INFERRED_CLASSES:
        return "regression"
    return "binary" if values <= 2 else "multiclass"


def _classes(column: str, seen: LabelSummary, kind: Kind) -> tuple[ClassValue, ...]:
    values = tuple(_plain(value) for value, _ in seen.counts)
    if len(values) < 2:
        raise DataError(
            f"Label column '{column}' has one class only: {values[0]!r}.",
            "A classifier needs rows of at least two classes; widen the filter or choose another label.",
            column=column,
            classes=values,
        )
    if kind == "binary" and len(values) > 2:
        raise DataError(
            f"Label column '{column}' has {len(values)} values, a binary objective takes two.",
            "Use objective='multi:softprob', or derive a label of two values.",
            column=column,
            classes=values[:10],
        )
    if len(values) > MAX_CLASSES or not seen.whole:
        raise DataError(
            f"Label column '{column}' holds amounts or more than {MAX_CLASSES} values, not classes.",
            "Use a regression objective such as 'reg:squarederror'.",
            column=column,
        )
    strange = [value for value in values if not isinstance(value, str) and not _fits(value)]
    if strange:
        raise DataError(
            f"Label column '{column}' holds the class {strange[0]!r}, which is no 64-bit integer.",
            "Cast it to text, or to numbers below 2**63.",
            column=column,
        )
    return values


def _fits(value: float) -> bool:
    """Whether the ONNX graph, where classes are int64, can answer it."""
    return -(2**63) <= value < 2**63


def _plain(value: ClassValue) -> ClassValue:
    """1.0 is class 1: a column of whole numbers turns float as soon as one of them is missing."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_amounts(column: str, seen: LabelSummary, objective: str) -> None:
    if not seen.numeric:
        raise DataError(
            f"Label column '{column}' holds text or booleans, objective '{objective}' needs numbers.",
            "Use a classification objective, or derive a number.",
            column=column,
        )
    if objective in _RANKERS:
        _check_relevance(column, seen, objective)
        return
    floor = {"reg:gamma": 0.0, "count:poisson": 0.0, "reg:tweedie": 0.0, "reg:squaredlogerror": -1.0}
    least = floor.get(objective)
    if least is None or seen.lowest is None:
        return
    strict = objective in ("reg:gamma", "reg:squaredlogerror")
    if seen.lowest < least or (strict and seen.lowest == least):
        raise DataError(
            f"Label column '{column}' goes down to {seen.lowest:g}, objective '{objective}' needs "
            f"values {'above' if strict else 'of at least'} {least:g}.",
            "Filter those rows, or use 'reg:squarederror'.",
            column=column,
            lowest=seen.lowest,
        )


def _check_relevance(column: str, seen: LabelSummary, objective: str) -> None:
    values = [float(value) for value, _ in seen.counts]
    most = 1 if objective == "rank:map" else _MOST_RELEVANCE
    if not seen.whole or min(values) < 0 or max(values) > most:
        raise DataError(
            f"Label column '{column}' holds {min(values):g} to {max(values):g}, objective '{objective}' "
            f"needs whole relevances from 0 to {most}.",
            "Grade the rows, or use 'rank:pairwise' with grades from 0 to 31.",
            column=column,
        )


def encode(column: pa.ChunkedArray, label: Label) -> np.ndarray:
    """Label values as XGBoost wants them: float32 class codes or amounts, NaN where there is none.

    Raises:
        DataError: A value that was not there when the label was summarised.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    values = plain_values(column)
    if label.classes is None:
        exact = values.cast(pa.float64(), safe=False).to_numpy()  # whole numbers beyond 2**53 are rounded
        with np.errstate(over="ignore"):
            amounts = np.asarray(exact, dtype=np.float32)
        if np.isinf(amounts).any():
            raise DataError(
                f"Label column '{label.column}' holds an infinite value, or one beyond float32's 3.4e38.",
                "Filter those rows, or learn a smaller number.",
                column=label.column,
            )
        return amounts
    kind = _class_type(label.classes)
    codes = pc.index_in(values.cast(kind), value_set=pa.array(label.classes, kind))
    known = codes.cast(pa.float32()).to_numpy()
    strange = np.isnan(known) & values.is_valid().to_numpy()
    if strange.any():
        value = values[int(np.flatnonzero(strange)[0])].as_py()
        raise DataError(
            f"Label column '{label.column}' holds {value!r}, which is none of its classes.",
            "The source changed while it was read; use a table version or a fixed set of files.",
            column=label.column,
        )
    return np.asarray(known, dtype=np.float32)


def _class_type(classes: Sequence[ClassValue]) -> pa.DataType:
    import pyarrow as pa

    if isinstance(classes[0], bool):
        return pa.bool_()
    if isinstance(classes[0], str):
        return pa.string()
    return pa.float64() if any(isinstance(c, float) for c in classes) else pa.int64()
