"""The plan: an immutable DAG of steps, each a SQL fragment and what happens to its rows.

Where things run. A plan is for `nodes` compute nodes; the control node is one of them. A table's rows lie in
60 distributions, dealt out to the nodes; a moved row goes to the node of the distribution of its key. A step
at `Site.NODES` runs its fragment on every node, one at `Site.CONTROL` on the control node alone. What a step
leaves behind has the step's name and may be read by later fragments: of a Broadcast everywhere, of a Gather
at control, else on each node its own share.

What the runtime promises. Moves keep types exactly (HUGEINT too: DuckDB's `arrow_lossless_conversion`), keep
NULLs and duplicates, and promise no row order. Tables of a `Hash` layout and moves use one function from key
values to distributions, over the canonical forms of `hashing.py`. DuckDB runs with its default collation.

Trees inside a plan are values: nobody changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

    from engine.sql.plan.distribution import Cuts


class Site(Enum):
    """Where a fragment runs."""

    NODES = "AllComputeNodes"
    CONTROL = "Control"


@dataclass(frozen=True, slots=True)
class Span:
    """How nodes share a table by ranges of a column: node i reads from cut i - 1 up to cut i.

    Attributes:
        column: The column; it has no NULLs.
        cuts: The least values of all nodes but the first.
    """

    column: str
    cuts: Cuts


@dataclass(frozen=True, slots=True)
class Scan:
    """A leaf: what a fragment reads of a table.

    Attributes:
        name: The name under which fragments read it.
        table: The table's name, as the query wrote it (folded to lower case).
        alias: The alias of the place in the query.
        columns: Columns needed; empty when only the number of rows matters.
        predicate: Rows that fail it are not needed (the fragment still tests it): for skipping files. Bare
            columns.
        whole: Every node reads all rows (a replicated table, a small one); else each node its own share.
        span: The ranges by which nodes share it; None for shares as files or distributions lie.
    """

    name: str
    table: str
    alias: str
    columns: tuple[str, ...]
    predicate: exp.Expr | None
    whole: bool
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Fragment:
    """One query for DuckDB; its FROM items are scans and the results of earlier steps, by name."""

    query: exp.Query
    scans: tuple[Scan, ...]
    inputs: tuple[str, ...]

    def sql(self) -> str:
        """The one render of the tree, as DuckDB's SQL."""
        return self.query.sql(dialect="duckdb")


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Each row goes to the node of its key: expressions over the fragment's output columns.

    Attributes:
        keys: The expressions.
        cuts: Of one key: the ranges that are the nodes', as in `Span`; none where a hash decides.
    """

    keys: tuple[exp.Expr, ...]
    cuts: Cuts = ()


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Every node gets all rows."""


@dataclass(frozen=True, slots=True)
class Gather:
    """The control node gets all rows."""


@dataclass(frozen=True, slots=True)
class Trim:
    """Every node has all rows and keeps those whose key is its own; nothing travels. As `Shuffle`."""

    keys: tuple[exp.Expr, ...]
    cuts: Cuts = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """Rows stay where they are, under the step's name: a query that is read more than once."""


@dataclass(frozen=True, slots=True)
class Return:
    """Rows go to whoever asked: those of every node, or of control where they are in order.

    Attributes:
        columns: Names of the result's columns, as the query spelled them.
    """

    columns: tuple[str, ...]


Move = Shuffle | Broadcast | Gather | Trim | Keep | Return


@dataclass(frozen=True, slots=True)
class Size:
    """An estimate of rows, and of the bytes of one row in memory."""

    rows: float
    width: float

    @property
    def bytes(self) -> float:
        return self.rows * self.width


@dataclass(frozen=True, slots=True)
class Step:
    """One step: run `fragment` at `site`, then do `move`; the result is called `name`."""

    name: str
    fragment: Fragment
    site: Site
    move: Move
    size: Size


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they can run; the last one is the Return.

    Attributes:
        steps: The steps; which ones a step waits for is `step.fragment.inputs`.
        nodes: The number of compute nodes that the plan is for.
        notes: Why parts of the query run on one node, where they do.
    """

    steps: tuple[Step, ...]
    nodes: int
    notes: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[Step, ...]:
        """The steps before the Return."""
        return self.steps[:-1]

    @property
    def scans(self) -> Iterator[Scan]:
        """Every scan of every step."""
        return (scan for step in self.steps for scan in step.fragment.scans)
