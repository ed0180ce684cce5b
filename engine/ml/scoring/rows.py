"""Score a batch of rows, and tell of each row that cannot be scored why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from engine.errors import DataError
from engine.lake.salvage import BadRow, RowBatch, shown
from engine.ml.scoring.shadow import Contest, Tally, compared

if TYPE_CHECKING:
    from engine.ml.scoring.scorer import Scorer

# A number beyond has no float32, which is what trees see.
_GREATEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """What became of a batch.

    Attributes:
        rows: The rows that were scored.
        answers: Kept columns and scores, one row each.
        bad: The other rows.
    """

    rows: RowBatch
    answers: pa.Table
    bad: list[BadRow]


def score_rows(scorer: Scorer, batch: RowBatch) -> ScoredRows:
    """Score what can be scored; where the model fails on a batch, the rows at fault are found by halving."""
    bad = {**_out_of_range(scorer, batch), **_missing(scorer, batch)}
    good = batch.without(np.array(sorted(bad), dtype=np.int64))
    told = [bad[at] for at in sorted(bad)]
    pieces: list[tuple[RowBatch, pa.Table]] = []
    for found in _scored(scorer, good):
        if isinstance(found, BadRow):
            told.append(found)
        else:
            pieces.append(found)
    if not pieces:
        pieces = [(batch.slice(0, 0), scorer(batch.table.slice(0, 0)))]
    if len(pieces) == 1:
        return ScoredRows(*pieces[0], told)
    numbers = np.concatenate([piece.rows for piece, _ in pieces])
    rows = RowBatch(pa.concat_tables([piece.table for piece, _ in pieces]), numbers)
    return ScoredRows(rows, pa.concat_tables([answers for _, answers in pieces]), told)


def _scored(scorer: Scorer, batch: RowBatch) -> Iterator[tuple[RowBatch, pa.Table] | BadRow]:
    waiting = [batch] if len(batch) else []
    while waiting:
        rows = waiting.pop()
        try:
            answers = scorer(rows.table)
        except DataError as error:
            if len(rows) > 1:
                half = len(rows) // 2
                waiting += [rows.slice(half, len(rows) - half), rows.slice(0, half)]
            else:
                yield _failed(error, rows)
        else:
            yield rows, answers


def _failed(error: DataError, row: RowBatch) -> BadRow:
    column = error.data.get("column")
    known = column in row.table.schema.names
    value = shown(row.table.column(column)[0].as_py()) if known else None
    return BadRow(int(row.rows[0]), column if known else None, value, error.message)


def _missing(scorer: Scorer, batch: RowBatch) -> dict[int, BadRow]:
    """Rows without a value that the model must have; of several the first is told."""
    bad: dict[int, BadRow] = {}
    for name in scorer.signature.required:
        column = batch.table.column(name)
        if not column.null_count:
            continue
        for at in np.flatnonzero(pc.is_null(column).to_numpy()).tolist():
            bad.setdefault(at, BadRow(int(batch.rows[at]), name, None, "is missing, and the model needs it"))
    return bad


def _out_of_range(scorer: Scorer, batch: RowBatch) -> dict[int, BadRow]:
    """Rows with a number that the model cannot be given: it would see infinity instead."""
    bad: dict[int, BadRow] = {}
    for name in scorer.narrowed:
        column = batch.table.column(name)
        if not (pt.is_float64(column.type) or pt.is_decimal(column.type)):
            continue
        values = column.cast(pa.float64(), safe=False) if pt.is_decimal(column.type) else column
        size = pc.fill_null(pc.abs(values), 0.0)
        if not (pc.max(size).as_py() or 0.0) > _GREATEST:
            continue
        beyond = pc.and_(pc.greater(size, _GREATEST), pc.is_finite(size))
        for at in np.flatnonzero(beyond.to_numpy()).tolist():
            value = shown(column[at].as_py())
            bad.setdefault(at, BadRow(int(batch.rows[at]), name, value, "is out of the range of float32"))
    return bad


def in_shadow(
    challenger: Scorer, champion: ScoredRows, contest: Contest
) -> tuple[Tally, pa.Table, np.ndarray]:
    """Let a challenger score the rows that the champion has scored.

    Returns:
        What was counted; and the rows that disagree: what the challenger says of each, and where among the
        champion's rows each stands.
    """
    found = score_rows(challenger, champion.rows)
    places = np.flatnonzero(np.isin(champion.rows.rows, found.rows.rows)) if found.bad else None
    mine = champion.answers if places is None else champion.answers.take(pa.array(places))
    tally, differs = compared(mine, found.answers, contest)
    at = np.flatnonzero(differs)
    counted = tally.plus(Tally(failed=len(found.bad)))
    return counted, found.answers.take(pa.array(at)), at if places is None else places[at]
