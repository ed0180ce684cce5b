"""What a scoring is: model, source, columns, limits; written down before anything is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

SourceKind = Literal["files", "frame", "query"]


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model as a job knows it; its graph lies beside the job.

    Attributes:
        name: Registered name.
        version: Its version.
        digest: Of the graph.
    """

    name: str
    version: int
    digest: str

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


@dataclass(frozen=True, slots=True)
class Target:
    """A table that a job writes.

    Attributes:
        table: Its name.
        mode: What the commit does: `create`, `overwrite`, or `append` with files taken out.
        base: The table's version that the job was planned on; None if there was none.
        removed: Files that leave the table.
    """

    table: str
    mode: str
    base: int | None
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A scoring job, fully decided.

    Attributes:
        id: The job's name; also of its writes.
        created: When, seconds since 1970.
        model: What scores.
        shadow: What scores beside it.
        tolerance: See `Shadow`.
        source: What is scored, in words.
        kind: Where its rows are.
        into: The table of scores.
        keep: Columns of the source in it.
        rename: Other names of the columns that scoring makes.
        limit: Greatest share of bad rows; None for no limit.
        runtime: What runs the graph.
        engine: Version of this engine.
        recipe: Digest of all that decides what a row becomes.
        rows: Rows to score, if known.
        skipped: Units whose scores are there already, and their rows as far as known.
        targets: The tables, by what they hold.
        stored: Bytes of the units to score.
        fetched: Bytes of those that are read: of the columns in use.
        kept: Parts of earlier jobs that stay: job and number.
        spool: See `Origin`; below the home.
    """

    id: str
    created: float
    model: ModelRef
    shadow: ModelRef | None
    tolerance: float
    source: str
    kind: SourceKind
    into: str
    keep: tuple[str, ...]
    rename: Mapping[str, str]
    limit: float | None
    runtime: str
    engine: str
    recipe: str
    reads: tuple[str, ...]
    rows: int | None
    skipped: tuple[int, int] = (0, 0)
    targets: Mapping[str, Target] = field(default_factory=dict)
    stored: int = 0
    fetched: int = 0
    kept: tuple[tuple[str, int], ...] = ()
    spool: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Spec:
        values = dict(stored)
        values["model"] = ModelRef(**values["model"])
        values["shadow"] = None if values["shadow"] is None else ModelRef(**values["shadow"])
        values["targets"] = {
            name: Target(one["table"], one["mode"], one["base"], tuple(one["removed"]))
            for name, one in values["targets"].items()
        }
        for name in ("keep", "reads", "skipped"):
            values[name] = tuple(values[name])
        values["kept"] = tuple((job, int(part)) for job, part in values["kept"])
        return cls(**values)


def engine_version() -> str:
    """The version of this engine."""
    try:
        return version("tarn")
    except PackageNotFoundError:
        return "unpacked"


def recipe_of(facts: Mapping[str, Any]) -> str:
    """A digest of what decides the scores of a row: another one makes all of them stale."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
