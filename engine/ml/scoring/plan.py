"""Decide a scoring before anything is read: what is fresh, what is to be scored, in which parts."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]

from engine.errors import OptionError, WriteError
from engine.inference import RUNTIMES, Runtime
from engine.lake import TableName, delta_schema
from engine.lake.portable import schema_to_json
from engine.ml.scoring.freshness import Fresh, compare
from engine.ml.scoring.history import History, existing, files_in, same_schema
from engine.ml.scoring.packing import pack, share_out
from engine.ml.scoring.scorer import Scorer, scorer_for
from engine.ml.scoring.shadow import Contest
from engine.ml.scoring.spec import ModelRef, Spec, Target, engine_version, recipe_of
from engine.ml.scoring.store import JobStore
from engine.ml.scoring.tables import (
    BAD_ROWS,
    BAD_SCHEMA,
    DISAGREEMENTS,
    SCORES,
    Columns,
    columns_for,
    side_table,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Storage, Table
    from engine.ml.model import Model
    from engine.ml.scoring.sources import Origin
    from engine.ml.scoring.units import Unit

MODES = ("overwrite", "append", "create")


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        model: What scores.
        into: The table of scores.
        keep: Columns of the source that stand beside the scores.
        rename: Other names of the columns that scoring makes.
        mode: `overwrite`: the table holds the scores of this source and nothing else. `append`: scores of
            other files stay. `create`: there must be no such table.
        limit: Greatest share of bad rows.
        shadow: What scores beside the model.
        tolerance: See `Shadow`.
        runtime: `auto` or `onnxruntime`.
        force: Score what is fresh too.
    """

    model: Model
    into: str
    keep: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    mode: str = "overwrite"
    limit: float | None = None
    shadow: Model | None = None
    tolerance: float = 0.1
    runtime: Runtime = "auto"
    force: bool = False

    def __post_init__(self) -> None:
        TableName.parse(self.into)
        if self.mode not in MODES:
            raise OptionError(f"there is no mode {self.mode!r}", f"choose from {', '.join(MODES)}")
        if self.runtime not in RUNTIMES:
            raise OptionError(f"There is no runtime {self.runtime!r}.", f"There is: {', '.join(RUNTIMES)}.")
        check_limit(self.limit)


def check_limit(limit: float | None) -> None:
    if limit is not None and not 0 <= limit <= 1:
        raise OptionError(f"max_bad_fraction={limit} is no share.", "Give a number from 0 to 1, or None.")


@dataclass(frozen=True)
class Scorers:
    """The models of a job over the columns of its source.

    Attributes:
        champion: Its scores are published.
        challenger: Scores in the shadow.
        contest: What of both is compared.
        columns: What the table of scores holds.
        reads: Columns of the source that are read.
    """

    champion: Scorer
    challenger: Scorer | None
    contest: Contest | None
    columns: Columns
    reads: tuple[str, ...]

    @classmethod
    def of(cls, request: Request, schema: pa.Schema) -> Scorers:
        """Hold the models against the source.

        Raises:
            SignatureError: A model reads columns that the source does not have, or of another type.
            OptionError: Columns that are not there, or twice.
        """
        champion = scorer_for(request.model, request.keep, schema, request.runtime)
        challenger = contest = None
        if request.shadow is not None:
            challenger = scorer_for(request.shadow, (), schema, request.runtime)
            contest = Contest.between(champion, challenger, request.tolerance)
        columns = columns_for(champion, schema, request.model.version, request.rename, contest)
        reads = dict.fromkeys([*champion.reads, *(challenger.reads if challenger else ())])
        return cls(champion, challenger, contest, columns, tuple(reads))

    def tables(self) -> dict[str, pa.Schema]:
        """Columns of each table that is written."""
        made = {SCORES: self.columns.schema, BAD_ROWS: BAD_SCHEMA}
        if self.challenger is not None:
            empty = self.columns.disagreements("", self.champion_empty(), self.challenger_empty(), _no_rows())
            made[DISAGREEMENTS] = empty.schema
        return made

    def champion_empty(self) -> pa.Table:
        """The champion's answers to no rows, with the kept columns."""
        import pyarrow as pa

        kept = self.columns.empty.select(list(self.columns.keep))
        return pa.table(
            {**dict(zip(kept.schema.names, kept.columns, strict=True)), **self.champion.answers()}
        )

    def challenger_empty(self) -> pa.Table:
        import pyarrow as pa

        return pa.table(self.challenger.answers() if self.challenger else {})


def _no_rows() -> Any:
    import numpy as np

    return np.zeros(0, dtype=np.int64)


def plan_job(storage: Storage, request: Request, origin: Origin, cores: int) -> JobStore:
    """Decide a job and write it down.

    Args:
        storage: The workspace's files.
        request: What is wanted.
        origin: What is scored.
        cores: Tasks that the pool can run side by side.

    Raises:
        SignatureError, OptionError: See `Scorers.of`.
        WriteError: The table is there and must not be, or has other columns and is added to.
    """
    scorers = Scorers.of(request, origin.schema)
    units = origin.units(storage, scorers.reads)
    recipe = _recipe(request, scorers, origin.schema)
    tables, history = _tables(storage, request, scorers), History(storage)
    fresh = _fresh(history, request, units, "" if request.force else recipe, tables[SCORES], scorers)
    todo = [units[at] for at in fresh.todo]
    due = set(fresh.todo)
    skipped = [unit for at, unit in enumerate(units) if at not in due]
    created = time.time()
    job = _name(created)
    spec = Spec(
        id=job,
        created=created,
        model=_ref(request.model),
        shadow=None if request.shadow is None else _ref(request.shadow),
        tolerance=request.tolerance,
        source=origin.name,
        kind="frame" if origin.frame is not None else "query" if origin.label else "files",
        into=str(TableName.parse(request.into)),
        keep=request.keep,
        rename=dict(request.rename),
        limit=request.limit,
        runtime=request.runtime,
        engine=engine_version(),
        recipe=recipe,
        reads=scorers.reads,
        rows=_rows(todo),
        skipped=(len(skipped), _rows(skipped) or 0),
        targets=_targets(history, request, fresh, tables, scorers),
        stored=sum(unit.partition.stored for unit in todo if unit.partition is not None),
        fetched=sum(unit.weight for unit in todo) if origin.frame is None else 0,
        kept=tuple((piece.job, piece.part) for piece in fresh.kept),
        spool=storage.relative(origin.spool) if origin.spool else "",
    )
    store = JobStore(storage, job)
    store.create(
        spec,
        [[todo[at] for at in part] for part in _parts(todo, origin, cores)],
        origin.schema,
        origin.reader,
        _blobs(request, origin),
    )
    return store


def _parts(todo: Sequence[Unit], origin: Origin, cores: int) -> Sequence[Sequence[int]]:
    """Which units one task scores together, by their places.

    A frame's partitions are computed by Dask, one by one: several of them would be in memory together.
    """
    if origin.frame is not None:
        return [(at,) for at in range(len(todo))]
    weights = [unit.weight for unit in todo]
    large: list[int] = []
    other: list[int] = []
    for at, unit in enumerate(todo):
        spanned = unit.partition is not None and unit.partition.span is not None
        (large if spanned else other).append(at)
    packed = pack([weights[at] for at in other], [todo[at].origin for at in other], cores)
    parts = [tuple(other[at] for at in part) for part in packed]
    for _, group in groupby(large, key=lambda at: _row_group(todo[at])):
        places = tuple(group)
        mine = [weights[at] for at in places]
        # One of several such groups keeps a core busy as it is.
        wanted = -(-cores * 2 * sum(mine) // max(1, sum(weights)))
        parts += [tuple(places[at] for at in part) for part in share_out(mine, min(cores, wanted))]
    return parts


def _row_group(unit: Unit) -> tuple[str, tuple[int, ...] | None]:
    assert unit.partition is not None
    return unit.partition.location, unit.partition.row_groups


def _name(created: float) -> str:
    """Names are in the order of the jobs, but for those of one millisecond."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(created))
    return f"score-{moment}-{int(created * 1000) % 1000:03d}-{uuid.uuid4().hex[:6]}"


def _ref(model: Model) -> ModelRef:
    return ModelRef(model.name, model.version, model.digest)


def _rows(units: Sequence[Unit]) -> int | None:
    counts = [unit.rows for unit in units]
    known = [rows for rows in counts if rows is not None]
    return sum(known) if len(known) == len(counts) else None


def _recipe(request: Request, scorers: Scorers, schema: pa.Schema) -> str:
    return recipe_of(
        {
            "model": [request.model.name, request.model.version, request.model.digest],
            "shadow": None if request.shadow is None else [request.shadow.digest, request.tolerance],
            "engine": engine_version(),
            "runtime": request.runtime,
            "keep": list(request.keep),
            "columns": schema_to_json(scorers.columns.schema),
            "reads": [[name, str(schema.field(name).type)] for name in scorers.reads],
        }
    )


def _tables(storage: Storage, request: Request, scorers: Scorers) -> dict[str, Table | None]:
    """The tables that are there already."""
    found: dict[str, Table | None] = {SCORES: existing(storage, request.into)}
    if request.mode == "create" and found[SCORES] is not None:
        raise WriteError(f"table {request.into} is there already", "choose another name, or mode='overwrite'")
    for what in scorers.tables():
        if what != SCORES:
            found[what] = existing(storage, side_table(request.into, what))
    return found


def _fresh(
    history: History,
    request: Request,
    units: Sequence[Unit],
    recipe: str,
    table: Table | None,
    scorers: Scorers,
) -> Fresh:
    adds = request.mode == "append"
    pieces, live = ([], set()) if table is None else (history.pieces(table), files_in(table))
    if table is not None and not same_schema(table, delta_schema(scorers.columns.schema)):
        if adds:
            raise WriteError(
                f"{table.name} has other columns than these scores.",
                "Keep and rename the columns that it has, or use mode='overwrite'.",
                table=table.name,
            )
        pieces = []
    return compare([(unit.origin, unit.key) for unit in units], pieces, live, recipe, adds=adds)


def _targets(
    history: History,
    request: Request,
    fresh: Fresh,
    tables: Mapping[str, Table | None],
    scorers: Scorers,
) -> dict[str, Target]:
    """What the commit of each table does: replace all of it, or take files out and put files in."""
    changes = request.mode == "append" or any(piece.paths for piece in fresh.kept)
    made = {}
    for what in scorers.tables():
        table = tables[what]
        name = request.into if what == SCORES else str(side_table(request.into, what))
        if table is None:
            made[what] = Target(name, "create", None)
        elif changes:
            removed = fresh.removed if what == SCORES else _stale_side(history, fresh, table, what, request)
            made[what] = Target(name, "append", table.version, tuple(sorted(removed)))
        else:
            made[what] = Target(name, "overwrite", table.version)
    return made


def _stale_side(history: History, fresh: Fresh, table: Table, what: str, request: Request) -> set[str]:
    live = files_in(table)
    kept = {path for piece in fresh.kept for path in history.side_files(piece, what)}
    if request.mode != "append":
        return live - kept
    known = {path for piece in history.pieces_of(request.into) for path in history.side_files(piece, what)}
    return (live & known) - kept


def _blobs(request: Request, origin: Origin) -> dict[str, bytes]:
    blobs = {"model.onnx": request.model.onnx}
    if request.shadow is not None:
        blobs["shadow.onnx"] = request.shadow.onnx
    if origin.frame is not None:
        blobs["frame.pickle"] = cloudpickle.dumps(origin.frame)
    return blobs
