"""What a worker tells of a part that it has scored, as the journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.lake import WrittenFile
from engine.lake.data_file import DataFile
from engine.lake.storage import FileStamp

if TYPE_CHECKING:
    from engine.ml.scoring.shadow import Tally


@dataclass(frozen=True, slots=True)
class Outcome:
    """A part that is scored and written, and not yet committed.

    Attributes:
        part: Its number.
        rows: Rows scored.
        bad: Rows that could not be.
        seconds: From its first read to its last write.
        files: The files that it became, by table.
        tally: What was counted of the shadow.
        reasons: Column, reason and number of the most frequent faults, and of one its file, row and value.
        steps: Where the trees were cut down for the part: comparisons of a row, then and in the whole trees.
        worker: Where it ran.
        histogram: Its scores in the bins of the model's `Spread`, if it has one.
    """

    part: int
    rows: int
    bad: int
    seconds: float
    files: Mapping[str, tuple[WrittenFile, ...]]
    tally: Tally | None = None
    reasons: tuple[tuple[str, str, int, str, int, str | None], ...] = ()
    steps: tuple[int, int] | None = None
    worker: str = field(default="", compare=False)
    histogram: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "rows": self.rows,
            "bad": self.bad,
            "seconds": round(self.seconds, 4),
            "files": {name: [_file(file) for file in files] for name, files in self.files.items()},
            "tally": None if self.tally is None else self.tally.to_json(),
            "steps": self.steps,
            "reasons": [list(reason) for reason in self.reasons],
        }


def _file(file: WrittenFile) -> dict[str, Any]:
    data = file.data
    return {
        "path": file.path,
        "size": data.stamp.size,
        "mark": data.stamp.mark,
        "rows": data.rows,
        "modified": data.modified,
        "stats": data.stats,
    }


def files_of(entry: Mapping[str, Any], table: str) -> tuple[WrittenFile, ...]:
    """The files of one table in what the journal tells of a part."""
    return tuple(
        WrittenFile(
            one["path"],
            DataFile(FileStamp(one["size"], one["mark"]), one["rows"], one["modified"], one["stats"]),
        )
        for one in entry["files"].get(table, ())
    )
