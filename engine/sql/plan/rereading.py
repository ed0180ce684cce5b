"""Rows that every node reads itself instead of having them sent: what every node can reach need not travel.

A piece that stands on scans alone gives all its rows wherever its scans read all of their tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.distribution import Replicated, is_apart
from engine.sql.plan.estimate import rows_of, width_of
from engine.sql.plan.facts import RoundRobin
from engine.sql.plan.functions import is_volatile
from engine.sql.plan.names import identifier
from engine.sql.plan.steps import Size
from engine.sql.plan.travel import read_by_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.sql.plan.binding import Bound
    from engine.sql.plan.pieces import Piece
    from engine.sql.plan.steps import Scan
    from engine.sql.plan.travel import ReadByAll

_PLAIN = {"kind", "expressions", "from_", "joins", "where"}


def reading_by_all(bound: Bound, scans: Mapping[str, Scan], piece: Piece, nodes: int) -> ReadByAll | None:
    """What it takes that every node reads all of the piece itself; None where it must not, or cannot.

    Args:
        bound: The query.
        scans: All scans by name.
        piece: Rows that are apart.
        nodes: Number of nodes.
    """
    if not is_apart(piece.spread) or piece.group or piece.having or piece.qualify:
        return None
    read = scans_of(piece, scans)
    if not read:
        return None
    raw = width = 0.0
    for scan in read:
        facts = bound.tables[scan.alias]
        # Nobody has counted the rows of texts, which are read much slower than columns; and tables by
        # ROUND_ROBIN are broadcast, as users of dedicated pools know it.
        if facts.rows is None or isinstance(facts.layout, RoundRobin):
            return None
        wide = sum(width_of(facts.columns[name]) for name in scan.columns) or 1.0
        raw, width = raw + rows_of(facts) * wide, width + wide
    return read_by_all(raw, Size(piece.rows, width), nodes)


def scans_of(piece: Piece, scans: Mapping[str, Scan]) -> list[Scan]:
    """The scans that the piece stands on; none if it stands on anything else, or does more than to join."""
    found = []
    for tree in _trees(piece):
        for node in tree.walk():
            if isinstance(node, exp.Query | exp.Lateral | exp.Unnest) and not _is_plain(node):
                return []
            if isinstance(node, exp.Table):
                if not isinstance(node.this, exp.Identifier) or node.name not in scans:
                    return []
                found.append(scans[node.name])
        if is_volatile(tree):
            return []
    return found


def _is_plain(node: exp.Expr) -> bool:
    if isinstance(node, exp.Subquery):
        return not any(value for key, value in node.args.items() if key not in ("this", "alias"))
    if not isinstance(node, exp.Select) or any(
        value for key, value in node.args.items() if key not in _PLAIN
    ):
        return False
    return not any(output.find(exp.AggFunc, exp.Window) for output in node.expressions)


def _trees(piece: Piece) -> Iterator[exp.Expr]:
    for source in piece.sources:
        yield source.item
        yield from source.on
    yield from piece.where


def read_whole(piece: Piece, scans: dict[str, Scan], fresh: Callable[[str], str]) -> Piece:
    """The piece over scans of its own, which are added: what was planned before reads the others."""
    names: dict[str, str] = {}

    def whole(tree: exp.Expr) -> exp.Expr:
        tree = tree.copy()
        for node in tree.find_all(exp.Table):
            scan = scans[node.name]
            if node.name not in names:
                names[node.name] = fresh(scan.name)
                scans[names[node.name]] = replace(scan, name=names[node.name], whole=True, span=None)
            node.set("this", identifier(names[node.name]))
        return tree

    sources = tuple(
        replace(source, item=whole(source.item), on=tuple(map(whole, source.on))) for source in piece.sources
    )
    return replace(piece, sources=sources, where=tuple(map(whole, piece.where)), spread=Replicated())
