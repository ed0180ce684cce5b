"""The main job from raw rows to scores on both kinds of pool: what `tarn demo` and the benchmarks run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.demo.job import Job, job_for
from engine.demo.stages import StageClock
from engine.demo.trips import share_rows, write_trips
from engine.events import running
from engine.progress import show
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.demo.options import DemoOptions
    from engine.lake import Dataset, Table
    from engine.ml.model import Model
    from engine.ml.scoring import Scored
    from engine.ml.study import Study
    from engine.ml.trained import TrainedModel
    from engine.ml.verify import Comparison
    from engine.pool import WorkspacePool

TABLE = "dbo.prepared"
SCORES = "dbo.scores"
MODEL = "demo"
_EXPLORER_IDLE_SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """What one run of the loop found.

    Attributes:
        rows: Rows of the source.
        prepared_rows: Rows left by the preparation.
        model: The final model.
        study: The search before it.
        comparison: ONNX against XGBoost on every prepared row.
        scored: The scoring of every row of the source.
        bytes_read: Bytes of the lake that all stages read.
        seconds: Wall time of the whole run.
        stages: Seconds of each stage, in order.
        dashboard: Address of the dedicated pool's dashboard (gone with the pool).
        home: The workspace's folder.
    """

    rows: int
    prepared_rows: int
    model: TrainedModel
    study: Study
    comparison: Comparison
    scored: Scored
    bytes_read: int
    seconds: float
    stages: dict[str, float]
    dashboard: str
    home: str
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The summary as one flat object."""
        metrics = self.model.evaluation.metrics
        return {
            "rows": self.rows,
            "prepared_rows": self.prepared_rows,
            "auc": metrics.get("auc"),
            "metrics": dict(metrics),
            "onnx_max_abs_diff": self.comparison.max_abs_diff,
            "onnx_labels_flipped": self.comparison.labels_flipped,
            "scored_rows": self.scored.rows,
            "scored_rows_per_s": self.scored.rows_per_second,
            "bytes_read": self.bytes_read,
            "seconds": self.seconds,
            "stages": self.stages,
            "table": self.scored.table.name,
            "model": f"{self.scored.model.name} version {self.scored.model.version}",
            "dashboard": self.dashboard,
        }


def run(
    options: DemoOptions, *, on_stage: Callable[[str], None] = lambda _: None, visible: bool = True
) -> Outcome:
    """Run the loop.

    Args:
        options: What to run it on.
        on_stage: Hears the name of each stage as it begins.
        visible: Show bars and the small tables on the way.

    Raises:
        TarnError: Whatever stands in the way, in one line; nothing is half-written.
    """
    return _Loop(options, StageClock(on_stage), visible).run()


class _Loop:
    """One run: its workspace, its clock, and what the stages hand on."""

    def __init__(self, options: DemoOptions, clock: StageClock, visible: bool) -> None:
        self._options = options
        self._clock = clock
        self._visible = visible
        roots = [Path(options.data).absolute().parent] if options.data else []
        self._workspace = Workspace(options.home, roots=roots)
        self._bytes_read = 0.0

    def run(self) -> Outcome:
        settings = {field.name: getattr(self._options, field.name) for field in fields(self._options)}
        with running(self._workspace.events, "demo", verb="demo", settings=settings) as run:
            outcome = self._run()
            run.counts |= {"rows": outcome.rows, "bytes_read": outcome.bytes_read}
            return outcome

    def _run(self) -> Outcome:
        started = time.perf_counter()
        job = self._ingest()
        self._explore(job)
        nodes, address = self._options.nodes, self._options.address
        with self._workspace.dedicated("demo", nodes=nodes, progress=self._visible, address=address) as pool:
            self._say(f"dashboard: {pool.dashboard_link}")
            table = self._prepare(pool, job)
            study, model = self._tune(pool, job, table)
            comparison, registered = self._export(pool, model, table)
            scored = self._score(pool, job, registered)
            self._bytes_read += pool.usage().counts.get("bytes_read", 0.0)
            dashboard = pool.dashboard_link or ""
        return Outcome(
            rows=scored.rows,
            prepared_rows=table.count(),
            model=model,
            study=study,
            comparison=comparison,
            scored=scored,
            bytes_read=int(self._bytes_read),
            seconds=time.perf_counter() - started,
            stages=dict(self._clock.seconds),
            dashboard=dashboard,
            home=self._workspace.home,
            notes=study.data.notes,
        )

    def _ingest(self) -> Job:
        with self._clock.stage("ingest") as title:
            if self._options.data:
                path = Path(self._options.data).absolute()
                source = self._workspace.dataset(str(path), name=path.name if path.is_file() else "demo-data")
                self._say(f"{title}: {self._options.data} is read where it lies")
            else:
                source = self._generate(title)
            return job_for(source, self._options.label)

    def _generate(self, title: str) -> Dataset:
        months = share_rows(self._options.rows)
        with show(title, self._options.rows, visible=self._visible) as bar:
            write_trips(
                self._workspace.home,
                rows=self._options.rows,
                seed=self._options.seed,
                months=tuple(months),
                on_month=lambda month, rows: bar.advance(rows, note=month),
            )
        return self._workspace.dataset("raw/trips")

    def _explore(self, job: Job) -> None:
        with (
            self._clock.stage("explore") as title,
            self._workspace.serverless(
                "explore",
                max_workers=self._options.nodes,
                idle_seconds=_EXPLORER_IDLE_SECONDS,
                address=self._options.address,
            ) as pool,
        ):
            with show(title, 1, visible=self._visible) as bar:
                found = job.explore().compute()
                bar.advance()
            usage = pool.usage()
            self._bytes_read += usage.counts.get("bytes_read", 0.0)
            self._say(found.to_string())

    def _prepare(self, pool: WorkspacePool, job: Job) -> Table:
        with self._clock.stage("prepare"):
            return pool.write(job.prepared(), into=TABLE)

    def _tune(self, pool: WorkspacePool, job: Job, table: Table) -> tuple[Study, TrainedModel]:
        options = self._options
        with self._clock.stage("tune"):
            study = pool.tune(
                table,
                target=job.label,
                features=job.features,
                space=_space(),
                trials=options.trials,
                max_rounds=options.rounds,
                seed=options.seed,
            )
            best = study.best_trial
            model = pool.train(study.data, params=best.params, rounds=best.rounds, seed=options.seed)
        for note in study.data.notes:
            self._say(f"left out: {note}")
        self._say(f"{study!r}\n{model!r}")
        return study, model

    def _export(self, pool: WorkspacePool, model: TrainedModel, table: Table) -> tuple[Comparison, Model]:
        with self._clock.stage("export"):
            registered = self._workspace.models.register(MODEL, model)
            return pool.verify(registered, model, table), registered

    def _score(self, pool: WorkspacePool, job: Job, model: Model) -> Scored:
        with self._clock.stage("score"):
            return pool.score(model, job.scorable(), into=SCORES, keep=job.keep).result()

    def _say(self, text: str) -> None:
        if self._visible:
            print(text, file=sys.stderr, flush=True)


def _space() -> dict[str, Any]:
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        "max_depth": IntDistribution(4, 9),
        "eta": FloatDistribution(0.08, 0.4, log=True),
        "min_child_weight": FloatDistribution(1.0, 20.0, log=True),
        "colsample_bytree": FloatDistribution(0.6, 1.0),
    }
