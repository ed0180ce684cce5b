"""The fit of a preparation on the partitions of a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
from sklearn.base import clone

from engine.errors import DataError, SignatureError, UnsupportedError
from engine.prep.apply import Crossed, Preparation
from engine.prep.blocks import Blocks, blocks_of
from engine.prep.compose import fit_step
from engine.prep.crossing import inside, without_fold
from engine.prep.graph import feature_names, to_onnx
from engine.prep.inputs import Signature, frame, kind_of
from engine.prep.nulls import with_nan, with_words
from engine.prep.parity import check_parity
from engine.prep.passes import drive
from engine.prep.plan import check, check_label, texts_left, times_left, used_columns
from engine.prep.rowhash import key_of
from engine.prep.target import Target
from engine.prep.views import Inflow, View

if TYPE_CHECKING:
    import pandas as pd

    from engine.lake import Runner, Source
    from engine.prep.views import Estimator

# Enough rows that scikit-learn's own checks see a real sample, few enough to travel in one message.
HEAD_ROWS = 100


@dataclass(frozen=True, slots=True)
class FittedFeatures:
    """A fitted preparation in its two forms.

    Attributes:
        transformer: scikit-learn's own object, fitted: what `fit` of all rows in one frame would have given.
        preparation: The graph that scoring runs, and training too but for cross-fitted encodings.
        crossed: With a TargetEncoder, how training rows are encoded.
    """

    transformer: Any
    preparation: Preparation
    crossed: Crossed | None = None

    @property
    def unfitted(self) -> Any:
        """The transformer as it was before the fit."""
        return clone(self.transformer)

    @property
    def training_columns(self) -> tuple[str, ...]:
        """The raw columns that `training_matrix` reads."""
        names = self.preparation.signature.names
        return names if self.crossed is None else tuple(dict.fromkeys((*names, *self.crossed.target.columns)))

    def training_matrix(self, table: pa.Table) -> np.ndarray:
        """Prepare rows to train on, as `Preparation.matrix` does for rows to score.

        They differ for a TargetEncoder alone: a row that trains must not be encoded by its own label.
        """
        return self.preparation.matrix(table) if self.crossed is None else self.crossed.matrix(table)


def fit(
    transformer: Estimator,
    source: Source | Blocks,
    runner: Runner,
    *,
    target: str | None = None,
    key: Sequence[str] | None = None,
) -> FittedFeatures:
    """Fit a plain scikit-learn transformer on partitions, in as many passes as its deepest chain of steps.

    Args:
        transformer: A ColumnTransformer, a Pipeline or a single transformer, not fitted; it is left as it is.
            The pool shares out the cores, so `n_jobs` starts no processes, and all rows count, so `subsample`
            leaves none out.
        source: The data.
        runner: Who does the work.
        target: The label's column, which is never a feature; positions in column selections count without it.
        key: Columns that name a row, by which a TargetEncoder deals out rows to the folds of its cross-fit;
            None takes all columns but the label.

    Returns:
        The fitted object and its graph. Means and variances agree with a fit on the whole data to 1e-9,
        distinct values and extremes exactly, quantiles to the rank error that `summaries.quantiles` states
        (exactly, while no column has more than a few thousand distinct values in a partition).

    Raises:
        UnsupportedError: A transformer or parameter cannot be honoured; raised before anything is read.
        SignatureError: A selected column is not there, or is neither a number nor a text.
        DataError: There are no rows, or they hold what a step cannot take.
    """
    blocks = blocks_of(source)
    signature = signature_of(transformer, blocks.schema, target)
    schema = _without(blocks.schema, target)
    rows = _first_rows(blocks, signature, runner)
    head = frame(rows, signature).reindex(columns=schema.names)
    label = None
    if target is not None:
        folds, seed = check_label(transformer, target)
        keys = tuple(key or ()) or key_of(blocks.schema, target)
        label = Target.of(blocks.schema, target, keys).dealt(folds, seed)
    names = tuple(schema.names)
    inflow = Inflow(View(names), head, _layout(schema), names, label)
    fitted = drive(fit_step(with_nan(transformer), inflow), blocks, signature, runner)
    preparation = _exported(fitted, signature)
    check_parity(fitted, head, preparation.matrix(rows), preparation.feature_names)
    crossed = _crossed(fitted, inflow, signature)
    return FittedFeatures(with_words(fitted), preparation, crossed)


def signature_of(transformer: Estimator, schema: pa.Schema, target: str | None = None) -> Signature:
    """Return the raw columns that a preparation, not fitted yet, uses; see `fit` for what it refuses."""
    check(transformer)
    check_label(transformer, target)
    without = _without(schema, target)
    return _signature(transformer, without, _layout(without))


def _crossed(fitted: Estimator, inflow: Inflow, signature: Signature) -> Crossed | None:
    """The graphs of a fitted preparation without each fold of its cross-fit."""
    crossings = inside(fitted, inflow.crossings)
    if not crossings or inflow.target is None:
        return None
    graphs = []
    for fold in range(len(crossings[0].without)):
        with without_fold(crossings, fold):
            graphs.append(_exported(fitted, signature))
    return Crossed(inflow.target, tuple(graphs))


def _exported(fitted: Estimator, signature: Signature) -> Preparation:
    model = to_onnx(fitted, signature)
    return Preparation(
        model.SerializeToString(deterministic=True), signature, feature_names(fitted, signature, model)
    )


def _signature(transformer: Estimator, schema: pa.Schema, layout: pd.DataFrame) -> Signature:
    used = used_columns(transformer, layout)
    if not used:
        raise UnsupportedError("the preparation uses no column at all", "Give it at least one column.")
    signature = Signature.of(schema, {schema.names[place] for place in used})
    times = {place for place in used if kind_of(schema.types[place]) == "time"}
    for place in sorted(times_left(transformer, layout, times)):
        name = schema.names[place]
        raise SignatureError(
            f"column {name!r} of type {schema.types[place]} is neither a number nor a text",
            "Make numbers of it with engine.prep.DatetimeParts, or drop it.",
            column=name,
        )
    texts = {place for place in used if kind_of(schema.types[place]) == "text"}
    left = [schema.names[place] for place in sorted(texts_left(transformer, layout, texts))]
    if left:
        message = f"the preparation would put out texts of {', '.join(map(repr, left))}"
        raise UnsupportedError(
            message, "Encode them with OneHotEncoder or OrdinalEncoder, or drop them.", columns=left
        )
    return signature


def _without(schema: pa.Schema, target: str | None) -> pa.Schema:
    if target is not None and target not in schema.names:
        message = f"there is no target column {target!r}"
        raise SignatureError(message, f"The columns are {', '.join(map(repr, schema.names))}.", column=target)
    return pa.schema([field for field in schema if field.name != target])


def _layout(schema: pa.Schema) -> pd.DataFrame:
    """Return no rows with the dtypes that pandas gives these columns, by which column selectors choose."""
    return cast("pd.DataFrame", schema.remove_metadata().empty_table().to_pandas(date_as_object=False))


def _first_rows(blocks: Blocks, signature: Signature, runner: Runner) -> pa.Table:
    """Read the first rows there are, partition by partition: the first nearly always has some."""
    read = partial(_head, blocks.read, signature.names)
    for part in blocks.parts:
        ((_, rows),) = runner.stream(read, [part], label="prep-head")
        if rows.num_rows:
            return rows
    raise DataError("there are no rows to fit a preparation on", "Check the source's filter and its files.")


def _head(read: Callable[[Any, Sequence[str]], pa.Table], columns: Sequence[str], part: Any) -> pa.Table:
    table = read(part, columns)
    # Taken, not sliced: a slice would travel with the buffers of the whole partition.
    return table.take(np.arange(min(HEAD_ROWS, table.num_rows)))
