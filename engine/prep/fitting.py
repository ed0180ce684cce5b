"""The fit of a preparation on the partitions of a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from engine.errors import DataError, SignatureError, UnsupportedError
from engine.prep.apply import Preparation
from engine.prep.blocks import Blocks, blocks_of
from engine.prep.compose import fit_step
from engine.prep.graph import feature_names, to_onnx
from engine.prep.inputs import Signature, frame, kind_of
from engine.prep.parity import check_parity
from engine.prep.passes import drive
from engine.prep.plan import check, texts_left, used_columns
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
        preparation: The graph that training and scoring run.
    """

    transformer: Any
    preparation: Preparation


def fit(
    transformer: Estimator, source: Source | Blocks, runner: Runner, *, target: str | None = None
) -> FittedFeatures:
    """Fit a plain scikit-learn transformer on partitions, in as many passes as its deepest chain of steps.

    Args:
        transformer: A ColumnTransformer, a Pipeline or a single transformer, not fitted; it is left as it is.
            The pool shares out the cores, so `n_jobs` starts no processes, and all rows count, so `subsample`
            leaves none out.
        source: The data.
        runner: Who does the work.
        target: The label's column, which is never a feature; positions in column selections count without it.

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
    schema = _without(blocks.schema, target)
    layout = _layout(schema)
    signature = _signature(transformer, schema, layout)
    rows = _first_rows(blocks, signature, runner)
    head = frame(rows, signature).reindex(columns=schema.names)
    inflow = Inflow(View(tuple(schema.names)), head, layout, tuple(schema.names))
    fitted = drive(fit_step(transformer, inflow), blocks, signature, runner)
    preparation = _exported(fitted, signature)
    check_parity(fitted, head, preparation.matrix(rows), preparation.feature_names)
    return FittedFeatures(fitted, preparation)


def _exported(fitted: Estimator, signature: Signature) -> Preparation:
    model = to_onnx(fitted, signature)
    return Preparation(model.SerializeToString(deterministic=True), signature, feature_names(fitted, model))


def _signature(transformer: Estimator, schema: pa.Schema, layout: pd.DataFrame) -> Signature:
    check(transformer)
    used = used_columns(transformer, layout)
    if not used:
        raise UnsupportedError("the preparation uses no column at all", "Give it at least one column.")
    signature = Signature.of(schema, {schema.names[place] for place in used})
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
    return cast("pd.DataFrame", schema.remove_metadata().empty_table().to_pandas())


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
