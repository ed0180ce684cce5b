"""The features of whoever names none: chosen by column types, categories as their user wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import NotFoundError, OptionError
from engine.prep import default_features
from engine.prep.adapt import adapted

if TYPE_CHECKING:
    from engine.lake import Source
    from engine.ml.training_set import Columns
    from pools import Pool


def chosen_features(scan: Source, pool: Pool, columns: Columns) -> tuple[Any, tuple[str, ...]]:
    """A transformer for a source, not fitted, with a note on each column that it leaves out.

    Raises:
        NotFoundError: A column that is named categorical is not there.
        OptionError: It is no feature.
        DataError: No column is left.
    """
    names = tuple(scan.schema.names)
    for name in columns.categorical:
        if name not in names:
            raise NotFoundError(
                f"There is no column '{name}' to be categorical.", f"The source has: {', '.join(names)}."
            )
        if name in columns.named:
            raise OptionError(f"Column '{name}' is no feature.", "Leave it out of categorical=.")
    chosen, notes = default_features(scan, pool, target=columns.target)
    others = [name for name in columns.named if name != columns.target]
    if not (columns.categorical or others):
        return chosen, notes
    apart = {*columns.categorical, *others}
    kept = tuple(note for note in notes if not any(note.startswith(f"column {name!r} ") for name in apart))
    return adapted(chosen, leave_out=others, categorical=columns.categorical), kept
