"""When two steps are one: the same rows, sent the same way, under other aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.functions import is_volatile
from engine.sql.plan.names import identifier
from engine.sql.plan.steps import Shuffle, Trim

if TYPE_CHECKING:
    from engine.sql.plan.steps import Move, Scan


def signature(query: exp.Query, move: Move, scans: Mapping[str, Scan]) -> str | None:
    """A text that two steps share only if they yield the same rows; None for volatile ones."""
    if is_volatile(query):
        return None
    tree = query.copy()
    aliases: dict[str, str] = {}
    for node in tree.find_all(exp.TableAlias):
        if node.name:
            aliases[node.name] = f"a{len(aliases)}"
            node.set("this", identifier(aliases[node.name]))
    for read in tree.find_all(exp.Column):
        if read.table in aliases:
            read.set("table", identifier(aliases[read.table]))
    for item in tree.find_all(exp.Table):
        if isinstance(item.this, exp.Identifier) and item.name in scans:
            scan = scans[item.name]
            item.set("this", identifier(f"scan of {scan.table} {scan.whole} {scan.span}"))
    keys = [*(key.sql() for key in move.keys), str(move.cuts)] if isinstance(move, (Shuffle, Trim)) else []
    return " ".join([type(move).__name__, *keys, tree.sql()])
