"""A machine that plans and runs nothing: what EXPLAIN puts in the place of the real one."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa

from engine.runtime import Answer, InlineTasks, answer_of
from engine.session.doing.signals import Signal
from engine.session.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

    from engine.session.binding.relations import Relation
    from engine.sql.plan import Plan


class PlanFound(Signal):
    """The plan of the rows that a statement would return or write."""

    def __init__(self, plan: Plan, relations: Mapping[str, Relation]) -> None:
        super().__init__(plan)
        self.plan = plan
        self.relations = relations


@dataclass(frozen=True, slots=True)
class Planning(Machine):
    """Stops a statement where the real machine would compute the rows that it is about."""

    @classmethod
    def of(cls, machine: Machine) -> Planning:
        """The same pool and files, looked at only."""
        return cls(**{name.name: getattr(machine, name.name) for name in fields(machine)})

    @property
    def only_plans(self) -> bool:
        """It runs nothing."""
        return True

    @property
    def running(self) -> Machine:
        """The real one."""
        return Machine(**{name.name: getattr(self, name.name) for name in fields(self)})

    def admit(self, _relations: Mapping[str, Relation]) -> bool:
        """What is only looked at waits for nothing."""
        return False

    def answer(self, tree: exp.Query, relations: Mapping[str, Relation]) -> Answer:
        """What a statement asks on its way, such as how many rows it will change: one, for each question."""
        names = self.plan(tree, relations).steps[-1].move
        columns = getattr(names, "columns", ())
        ones = [pa.array([1], pa.int64()) for _ in columns]
        return answer_of(InlineTasks(), pa.Table.from_arrays(ones, names=list(columns)))

    def answer_to_write(self, tree: exp.Query, relations: Mapping[str, Relation]) -> NoReturn:
        """The rows that the statement is about.

        Raises:
            PlanFound: Always.
        """
        plan = self.plan(tree, relations)
        if plan.nodes == 1:
            size = self.expected(tree, relations)
            plan = replace(plan, steps=tuple(replace(step, size=size) for step in plan.steps))
        raise PlanFound(plan, relations)

    def write(self, *_args: Any, **_options: Any) -> NoReturn:
        """Nothing is written by a statement that is explained."""
        raise AssertionError("A statement that is only looked at has come as far as to write.")
