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
from engine.runtime.narrowing import Numbers, narrowed, numbers_of
from engine.runtime.output import SmallOutput, TaskFacts, part_of, report
from engine.runtime.scans import HeldOpening, bytes_of, openings, raw_name
from engine.runtime.spelling import spelled
from engine.sql.plan import Broadcast, Gather, Return, Shuffle, Site, Trim
from pools import Call

if TYPE_CHECKING:
    from sqlglot import exp

    from engine.runtime.bound import BoundTable
    from engine.runtime.output import Report
    from engine.runtime.scans import Opening
    from engine.runtime.tasks import Tasks
    from engine.sql.plan import Cuts, Move, Plan, Scan, Step


# A query that reads more of its files is worth a look while it runs: it takes a second or more.
_LONG_BYTES = 1 << 28

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
        on_step: Called with each step's facts, in the order of the plan: of a query that reads much as soon
            as the step is done, else when all are.
        on_sent: Called when the workers have all of it and nothing is waited for yet.

    Raises:
        SqlRuntimeError: The data cannot be computed on, or a worker's memory is too small.
        FormatError: A file has changed since its table was bound, or holds what its columns cannot.
        BindError: The plan reads a table that is not among `tables`.
        TaskLostError: Too many workers died under a task.
    """
    run = _Run(pool, plan.nodes, _by_name(tables))
    for step in plan.steps:
        run.add(step)
    run.send(plan)
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
    """One execution: the calls that make it up, and what was sent of them to the pool."""

    pool: Tasks
    nodes: int
    tables: Mapping[str, BoundTable]
    calls: list[Call] = field(default_factory=list)
    # For each step the calls that give its outputs, and those that give what each node reads of it.
    outputs: dict[str, list[Call]] = field(default_factory=dict)
    left: dict[str, list[list[Call]]] = field(default_factory=dict)
    bytes_read: int = 0
    parts: list[Any] = field(default_factory=list)
    reports: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, step: Step) -> None:
        """The calls of a step."""
        sites = range(self.nodes) if step.site is Site.NODES else range(1)
        label = f"sql-{type(step.move).__name__.lower()}"
        outputs = [self._call(label, task, *parts) for task, parts in self._tasks(step, sites)]
        self.outputs[step.name] = outputs
        self.left[step.name] = self._left_behind(step.move, outputs)

    def _call(self, label: str, fn: Callable[..., Any], *args: Any) -> Call:
        self.calls.append(Call(fn, args, label))
        return self.calls[-1]

    def send(self, plan: Plan) -> None:
        """Send all of it in one message; nothing is waited for.

        A report of each step takes a task, and a round trip, of its own. They pay where somebody watches; a
        short query tells of all its steps at its end.
        """
        last = plan.steps[-1].name
        told = [step.name for step in plan.steps[:-1]] if self.bytes_read > _LONG_BYTES else []
        reports = {
            name: [self._call("sql-report", report, one, False) for one in self.outputs[name]]
            for name in told
        }
        wanted = [*self.outputs[last], *(one for name in told for one in reports[name])]
        futures = iter(self.pool.submit_all(self.calls, wanted))
        self.parts = [next(futures) for _ in self.outputs[last]]
        self.reports = {name: [next(futures) for _ in listed] for name, listed in reports.items()}

    def finish(self, plan: Plan, on_step: OnStep | None) -> Answer:
        """Wait for the steps."""
        last = plan.steps[-1].name
        for step in plan.steps[:-1]:
            if on_step is not None and step.name in self.reports:
                told = self.pool.gather(self.reports[step.name])
                on_step(_facts_of(step, [one.facts for one in told]))
        reports = self._returned()
        known = {key: facts for one in reports for key, facts in one.before.items()}
        steps = []
        for step in plan.steps:
            steps.append(_facts_of(step, [known[key] for key in sorted(known) if key[0] == step.name]))
            if on_step is not None and (step.name == last or step.name not in self.reports):
                on_step(steps[-1])
        return Answer(self.pool, tuple(self.parts), tuple(reports), tuple(steps))

    def _returned(self) -> list[Report]:
        """What is known of the result: its small parts are fetched, the others stay and are told of."""
        small = [kind is SmallOutput for kind in self.pool.kinds(self.parts)]
        asked = [
            one if few else self.pool.submit(report, one, True, label="sql-report")
            for one, few in zip(self.parts, small, strict=True)
        ]
        found = self.pool.gather(asked)
        return [report(one, whole=True) if isinstance(one, SmallOutput) else one for one in found]

    def _tasks(self, step: Step, sites: range) -> list[tuple[FragmentTask, list[Any]]]:
        tables = [self._table(scan) for scan in step.fragment.scans]
        scanned = [
            openings(table, scan, self.nodes) for table, scan in zip(tables, step.fragment.scans, strict=True)
        ]
        sql, settings = self._sql(step, tables), _settings(tables)
        tasks = []
        for node in sites:
            inputs, arguments = self._inputs(step, [each[node] for each in scanned], node)
            opened = tuple(each[node][0] for each in scanned)
            self.bytes_read += sum(bytes_of(one) for one in opened)
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

    def _sql(self, step: Step, tables: Sequence[BoundTable]) -> str:
        scanned = zip(step.fragment.scans, tables, strict=True)
        numbers = tuple(one for scan, table in scanned for one in numbers_of(scan, table.facts))
        if not isinstance(step.move, Shuffle | Trim):
            return _rendered(step.fragment.query, None, (), self.nodes, numbers)
        return _rendered(step.fragment.query, step.move.keys, step.move.cuts, self.nodes, numbers)

    def _left_behind(self, move: Move, outputs: list[Call]) -> list[list[Call]]:
        """For each node the parts of a step that it may read."""
        if isinstance(move, Shuffle):
            return [
                [self._call("sql-part", part_of, output, node) for output in outputs]
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


def _facts_of(step: Step, tasks: Sequence[TaskFacts]) -> StepFacts:
    return StepFacts(step.name, type(step.move).__name__, tuple(tasks))


@lru_cache(maxsize=1024)
def _rendered(
    query: exp.Query,
    keys: tuple[exp.Expr, ...] | None,
    cuts: Cuts,
    nodes: int,
    numbers: tuple[Numbers, ...],
) -> str:
    """The one render of a fragment; a plan that is run again is not rendered again."""
    whole = query if keys is None else with_node(query, keys, nodes, cuts)
    return spelled(narrowed(whole, numbers)).sql(dialect="duckdb")


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
        step=step.name,
    )
