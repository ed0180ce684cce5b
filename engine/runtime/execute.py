"""Run a plan on a pool: a task for each step and node, and Dask to carry what moves between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import BindError
from engine.runtime.answer import Answer, StepFacts
from engine.runtime.bound import Stored
from engine.runtime.distribution import with_node
from engine.runtime.fragments import FragmentTask, Input
from engine.runtime.kernel import Settings
from engine.runtime.output import part_of, report
from engine.runtime.scans import HeldOpening, openings, raw_name
from engine.runtime.spelling import spelled
from engine.sql.plan import Broadcast, Gather, Return, Shuffle, Site, Trim

if TYPE_CHECKING:
    from sqlglot import exp

    from engine.runtime.bound import BoundTable
    from engine.runtime.scans import Opening
    from engine.runtime.tasks import Tasks
    from engine.sql.plan import Move, Plan, Scan, Step


OnStep = Callable[[StepFacts], None]
OnSent = Callable[[], None]


def execute(
    pool: Tasks,
    plan: Plan,
    tables: Mapping[str, BoundTable],
    *,
    on_step: OnStep | None = None,
    on_sent: OnSent | None = None,
) -> Answer:
    """Run a plan; return when its rows are there, on the workers.

    A worker that is lost takes nothing along: what it held is computed again from the files.

    Args:
        pool: Where the tasks run; a plan for n nodes is n tasks for each step, wherever they run.
        plan: What to run.
        tables: The tables of the plan, as they were given to the planner.
        on_step: Called with each step's facts, in the order of the plan, as soon as they are known.
        on_sent: Called when the workers have all of it and nothing is waited for yet.

    Raises:
        SqlRuntimeError: The data cannot be computed on, or a worker's memory is too small.
        FormatError: A file has changed since its table was bound, or holds what its columns cannot.
        BindError: The plan reads a table that is not among `tables`.
        TaskLostError: Too many workers died under a task.
    """
    run = _Run(pool, plan.nodes, _by_name(tables))
    for step in plan.steps:
        run.start(step)
    if on_sent is not None:
        on_sent()
    return run.finish(plan, on_step)


def _by_name(tables: Mapping[str, BoundTable]) -> dict[str, BoundTable]:
    named: dict[str, BoundTable] = {}
    for table in tables.values():
        other = named.setdefault(table.facts.name, table)
        if other is not table:
            raise BindError(f"Two tables of one query are called '{table.facts.name}'.", "Bind each once.")
    return named


@dataclass(slots=True)
class _Run:
    """One execution: what has been sent to the pool so far."""

    pool: Tasks
    nodes: int
    tables: Mapping[str, BoundTable]
    # For each step the futures of its outputs, of its reports, and of what each node reads of it.
    outputs: dict[str, list[Any]] = field(default_factory=dict)
    reports: dict[str, list[Any]] = field(default_factory=dict)
    left: dict[str, list[list[Any]]] = field(default_factory=dict)

    def start(self, step: Step) -> None:
        """Send the tasks of a step; nothing is waited for."""
        sites = range(self.nodes) if step.site is Site.NODES else range(1)
        tasks = self._tasks(step, sites)
        label = f"sql-{type(step.move).__name__.lower()}"
        outputs = [self.pool.submit(task, *parts, label=label) for task, parts in tasks]
        last = isinstance(step.move, Return)
        self.outputs[step.name] = outputs
        self.reports[step.name] = [self.pool.submit(report, one, last, label="sql-report") for one in outputs]
        self.left[step.name] = self._left_behind(step.move, outputs)

    def finish(self, plan: Plan, on_step: OnStep | None) -> Answer:
        """Wait for the steps: in one round trip, if nobody wants to hear of each."""
        names = [step.name for step in plan.steps]
        if on_step is None:
            told = iter(self.pool.gather([one for name in names for one in self.reports[name]]))
            reports = [[next(told) for _ in self.reports[name]] for name in names]
        else:
            reports = []
        facts: list[StepFacts] = []
        for at, step in enumerate(plan.steps):
            if on_step is not None:
                reports.append(self.pool.gather(self.reports[step.name]))
            facts.append(
                StepFacts(step.name, type(step.move).__name__, tuple(one.facts for one in reports[at]))
            )
            if on_step is not None:
                on_step(facts[-1])
        return Answer(self.pool, tuple(self.outputs[names[-1]]), tuple(reports[-1]), tuple(facts))

    def _tasks(self, step: Step, sites: range) -> list[tuple[FragmentTask, list[Any]]]:
        tables = [self._table(scan) for scan in step.fragment.scans]
        scanned = [
            openings(table, scan, self.nodes) for table, scan in zip(tables, step.fragment.scans, strict=True)
        ]
        sql, settings = self._sql(step), _settings(tables)
        tasks = []
        for node in sites:
            inputs, arguments = self._inputs(step, [each[node] for each in scanned], node)
            opened = tuple(each[node][0] for each in scanned)
            tasks.append((_task(step, settings, sql, node, self.nodes, opened, inputs), arguments))
        return tasks

    def _inputs(
        self, step: Step, opened: Sequence[tuple[Opening, tuple[Any, ...]]], node: int
    ) -> tuple[list[Input], list[Any]]:
        """What the task of a node is given: parts that tables hold, then what earlier steps left."""
        inputs: list[Input] = []
        arguments: list[Any] = []
        for opening, parts in opened:
            if isinstance(opening, HeldOpening):
                inputs.append(Input(raw_name(opening.name), len(parts), opening.schema))
                arguments += parts
        for name in step.fragment.inputs:
            inputs.append(Input(name, len(self.left[name][node])))
            arguments += self.left[name][node]
        return inputs, arguments

    def _sql(self, step: Step) -> str:
        keys = step.move.keys if isinstance(step.move, Shuffle | Trim) else None
        return _rendered(step.fragment.query, keys, self.nodes)

    def _left_behind(self, move: Move, outputs: list[Any]) -> list[list[Any]]:
        """For each node the parts of a step that it may read."""
        if isinstance(move, Shuffle):
            return [
                [self.pool.submit(part_of, output, node, label="sql-part") for output in outputs]
                for node in range(self.nodes)
            ]
        if isinstance(move, Broadcast):
            return [outputs] * self.nodes
        return [outputs] if isinstance(move, Gather) else [[output] for output in outputs]

    def _table(self, scan: Scan) -> BoundTable:
        found = self.tables.get(scan.table)
        if found is None:
            raise BindError(f"Invalid object name '{scan.table}'.", "Give the tables that were planned with.")
        return found


@lru_cache(maxsize=1024)
def _rendered(query: exp.Query, keys: tuple[exp.Expr, ...] | None, nodes: int) -> str:
    """The one render of a fragment; a plan that is run again is not rendered again."""
    whole = query if keys is None else with_node(query, keys, nodes)
    return spelled(whole).sql(dialect="duckdb")


def _settings(tables: Sequence[BoundTable]) -> Settings:
    return Settings.of(
        *(table.rows.source.reader.storage for table in tables if isinstance(table.rows, Stored))
    )


def _task(
    step: Step,
    settings: Settings,
    sql: str,
    node: int,
    nodes: int,
    opened: tuple[Opening, ...],
    inputs: Sequence[Input],
) -> FragmentTask:
    move = step.move
    return FragmentTask(
        settings,
        sql,
        node,
        opened,
        tuple(inputs),
        columns=move.columns if isinstance(move, Return) else None,
        split=nodes if isinstance(move, Shuffle) else None,
        own=isinstance(move, Trim),
        plain=isinstance(move, Return),
    )
