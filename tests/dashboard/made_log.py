"""Logs of work that never happened: every kind of record, as many as wanted, the same each time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

from engine.events import (
    BadRows,
    CostLine,
    Entry,
    ErrorRaised,
    Event,
    FilesOpened,
    ModelRegistered,
    ModelTrained,
    NodeShare,
    PartitionScored,
    PlanMade,
    PoolSample,
    PoolState,
    RequestFailed,
    RequestFinished,
    RequestQueued,
    RequestStarted,
    RequestSubmitted,
    RoundMetrics,
    RunFinished,
    RungReached,
    RunStarted,
    RunTracked,
    ScoringFinished,
    ScoringStarted,
    StageFinished,
    StageStarted,
    StepFinished,
    StudyFinished,
    StudyStarted,
    TaskSample,
    TrialFinished,
    TrialPromoted,
    TrialStarted,
    TrialStopped,
    WorkerFigures,
    WorkerJoined,
)

START = 1_795_800_000.0
RUNGS = (10, 30, 90)
STORES = ("sqlite:////lake/mlflow.db", "http://localhost:5000/")


class Maker:
    """Gives entries one after the other, with a clock of its own."""

    def __init__(self, seed: int = 7, segment: str = "made") -> None:
        self.segment = segment
        self.random = random.Random(seed)
        self.time = START
        self.count = 0

    def entry(self, event: Event, run: str = "", seconds: float = 0.05, pool: str = "dw") -> Entry:
        self.time += seconds
        self.count += 1
        return Entry(event, self.time, run, pool, self.segment, self.count - 1)

    def pool(self, samples: int = 300, pool: str = "dw", *, closed: bool = False) -> Iterator[Entry]:
        yield self.entry(PoolState("starting", "new", "dedicated", 0, 2, 1), pool=pool)
        for number in range(2):
            yield self.entry(WorkerJoined(f"{pool}-{number}", "tcp://127.0.0.1:1", 1, 8 << 30), pool=pool)
        yield self.entry(PoolState("running", "starting", "dedicated", 2, 2, 1), pool=pool)
        for at in range(samples):
            wave = 1 + math.sin(at / 20)
            figures = tuple(
                WorkerFigures(
                    f"{pool}-{n}", int((1 + wave) * 1e9), 8 << 30, 0, 0.5 * wave, 1, 1e6 * wave, 1e6
                )
                for n in range(2)
            )
            memory = sum(one.memory for one in figures)
            yield self.entry(
                PoolSample(2, 2, int(20 * wave), memory, 16 << 30, int(1e8), figures), "", 1.0, pool
            )
            yield self.entry(CostLine(2.0 * at, {"bytes_read": 3e6 * at}), pool=pool)
            counts = {"boost": 3, "sql-scan": 5}
            yield self.entry(
                TaskSample(1.0, counts, {"boost": 1.5, "sql-scan": 0.4}, {"sql-scan": 0.1}, {}, {}), pool=pool
            )
        if closed:
            yield self.entry(PoolState("closed", "running", "dedicated", 0, 2, 1), pool=pool)

    def query(self, number: int, *, state: str = "finished", nodes: int = 2) -> Iterator[Entry]:
        request = f"QID{number}"
        where = f"WHERE month = {number % 12}"
        text = f"SELECT payment_type, COUNT(*) AS trips FROM dbo.trips {where} GROUP BY payment_type"
        yield self.entry(RequestSubmitted(request, text, f"report {number % 3}", "ana", "s1"))
        if state == "queued":
            yield self.entry(RequestQueued(request, 2, "smallrc", "normal"))
            return
        yield self.entry(RequestStarted(request, nodes, 0.05))
        plan = "scan    dbo.trips on 2 nodes\nshuffle by payment_type\nreturn  COUNT(*)"
        yield self.entry(PlanMade(request, plan))
        yield self.entry(FilesOpened(request, 12, 40_000_000, 3))
        if state == "running":
            return
        if state == "failed":
            yield self.entry(
                RequestFailed(request, "SqlRuntimeError", "Divide by zero error encountered.", 0.4)
            )
            return
        for step, move in (("scan", "Shuffle"), ("group", "Gather"), ("return", "Return")):
            shares = tuple(NodeShare(f"node {n}", 1000, 8000, 0.1 + 0.1 * n) for n in range(nodes))
            yield self.entry(StepFinished(request, step, 0, move, 1000 * nodes, 8000 * nodes, 0.2, shares))
        yield self.entry(RequestFinished(request, 0.5 + number % 7, 6, 40_000_000, 32_000))

    def study(
        self, trials: int = 100, *, study: str = "study-1", run: str = "run-study", rounds: int = 90
    ) -> Iterator[Entry]:
        space = {"max_depth": "3 .. 10", "eta": "0.01 .. 0.3 log", "subsample": "0.5 .. 1"}
        yield self.entry(
            StudyStarted(study, "tip", "tipped", "auc", True, trials, rounds, space, RUNGS, {}, 900_000, 24),
            run,
        )
        best = (0, 0.0)
        for trial in range(trials):
            depth, eta = self.random.randint(3, 10), 0.01 * 30 ** self.random.random()
            params = {"max_depth": depth, "eta": eta, "subsample": self.random.uniform(0.5, 1.0)}
            yield self.entry(TrialStarted(study, trial, params), run)
            good = (
                0.95 - 0.01 * abs(math.log(eta / 0.1)) - 0.002 * abs(depth - 7) + self.random.gauss(0, 0.002)
            )
            reached = 2 if good > 0.945 else 1 if good > 0.935 else 0
            yield from self._trial(study, run, trial, good, reached)
            if good > best[1]:
                best = (trial, good)
        yield self.entry(StudyFinished(study, trials, best[0], best[1], 120.0), run)

    def _trial(self, study: str, run: str, trial: int, good: float, reached: int) -> Iterator[Entry]:
        curve = tuple(good - 0.2 * math.exp(-(at + 1) / 15) for at in range(RUNGS[reached]))
        for rung in range(reached + 1):
            first = RUNGS[rung - 1] if rung else 0
            yield self.entry(RoundMetrics(study, trial, first + 1, curve[first : RUNGS[rung]]), run)
            yield self.entry(RungReached(study, trial, rung, RUNGS[rung], curve[RUNGS[rung] - 1]), run)
            if rung < reached:
                yield self.entry(TrialPromoted(study, trial, rung, RUNGS[rung + 1]), run)
        if reached == len(RUNGS) - 1:
            yield self.entry(TrialFinished(study, trial, curve[-1], len(curve), 2.0), run)
        else:
            yield self.entry(TrialStopped(study, trial, "pruned", len(curve), curve[-1], reached, 1.0), run)

    def scoring(
        self, partitions: int = 120, *, job: str = "job-1", wanted: int | None = None
    ) -> Iterator[Entry]:
        edges = tuple(at / 20 for at in range(21))
        training = tuple(int(1e5 * math.exp(-(((at - 5) / 4) ** 2))) for at in range(20))
        total = wanted or partitions
        yield self.entry(
            ScoringStarted(
                job, "tip", 3, "raw/trips", "dbo.tip_scores", total, total * 80_000, 0, edges, training
            ),
            "run-score",
        )
        for at in range(partitions):
            histogram = tuple(int(800 * math.exp(-(((bin_ - 6) / 4) ** 2))) for bin_ in range(20))
            bad = 3 if at % 10 == 0 else 0
            yield self.entry(
                PartitionScored(job, f"part-{at}", 80_000, 0.2, 5_000_000, bad, "dw-0", histogram),
                "run-score",
                0.2,
            )
            if bad:
                sample = {"fare_amount": "abc"}
                yield self.entry(
                    BadRows(job, f"part-{at}", bad, "not a number", "fare_amount", sample), "run-score"
                )
        if wanted is None:
            yield self.entry(ScoringFinished(job, partitions * 80_000, 25.0, 36, 6 << 30, 1), "run-score")

    def runs(self, count: int = 12) -> Iterator[Entry]:
        for at in range(count):
            run = f"run-{at}"
            settings = {"trials": 8 + at, "rounds": 80, "seed": 7, "space": {"eta": "0.01 .. 0.3 log"}}
            yield self.entry(RunStarted(f"tune tip {at}", "tune", "ana", settings), run)
            yield self.entry(RunTracked(f"{STORES[at % 2]}#/experiments/1/runs/{at:032x}"), run)
            for stage in ("fit features", "quantise", "trials", "register"):
                yield self.entry(StageStarted(stage, 10), run, 1.0)
                yield self.entry(StageFinished(stage, 0.5 + 0.1 * at, {"rows": 1e6}), run, 0.5 + 0.1 * at)
            if at % 5 == 4:
                yield self.entry(ErrorRaised("DataError", "column 'x' is empty", "drop it", "tune"), run)
            gate = {"passed": True, "rows": 21_000, "max_abs_diff": 1.2e-7, "labels_flipped": 0}
            gain = {"fare_amount": 0.61, "trip_distance": 0.27, "hour": 0.12}
            yield self.entry(ModelTrained(f"{at:032x}", "", 80, 5.0, {"auc": 0.9512}, gain), run)
            yield self.entry(ModelRegistered("tip", at + 1, "", gate), run)
            status = "failed" if at % 5 == 4 else "finished"
            counts = {"worker_seconds": 20.0 + at, "bytes_read": 5e7}
            yield self.entry(RunFinished(status, 8.0 + at, counts, "a model"), run)


def whole_log(segment: str = "made") -> list[Entry]:
    """Something of everything."""
    make = Maker(segment=segment)
    entries = [*make.runs(), *make.pool(), *make.pool(60, "explore", closed=True)]
    for number in range(40):
        entries += make.query(number, state="failed" if number % 11 == 10 else "finished")
    entries += [*make.query(41, state="running"), *make.query(42, state="queued")]
    entries += [*make.study(), *make.scoring()]
    entries += make.scoring(60, job="job-2", wanted=100)
    return entries


def write(entries: list[Entry], take: Callable[[Event, str, str], None]) -> None:
    """Put entries into a log, at the time of now."""
    for entry in entries:
        take(entry.event, entry.run, entry.pool)
