"""DBCC: what looks into tables, statistics and the result-set cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import BindError, UnsupportedSqlError
from engine.session.doing.caching import drop_cache, show_space_used
from engine.session.doing.space import show_table_space
from engine.session.doing.statistics import show_statistics

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.flow import Dbcc


def do_dbcc(run: Run, statement: Dbcc) -> None:
    """DBCC, where there is something to look into."""
    does = _DBCC.get(statement.command)
    if does is None:
        raise UnsupportedSqlError(
            f"DBCC {statement.command} is not supported.", f"There is DBCC {', '.join(_DBCC)}."
        )
    does(run, statement)


def _alone(does: Callable[[Run], None]) -> Callable[[Run, Dbcc], None]:
    """A command that takes no argument."""

    def done(run: Run, statement: Dbcc) -> None:
        if statement.arguments:
            raise BindError(f"DBCC {statement.command} takes no argument.", "Leave it out.")
        does(run)

    return done


_DBCC: dict[str, Callable[[Run, Dbcc], None]] = {
    "DROPRESULTSETCACHE": _alone(drop_cache),
    "PDW_SHOWSPACEUSED": show_table_space,
    "SHOWRESULTCACHESPACEUSED": _alone(show_space_used),
    "SHOW_STATISTICS": show_statistics,
}
