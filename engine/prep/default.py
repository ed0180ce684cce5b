"""The preparation for whoever gives none: numbers as they are, texts encoded, the rest left out and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.errors import DataError
from engine.prep.blocks import Blocks, blocks_of
from engine.prep.inputs import Signature, kind_of
from engine.prep.passes import Request, one_pass
from engine.prep.summaries.extent import EXTENT, Extent
from engine.prep.summaries.variety import Variety, variety
from engine.prep.views import View

if TYPE_CHECKING:
    from engine.lake import Runner, Source

# Trees split one-hot columns one category at a time; with more than these an ordered code is cheaper.
ONE_HOT_CATEGORIES = 64
# More distinct texts than this make an identifier, from which a model learns its training rows by heart.
ORDINAL_CATEGORIES = 100_000


class DefaultFeatures(NamedTuple):
    """A preparation that was chosen by looking at the data.

    Attributes:
        transformer: A ColumnTransformer, not fitted.
        notes: One sentence for every column that is left out, and why.
    """

    transformer: Any
    notes: tuple[str, ...]


def default_features(
    source: Source | Blocks, runner: Runner, *, target: str | None = None
) -> DefaultFeatures:
    """Choose a preparation for trees, in one pass over the data.

    Numbers pass through (trees need no scaling, and a missing number is kept as missing); texts with at most
    64 distinct values are one-hot encoded, others by their alphabetical number, unknown ones as missing. Left
    out are columns that are always missing or always the same, texts with more than 100,000 values, and types
    that are neither numbers nor texts.

    Args:
        source: The data.
        runner: Who does the work.
        target: The label's column, which is never a feature.

    Raises:
        DataError: There are no rows, a number is infinite, or no column is left.
    """
    blocks = blocks_of(source)
    notes = {
        field.name: f"its type {field.type} is neither a number nor a text"
        for field in blocks.schema
        if kind_of(field.type) not in ("number", "text") and field.name != target
    }
    if "" in blocks.schema.names:
        notes[""] = "it has no name"
    usable = [name for name in blocks.schema.names if name != target and name not in notes]
    signature = Signature.of(blocks.schema, usable)
    numbers = [spec.name for spec in signature.inputs if spec.kind == "number"]
    texts = [spec.name for spec in signature.inputs if spec.kind == "text"]
    extent, varieties = _look(blocks, signature, numbers, texts, runner)
    notes |= _notes_on_numbers(numbers, extent) | _notes_on_texts(texts, varieties)
    kept = [name for name in numbers if name not in notes]
    chosen = {name: v for name, v in zip(texts, varieties, strict=True) if name not in notes}
    if not kept and not chosen:
        raise DataError("no column is left to make features of", "; ".join(_sentences(notes)))
    return DefaultFeatures(_transformer(kept, chosen), _sentences(notes))


def _look(
    blocks: Blocks, signature: Signature, numbers: list[str], texts: list[str], runner: Runner
) -> tuple[Extent | None, tuple[Variety, ...]]:
    requests = []
    if numbers:
        requests.append(Request(View(tuple(numbers)), tuple(numbers), EXTENT))
    if texts:
        requests.append(Request(View(tuple(texts)), tuple(texts), variety(ORDINAL_CATEGORIES)))
    if not requests:
        return None, ()
    answers = one_pass(tuple(requests), blocks, signature, runner, label="prep-look")
    if answers[0] is None:
        raise DataError("there are no rows to choose features by", "Check the source's filter and its files.")
    return (answers[0] if numbers else None), (answers[-1] if texts else ())


def _notes_on_numbers(names: list[str], extent: Extent | None) -> dict[str, str]:
    if extent is None:
        return {}
    notes = {}
    for name, count, low, high in zip(names, extent.count, extent.low, extent.high, strict=True):
        if not count:
            notes[name] = "it is always missing"
        elif count == extent.rows and low == high:
            notes[name] = f"it is always {np.float64(low):g}"
    return notes


def _notes_on_texts(names: list[str], varieties: tuple[Variety, ...]) -> dict[str, str]:
    notes = {}
    for name, column in zip(names, varieties, strict=True):
        if column.texts is None:
            notes[name] = f"it has more than {ORDINAL_CATEGORIES:,} distinct texts, like an identifier"
        elif not column.texts:
            notes[name] = "it is always missing"
        elif len(column.texts) == 1 and not column.missing:
            notes[name] = f"it is always {next(iter(column.texts))!r}"
    return notes


def _transformer(numbers: list[str], texts: Mapping[str, Variety]) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    few = {
        name: v.texts
        for name, v in texts.items()
        if v.texts is not None and len(v.texts) <= ONE_HOT_CATEGORIES
    }
    many = [name for name in texts if name not in few]
    onehot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    branches = [
        ("numbers", "passthrough", numbers),
        ("onehot", onehot, list(few)),
        ("ordinal", ordinal, many),
    ]
    names = [*numbers, *many, *(f"{name}_{text}" for name in few for text in [*few[name], "nan"])]
    return ColumnTransformer(
        [branch for branch in branches if branch[2]],
        # Names are prefixed by their branch only where the short ones would clash.
        verbose_feature_names_out=len(set(names)) < len(names),
    )


def _sentences(notes: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"column {name!r} is left out: {why}" for name, why in notes.items())
