"""The tables that a scoring writes: the scores, the bad rows, the rows on which two models disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.errors import OptionError
from engine.lake import TableName
from engine.lake.data_file import Hints

if TYPE_CHECKING:
    from engine.lake.salvage import BadRow
    from engine.ml.scoring.scorer import Scorer
    from engine.ml.scoring.shadow import Contest

# Rows of a batch at most, as a rule.
_ALIKE = 1 << 17

SCORES, BAD_ROWS, DISAGREEMENTS = "scores", "bad_rows", "disagreements"
VERSION, FILE, ROW = "model_version", "source_file", "source_row"

BAD_SCHEMA = pa.schema(
    [
        (FILE, pa.string()),
        (ROW, pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        (VERSION, pa.int64()),
    ]
)


@dataclass(frozen=True)
class Columns:
    """What the table of scores holds.

    Attributes:
        keep: Columns of the source.
        outputs: Each output of the model, and what its column is called; in order.
        version_name: What the column of the model's version is called.
        file_name: What the column of the file is called.
        version: The model's version.
        empty: The table without rows.
        contest: Outputs of the challenger in the table of disagreements.
    """

    keep: tuple[str, ...]
    outputs: tuple[tuple[str, str], ...]
    version_name: str
    file_name: str
    version: int
    empty: pa.Table
    contest: tuple[str, ...] = ()

    @property
    def address(self) -> tuple[str, str]:
        """Columns by which disagreements are in order."""
        return FILE, ROW

    @property
    def hints(self) -> Hints:
        """How the columns of the scores are best encoded."""
        # Scores and keys hardly repeat, and what does among numbers is compressed without a dictionary too.
        numbers = (pa.types.is_floating, pa.types.is_integer)
        varied = [field.name for field in self.schema if any(test(field.type) for test in numbers)]
        return Hints(coded=(self.file_name,), varied=tuple(varied))

    @cached_property
    def schema(self) -> pa.Schema:
        return self.empty.schema

    def scores(self, file: str, answers: pa.Table) -> pa.Table:
        """Rows of the table of scores."""
        rows = len(answers)
        columns = [answers.column(name) for name in (*self.keep, *(one for one, _ in self.outputs))]
        coded = pa.DictionaryArray.from_arrays(_alike(rows, 0, "int32"), [file])
        columns += [_alike(rows, self.version, "int64"), coded]
        return pa.table(columns, names=self._names)

    @property
    def _names(self) -> list[str]:
        return [*self.keep, *(name for _, name in self.outputs), self.version_name, self.file_name]

    def disagreements(self, file: str, mine: pa.Table, theirs: pa.Table, rows: np.ndarray) -> pa.Table:
        """Rows of the table of disagreements."""
        named = dict(self.outputs)
        columns = {name: mine.column(name) for name in self.keep}
        columns |= {FILE: pa.repeat(pa.scalar(file), len(mine)), ROW: pa.array(rows, pa.int64())}
        for name in self.contest:
            columns[named[name]] = mine.column(name)
            columns[f"challenger_{named[name]}"] = theirs.column(name)
        return pa.table(columns)


def columns_for(
    scorer: Scorer, schema: pa.Schema, version: int, rename: Mapping[str, str], contest: Contest | None
) -> Columns:
    """The columns of the scores of a source of this schema.

    Raises:
        OptionError: `rename` names what is not there, or two columns come to have one name.
    """
    answers = scorer.answers()
    unknown = sorted(set(rename) - {*answers, VERSION, FILE})
    if unknown:
        raise OptionError(
            f"rename= names {', '.join(map(repr, unknown))}, which scoring does not make.",
            f"It makes: {', '.join([*answers, VERSION, FILE])}.",
            columns=tuple(unknown),
        )
    outputs = tuple((name, rename.get(name, name)) for name in answers)
    version_name, file_name = rename.get(VERSION, VERSION), rename.get(FILE, FILE)
    names = [*scorer.keep, *(name for _, name in outputs), version_name, file_name]
    _refuse_twice(names)
    kinds = [*(schema.field(name).type for name in scorer.keep), *(one.type for one in answers.values())]
    fields = list(zip(names, [*kinds, pa.int64(), pa.string()], strict=True))
    compared = () if contest is None else (*contest.labels, *contest.values)
    made = Columns(
        scorer.keep, outputs, version_name, file_name, version, pa.schema(fields).empty_table(), compared
    )
    if contest is not None:
        _refuse_twice([*scorer.keep, FILE, ROW, *(f"challenger_{dict(outputs)[one]}" for one in compared)])
    return made


def _alike(rows: int, value: int, kind: str) -> pa.Array:
    """A column of one value: batches of a size share one."""
    size = max(_ALIKE, rows)
    return _filled(size, value, kind).slice(0, rows)


@lru_cache(maxsize=8)
def _filled(rows: int, value: int, kind: str) -> pa.Array:
    return pa.array(np.full(rows, value, dtype=kind))


def _refuse_twice(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise OptionError(
                f"Column '{name}' would be in the table of scores twice.",
                f"Leave it out of keep=, or rename the other: rename={{'{name}': ...}}.",
                columns=(name,),
            )
        seen.add(name.lower())


def bad_table(rows: Sequence[tuple[str, BadRow]], version: int) -> pa.Table:
    """Rows of the table of bad rows; the number of a row that was not counted is null."""
    return pa.table(
        {
            FILE: [file for file, _ in rows],
            ROW: [row.row or None for _, row in rows],
            "column": [row.column for _, row in rows],
            "value": [row.value for _, row in rows],
            "reason": [row.reason for _, row in rows],
            VERSION: [version] * len(rows),
        },
        schema=BAD_SCHEMA,
    )


def side_table(into: str | TableName, what: str) -> TableName:
    """The name of a side table beside that of the scores."""
    name = TableName.parse(into)
    return TableName(name.schema, f"{name.name}_{what}")
