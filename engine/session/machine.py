"""The session's way to the workers: bound queries are planned, run and written here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import FormatError
from engine.lake import TableName
from engine.runtime import Answer, Held, InlineTasks, Tasks, answer_of, execute, write_rows
from engine.runtime.kernel import Settings, cursor
from engine.session.binding.derived import put_queries
from engine.session.binding.file_faults import told
from engine.session.catalog.definitions import SYSTEM_SCHEMAS
from engine.session.prepared import Prepared
from engine.sql.plan import Layout, Plan, plan_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa
    from sqlglot import exp

    from engine.lake import Storage
    from engine.lake.ranges import Ranges
    from engine.session.binding.relations import Relation
    from engine.session.catalog.definitions import Key
    from engine.session.requests.recorder import Recorder
    from engine.session.workload.gate import Gate
    from engine.sql.plan.steps import Size


@dataclass(frozen=True, slots=True)
class Machine:
    """A pool and the files that it reads.

    Attributes:
        pool: Where queries run.
        storage: The workspace's files.
        nodes: How many compute nodes a query that reads so many bytes is planned for.
        recorder: Hears of every plan and its steps.
        allowance: Refuses a query over these tables where the budget is used up.
        gate: Where requests wait for their share of the pool.
        prepared: What it has translated and planned.
    """

    pool: Tasks
    storage: Storage
    nodes: Callable[[float], int]
    recorder: Recorder
    allowance: Callable[[Mapping[str, Relation]], None]
    gate: Gate
    prepared: Prepared = field(default_factory=Prepared)

    def plan(self, tree: exp.Query, relations: Mapping[str, Relation]) -> Plan:
        """The plan of a translated query."""
        facts = {key: relation.rows.facts for key, relation in relations.items()}
        weight = sum(relation.rows.facts.bytes or 0.0 for relation in relations.values())
        nodes = 1 if _only_catalog(relations) else self.nodes(weight)
        return self.prepared.plan(
            tree,
            relations,
            nodes,
            lambda: plan_query(put_queries(tree, relations), facts, nodes=nodes),
        )

    def answer(self, tree: exp.Query, relations: Mapping[str, Relation]) -> Answer:
        """Run a translated query; its rows stay where they are."""
        self.allowance(relations)
        self.admit(relations)
        tables = {key: relation.rows for key, relation in relations.items()}
        plan = self.plan(tree, relations)
        # To hear of each step costs a round trip for each: of one step nobody needs to hear early.
        steps = self.recorder.stepped if len(plan.steps) > 1 else None
        here = _only_catalog(relations)  # the catalog is in this process: no worker is woken to ask it
        try:
            answer = execute(
                InlineTasks() if here else self.pool,
                plan,
                tables,
                on_step=steps,
                on_sent=lambda: self.recorder.planned(plan, relations),
            )
        except FormatError as error:
            raise told(error, relations) from None
        if steps is None:
            self.recorder.stepped(answer.steps[0])
        self.recorder.answered(plan, answer)
        return answer_of(self.pool, answer.to_arrow()) if here else answer

    def admit(self, relations: Mapping[str, Relation]) -> bool:
        """Wait until the request may compute on these tables; return whether it had to."""
        return bool(relations) and not _only_catalog(relations) and self.gate.admit()

    def answer_to_write(self, tree: exp.Query, relations: Mapping[str, Relation]) -> Answer:
        """As `answer`, of the rows that a statement writes."""
        return self.answer(tree, relations)

    def expected(self, tree: exp.Query, relations: Mapping[str, Relation]) -> Size:
        """How much a translated query will give, as far as statistics tell.

        One node alone runs a query as it is, and its plan knows no sizes; that for two nodes does.
        """
        facts = {key: relation.rows.facts for key, relation in relations.items()}
        return plan_query(put_queries(tree, relations), facts, nodes=2).steps[-1].size

    @property
    def only_plans(self) -> bool:
        """Whether it runs nothing: a statement is explained."""
        return False

    @property
    def running(self) -> Machine:
        """The machine that runs, for what a plan itself depends on."""
        return self

    def write(
        self,
        rows: Held,
        key: Key,
        *,
        mode: str,
        layout: Layout | None = None,
        base: int | None = None,
        ranges: Ranges | None = None,
    ) -> int:
        """Write rows into a table in one commit, each part where it lies; return how many.

        Args:
            rows: What to write.
            key: The table.
            mode: `create`, `overwrite` or `append`.
            layout: How the rows are to lie; None for as they do.
            base: The version that the rows were computed from, where they are to replace it.
            ranges: The table's partitions; no file holds rows of two.

        Raises:
            ConflictError: The table was changed by another write since `base`.
            WriteError: The commit was refused.
        """
        name = TableName(key.schema, key.name)
        _, written = write_rows(
            self.pool, self.storage, rows, name, distribution=layout, mode=mode, base=base, ranges=ranges
        )
        return written

    def local(self, tree: exp.Query, inputs: Mapping[str, pa.Table]) -> pa.Table:
        """Run a small query in this process, over rows that are here.

        Raises:
            SqlRuntimeError: The query failed.
        """
        with cursor(Settings.of(self.storage)) as connection:
            for name, rows in inputs.items():
                connection.register(name, rows)
            found: pa.Table = connection.sql(tree.sql(dialect="duckdb")).to_arrow_table()
        return found


def _only_catalog(relations: Mapping[str, Relation]) -> bool:
    """Whether a query reads system views and nothing else."""
    return bool(relations) and all(one.schema in SYSTEM_SCHEMAS for one in relations.values())
