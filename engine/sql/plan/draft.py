"""A plan while it is being made: the steps so far, and what is known of the query's columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.distribution import Replicated, Single, Spread, is_apart, renamed
from engine.sql.plan.estimate import rows_of, width_of
from engine.sql.plan.facts import ColumnFacts
from engine.sql.plan.hashing import hash_core, hashed_value
from engine.sql.plan.names import fresh_name
from engine.sql.plan.pieces import ONE_ROW, Limiter, Piece, Source, output_names, read_from
from engine.sql.plan.rereading import read_whole, reading_by_all, scans_of
from engine.sql.plan.sharing import signature
from engine.sql.plan.steps import Broadcast, Fragment, Gather, Keep, Move, Shuffle, Site, Size, Step, Trim
from engine.sql.plan.travel import ReadByAll, ToControl, ToKeys, Travel, arrival, is_there
from engine.sql.plan.trees import column, derived, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.sql.plan.binding import Bound
    from engine.sql.plan.join_tree import Group


@dataclass(frozen=True, slots=True)
class Relation:
    """A finished query.

    Attributes:
        query: What each node that has rows runs.
        names: Its output columns.
        spread: Where its rows are; terms are output columns without a table.
        rows: Estimated number of rows.
        facts: What is known of each output column.
        stored: Name of the step that holds the rows, if one does.
    """

    query: exp.Query
    names: tuple[str, ...]
    spread: Spread
    rows: float
    facts: tuple[ColumnFacts, ...]
    stored: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The two entries into the planner's recursion: modules need not import each other in a circle.

    Attributes:
        relation: Plans a query that stands on its own.
        rows: Plans a FROM clause with conditions, given what is read of it.
    """

    relation: Callable[[Draft, exp.Expr], Relation]
    rows: Callable[[Draft, Group, frozenset[exp.Expr]], Piece]


class Draft:
    """Steps under construction. The only thing of the planner that changes while it works."""

    def __init__(self, bound: Bound, nodes: int, rules: Rules) -> None:
        self.bound = bound
        self.nodes = nodes
        self.known: dict[exp.Expr, ColumnFacts] = dict(bound.known)
        self.ctes: dict[str, Relation] = {}
        self.steps: list[Step] = []
        self.notes: list[str] = []
        self._rules = rules
        self._taken = set(bound.taken)
        self._results: dict[str | None, str] = {}
        self._scans = {scan.name: scan for scan in bound.scans.values()}

    def relation_of(self, query: exp.Expr) -> Relation:
        """Plan a query that stands on its own."""
        return self._rules.relation(self, query)

    def rows_of(self, group: Group, demand: frozenset[exp.Expr]) -> Piece:
        """Plan a FROM clause with conditions; `demand` is what is read of it later."""
        return self._rules.rows(self, group, demand)

    def mark(self) -> tuple[int, int]:
        """A place to come back to with `reset`."""
        return len(self.steps), len(self.notes)

    def reset(self, mark: tuple[int, int]) -> None:
        """Forget the steps since a mark."""
        gone = {step.name for step in self.steps[mark[0] :]}
        self._results = {same: name for same, name in self._results.items() if name not in gone}
        del self.steps[mark[0] :]
        del self.notes[mark[1] :]

    def column(self, name: str, table: str) -> exp.Column:
        """A known column, with its type."""
        tree = column(name, table)
        kind = self.known[tree].type
        tree.type = exp.DataType.build(kind, dialect="duckdb") if kind else None
        return tree

    def fresh(self, wanted: str) -> str:
        """A name that nothing else in the plan has."""
        return fresh_name(wanted, self._taken)

    def size_of(self, rows: float, values: Iterable[exp.Expr]) -> Size:
        """The size of rows of these values."""
        return Size(rows, sum(width_of(self.facts_of(value)) for value in values) or 1.0)

    def extent_of(self, relation: Relation) -> Size:
        """The size of a relation."""
        return Size(relation.rows, sum(width_of(facts) for facts in relation.facts) or 1.0)

    def facts_of(self, value: exp.Expr) -> ColumnFacts:
        """What is known of a value: a column's facts, or the type alone."""
        known = self.known.get(value)
        if known is not None:
            return known
        return ColumnFacts(value.type.sql(dialect="duckdb") if value.type is not None else "")

    def send(
        self, piece: Piece, travel: Travel, outputs: Iterable[exp.Expr], *, limiter: Limiter | None = None
    ) -> Piece:
        """The piece after its rows travelled, with these identities; `limiter` cuts rows before they do."""
        if is_there(piece.spread, travel):
            return piece if isinstance(piece.spread, type(arrival(travel))) else at_control(piece)
        if isinstance(travel, ReadByAll):
            return read_whole(piece, self._scans, self.fresh)
        listed = output_names(_with_keys(list(outputs), travel)) or [ONE_ROW]
        select = piece.close(listed)
        before = len(self.steps)
        name = self._add(
            limiter(select) if limiter is not None else select,
            Site.CONTROL if isinstance(piece.spread, Single) else Site.NODES,
            self._move(travel, piece.spread, dict(listed)),
            self.size_of(piece.rows, [value for value, _ in listed]),
        )
        alias = name if len(self.steps) > before else self.fresh(name)
        return read_from(piece, table(name, alias), listed, arrival(travel))

    def anew(self, piece: Piece) -> ReadByAll | None:
        """How every node would read all of the piece itself, if it can."""
        return reading_by_all(self.bound, self._scans, piece, self.nodes)

    def rows_read(self, piece: Piece) -> float:
        """Rows of the tables that the piece stands on; its own, if it stands on results of steps."""
        read = scans_of(piece, self._scans)
        return sum(rows_of(self.bound.tables[scan.alias]) for scan in read) or piece.rows

    def is_scanned(self, piece: Piece) -> bool:
        """Whether the piece stands on scans alone."""
        return bool(scans_of(piece, self._scans))

    def values_everywhere(self, step: Step, name: str, size: Size) -> exp.Select:
        """The distinct values of a step's column, about so many, sent from every node to every node."""
        query = exp.select(column(name, step.name)).from_(table(step.name, step.name)).distinct()
        sent = self._add(query, Site.NODES, Broadcast(), size, wanted=f"m{len(self.steps) + 1}")
        return exp.select(column(name, sent)).from_(table(sent, sent))

    def _move(self, travel: Travel, spread: Spread, names: dict[exp.Expr, str]) -> Move:
        if not isinstance(travel, ToKeys):
            return Gather() if isinstance(travel, ToControl) else Broadcast()
        keys = tuple(
            hashed_value(column(names.get(hash_core(value)) or names[value]), form)
            for value, form in travel.keys
        )
        kind = Trim if isinstance(spread, Replicated) else Shuffle
        return kind(keys, travel.cuts)

    def keep(self, relation: Relation, wanted: str) -> Relation:
        """The relation, computed once: its rows stay where they are, under a name."""
        site = Site.CONTROL if isinstance(relation.spread, Single) else Site.NODES
        name = self._add(relation.query, site, Keep(), self.extent_of(relation), wanted=wanted)
        query = exp.select(*(column(output) for output in relation.names)).from_(table(name, name))
        return replace(relation, query=query, stored=name)

    def finish(self, relation: Relation, move: Move) -> None:
        """Add the last step."""
        site = Site.NODES if is_apart(relation.spread) else Site.CONTROL
        self._add(relation.query, site, move, self.extent_of(relation), wanted="result")

    def _add(self, query: exp.Query, site: Site, move: Move, size: Size, wanted: str = "") -> str:
        same = signature(query, move, self._scans)
        if same in self._results:
            return self._results[same]
        name = self.fresh(wanted or f"m{len(self.steps) + 1}")
        if same is not None:
            self._results[same] = name
        self.steps.append(Step(name, self.fragment(query), site, move, size))
        return name

    def fragment(self, query: exp.Query) -> Fragment:
        """The query with what it reads."""
        read = {node.name for node in query.find_all(exp.Table)}
        scans = tuple(scan for name, scan in self._scans.items() if name in read)
        return Fragment(query, scans, tuple(step.name for step in self.steps if step.name in read))

    def item(self, relation: Relation, alias: str) -> Piece:
        """A relation as a FROM item of another query."""
        for name, facts in zip(relation.names, relation.facts, strict=True):
            self.known[column(name, alias)] = facts
        item = table(relation.stored, alias) if relation.stored else derived(relation.query, alias)
        return Piece(
            sources=(Source(item),),
            where=(),
            spread=renamed(relation.spread, lambda term: [column(term.name, alias)]),
            rows=relation.rows,
            aliases=frozenset({alias}),
        )


def _with_keys(outputs: list[exp.Expr], travel: Travel) -> list[exp.Expr]:
    """The outputs and what of the keys is not among them; what a key is made of hashes as the key does."""
    if isinstance(travel, ToKeys):
        outputs += [value for value, _ in travel.keys if hash_core(value) not in outputs]
    return outputs


def at_control(piece: Piece) -> Piece:
    """A replicated piece, computed by the control node alone."""
    return replace(piece, spread=Single())
