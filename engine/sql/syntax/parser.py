"""All parts of the grammar in one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.sql.syntax.command.dispatch import statement
from engine.sql.syntax.query.calls import Calls
from engine.sql.syntax.query.operands import Operands
from engine.sql.syntax.query.pivots import Pivots
from engine.sql.syntax.query.queries import Queries
from engine.sql.syntax.query.rowsets import Rowsets
from engine.sql.syntax.query.selects import Selects
from engine.sql.syntax.query.sources import Sources
from engine.sql.syntax.query.types import Types

if TYPE_CHECKING:
    from engine.sql.syntax.statements.base import Statement


class Parser(Types, Operands, Calls, Selects, Queries, Sources, Rowsets, Pivots):
    """The grammar of T-SQL over the tokens of one batch."""

    def statement(self) -> Statement:
        return statement(self)

    def statements(self, *ends: str) -> tuple[Statement, ...]:
        """Statements up to one of these words or the end of the batch; semicolons are optional."""
        found: list[Statement] = []
        while True:
            while self.take(";"):
                pass
            if self.at_end or self.at_any(ends):
                return tuple(found)
            found.append(self.statement())
