"""What the result-set cache keeps, and why not: `result_cache_hit` of sys.dm_pdw_exec_requests.

The codes are documented: 1 is a hit and 0 a miss; a negative one is the sum of its reasons.
"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.runtime import Stored
from engine.sql.meaning import CLOCK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.session.binding.relations import Relation

HIT, MISS = 1, 0
LARGEST_RESULT = 10 << 30
LARGEST_ROW = 64 << 10
_RANDOM = ("NEWID", "RAND", "NEWSEQUENTIALID")


class Reason(IntFlag):
    """Why an answer is not kept."""

    NONE = 0
    DATABASE_OFF = 1
    SESSION_OFF = 2
    NO_DATA = 4
    OTHER_TABLES = 16
    NONDETERMINISTIC = 32
    TOO_LARGE = 64
    ROW_TOO_LARGE = 128

    @property
    def code(self) -> int:
        """As the view shows it."""
        return -int(self)


def reason_against(
    tree: exp.Query, relations: Iterable[Relation], asked: Collection[str], *, database: bool, session: bool
) -> Reason:
    """Why a query's answer is not looked up; `NONE` if it may be.

    Args:
        tree: The bound query.
        relations: What it reads.
        asked: Variables that it depends on, and the clock.
        database: Whether the cache is on for the workspace.
        session: Whether it is for the session.
    """
    found = Reason.NONE
    if not database:
        found |= Reason.DATABASE_OFF
    if not session:
        found |= Reason.SESSION_OFF
    read = list(relations)
    if not read:
        found |= Reason.NO_DATA
    if not all(_is_table(one) for one in read):
        found |= Reason.OTHER_TABLES
    if CLOCK in asked or any(_is_random(node) for node in tree.find_all(exp.Func)):
        found |= Reason.NONDETERMINISTIC
    return found


def _is_table(relation: Relation) -> bool:
    """A table of the workspace: it has a schema and files; views are read through, the rest is neither."""
    return bool(relation.schema) and isinstance(relation.rows.rows, Stored)


def _is_random(node: exp.Func) -> bool:
    return isinstance(node, exp.Rand | exp.Uuid) or str(node.name).upper() in _RANDOM
