"""A plan for people: stable text, and the XML of a dedicated SQL pool's EXPLAIN.

The XML keeps the pool's words (`dsql_query`, `dsql_operation operation_type=...`) for what really happens
here; there are no RND_ID and ON operations before a move, since no statement creates temporary tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from sqlglot import exp

from engine.sql.plan.steps import (
    Broadcast,
    Gather,
    Keep,
    Move,
    Plan,
    Return,
    Scan,
    Shuffle,
    Site,
    Step,
    Trim,
)

DISTRIBUTIONS = 60
_OPERATIONS: dict[type[Move], str] = {
    Shuffle: "SHUFFLE_MOVE",
    Broadcast: "BROADCAST_MOVE",
    Gather: "PARTITION_MOVE",
    Trim: "TRIM_MOVE",
    Keep: "ON",
    Return: "RETURN",
}


def operation_of(step: Step) -> str:
    """The step's kind, in the words of a dedicated SQL pool."""
    return _OPERATIONS[type(step.move)]


def moved_share(move: Move, nodes: int) -> float:
    """How often a row travels from node to node: less than once where some rows are at home already."""
    if isinstance(move, Broadcast):
        return nodes - 1
    return (nodes - 1) / nodes if isinstance(move, (Shuffle, Gather)) else 0.0


def moved_bytes(step: Step, nodes: int) -> float:
    """Estimated bytes that the step sends from node to node."""
    return step.size.bytes * moved_share(step.move, nodes)


def explain(plan: Plan) -> str:
    """The plan as stable text: one block per step, with what it reads and its SQL."""
    blocks = [f"{plan.nodes} {'node' if plan.nodes == 1 else 'nodes'}"]
    blocks += [f"note: {note}" for note in plan.notes]
    blocks += ["\n".join(_lines(step)) for step in plan.steps]
    return "\n\n".join(blocks) + "\n"


def _lines(step: Step) -> Iterator[str]:
    places = "every node" if step.site is Site.NODES else "control"
    keys = shuffle_columns(step)
    by = f" by {', '.join(keys)}" if keys else ""
    yield f"{step.name}: {operation_of(step)}{by} from {places}, about {step.size.rows:,.0f} rows"
    for scan in step.fragment.scans:
        yield f"  {_scan_line(scan)}"
    text = step.fragment.query.sql(dialect="duckdb", pretty=True)
    yield from (f"    {line}" for line in text.splitlines())


def _scan_line(scan: Scan) -> str:
    columns = ", ".join(scan.columns) or "rows only"
    where = f" where {scan.predicate.sql(dialect='duckdb')}" if scan.predicate is not None else ""
    share = "all of " if scan.whole else ""
    ranges = f" by ranges of {scan.span.column}" if scan.span is not None else ""
    return f"reads {share}{scan.table}{ranges} as {scan.name} ({columns}){where}"


def shuffle_columns(step: Step) -> tuple[str, ...]:
    """The columns of a step's result by which its rows travel; none for other moves."""
    if not isinstance(step.move, (Shuffle, Trim)):
        return ()
    return tuple(column.name for key in step.move.keys for column in key.find_all(exp.Column))


def explain_xml(plan: Plan, sql: str, views: Sequence[str] = ()) -> str:
    """The plan in the XML of a dedicated SQL pool's EXPLAIN.

    Args:
        plan: The plan.
        sql: The statement as the user wrote it.
        views: Statements of the materialized views that would answer it.
    """
    root = ElementTree.Element(
        "dsql_query",
        number_nodes=str(plan.nodes),
        number_distributions=str(DISTRIBUTIONS),
        number_distributions_per_node=str(-(-DISTRIBUTIONS // plan.nodes)),
    )
    ElementTree.SubElement(root, "sql").text = sql
    ElementTree.SubElement(root, "params")
    if views:
        candidates = ElementTree.SubElement(root, "materialized_view_candidates", with_constants="False")
        for view in views:
            ElementTree.SubElement(candidates, "materialized_view").text = view
    costs = [moved_bytes(step, plan.nodes) / 1e6 for step in plan.steps]
    operations = ElementTree.SubElement(
        root,
        "dsql_operations",
        total_cost=f"{sum(costs):.6g}",
        total_number_operations=str(len(plan.steps)),
    )
    for at, step in enumerate(plan.steps):
        _add_operation(operations, step, costs[at], sum(costs[: at + 1]))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}'


def _add_operation(parent: ElementTree.Element, step: Step, cost: float, so_far: float) -> None:
    operation = ElementTree.SubElement(parent, "dsql_operation", operation_type=operation_of(step))
    ElementTree.SubElement(
        operation,
        "operation_cost",
        cost=f"{cost:.6g}",
        accumulative_cost=f"{so_far:.6g}",
        average_rowsize=f"{step.size.width:.6g}",
        output_rows=f"{step.size.rows:.6g}",
    )
    ElementTree.SubElement(operation, "location", distribution=step.site.value)
    if isinstance(step.move, Return):
        ElementTree.SubElement(operation, "select").text = step.fragment.sql()
        return
    ElementTree.SubElement(operation, "source_statement", type="statement").text = step.fragment.sql()
    ElementTree.SubElement(operation, "destination_table").text = f"[{step.name}]"
    keys = shuffle_columns(step)
    if keys:
        ElementTree.SubElement(operation, "shuffle_columns").text = "".join(f"{key};" for key in keys)
