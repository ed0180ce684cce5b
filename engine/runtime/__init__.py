"""Plans run on pools: DuckDB inside Dask tasks, over files of the lake and rows that lie on workers.

`bind_source`, `bind_held` and `bound_table` tell what a query reads, `execute` runs a plan and gives its
`Answer`, `write_rows` makes a table of one.
"""

from __future__ import annotations

from engine.runtime.answer import Answer, StepFacts, answer_of, answer_of_parts
from engine.runtime.bound import BoundTable, Held, Stored, bind_held, bind_source
from engine.runtime.execute import execute
from engine.runtime.output import Output, TaskFacts
from engine.runtime.reads import Read, reads_of
from engine.runtime.tables import bound_table, layout_of
from engine.runtime.tasks import InlineTasks, Tasks
from engine.runtime.writing import write_parts, write_rows

__all__ = [
    "Answer",
    "BoundTable",
    "Held",
    "InlineTasks",
    "Output",
    "Read",
    "StepFacts",
    "Stored",
    "TaskFacts",
    "Tasks",
    "answer_of",
    "answer_of_parts",
    "bind_held",
    "bind_source",
    "bound_table",
    "execute",
    "layout_of",
    "reads_of",
    "write_parts",
    "write_rows",
]
