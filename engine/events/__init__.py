"""The event log: what happens in a workspace, as typed records that outlive every process.

Whoever does work is given an `emit` (anything that can be called with a record) and calls it::

    emit = ws.events.bind(run=run_id, pool=pool.name)   # in tests: MemoryLog().bind(), or `silent`
    emit(RequestStarted(request_id, nodes=2))

A call costs microseconds, never waits and never raises, so nobody guards it. The log is read with
`ws.events.to_pandas("request_started")`, `SELECT * FROM sys.events`, and by any tool,
for instance `pd.read_parquet("lake/events")` and `duckdb.sql("FROM 'lake/events/*.parquet'")` for what has
been put away, and `duckdb.sql("FROM 'lake/events/_live/*.jsonl'")` for what is being written.

**To add a kind of record**: a frozen dataclass with slots below `Event`, in the module of its family
(`requests`, `tuning`, `scoring`, `pools`, `runs`) or a new one, named in the past tense, and its line in
`__all__` here. Its fields are text, numbers, booleans, None, and tuples and mappings of these; those that
came later have defaults, so that old lines can still be read. A field that changes its meaning raises
`version`. Readers get `Unknown` for kinds and versions that they do not know. The pages of the dashboard find
a new kind when a fold in `engine/dashboard/views` handles it.

At a home that is no local folder (an fsspec URL) a segment is a row of small objects, one every two seconds
at most: a killed writer loses what was not sent yet, and what it left stays as lines.
"""

from __future__ import annotations

from engine.events.emit import Bound, Emit, MemoryLog, NullLog, silent
from engine.events.entry import Entry
from engine.events.log import EventLog, UnknownKindError, open_log
from engine.events.logs import structured_logs
from engine.events.pools import (
    CostLine,
    PoolSample,
    PoolState,
    TaskSample,
    WorkerFigures,
    WorkerJoined,
    WorkerLeft,
)
from engine.events.reading import Tail
from engine.events.record import Event, Unknown, kinds
from engine.events.requests import (
    FilesOpened,
    NodeShare,
    PlanMade,
    PlanStep,
    RequestFailed,
    RequestFinished,
    RequestQueued,
    RequestStarted,
    RequestSubmitted,
    StepFinished,
    StepStarted,
)
from engine.events.running import Binding, Running, current_run, running, status_of, tracked
from engine.events.runs import (
    ErrorRaised,
    EventsLost,
    RunFinished,
    RunStarted,
    RunTracked,
    StageFinished,
    StageProgress,
    StageStarted,
)
from engine.events.scoring import BadRows, PartitionScored, ScoringFinished, ScoringStarted, ScoringStopped
from engine.events.store import writer_of
from engine.events.tuning import (
    ModelRegistered,
    ModelTrained,
    RoundMetrics,
    RungReached,
    StudyFinished,
    StudyStarted,
    TrialFailed,
    TrialFinished,
    TrialPromoted,
    TrialStarted,
    TrialStopped,
)

__all__ = [
    "BadRows",
    "Binding",
    "Bound",
    "CostLine",
    "Emit",
    "Entry",
    "ErrorRaised",
    "Event",
    "EventLog",
    "EventsLost",
    "FilesOpened",
    "MemoryLog",
    "ModelRegistered",
    "ModelTrained",
    "NodeShare",
    "NullLog",
    "PartitionScored",
    "PlanMade",
    "PlanStep",
    "PoolSample",
    "PoolState",
    "RequestFailed",
    "RequestFinished",
    "RequestQueued",
    "RequestStarted",
    "RequestSubmitted",
    "RoundMetrics",
    "RunFinished",
    "RunStarted",
    "RunTracked",
    "RungReached",
    "Running",
    "ScoringFinished",
    "ScoringStarted",
    "ScoringStopped",
    "StageFinished",
    "StageProgress",
    "StageStarted",
    "StepFinished",
    "StepStarted",
    "StudyFinished",
    "StudyStarted",
    "Tail",
    "TaskSample",
    "TrialFailed",
    "TrialFinished",
    "TrialPromoted",
    "TrialStarted",
    "TrialStopped",
    "Unknown",
    "UnknownKindError",
    "WorkerFigures",
    "WorkerJoined",
    "WorkerLeft",
    "current_run",
    "kinds",
    "open_log",
    "running",
    "silent",
    "status_of",
    "structured_logs",
    "tracked",
    "writer_of",
]
