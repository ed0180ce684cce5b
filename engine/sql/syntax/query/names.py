"""Names: of columns, tables and objects, and their aliases."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.nodes import DOUBLE_QUOTED
from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.statements.base import Name
from engine.sql.syntax.tokens import Kind, Token
from engine.sql.syntax.words import RESERVED

_EXPLAINED = ("SELECT", "WITH", "WITH_RECOMMENDATIONS", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE")


class Names(Grammar):
    """Rules for everything that is called by a name."""

    def at_name(self, distance: int = 0) -> bool:
        token = self.peek(distance)
        return token.kind is Kind.QUOTED or (token.kind is Kind.WORD and token.value not in RESERVED)

    def identifier(self) -> exp.Identifier:
        token = self.token
        if not self.at_name():
            self.fail(
                f"{token.text} is a reserved word; as a name it is [{token.text}]" if _is_word(token) else ""
            )
        return self._identifier(self.advance())

    def _identifier(self, token: Token) -> exp.Identifier:
        name = token.value if token.kind is Kind.QUOTED else token.text
        if not name:
            self.fail("a name cannot be empty", token=token)
        if token.kind is Kind.WORD and name.startswith("$"):
            self.refuse(name, "it names a column by its role", "name the column itself", token=token)
        # sqlglot's own flag for `#` is no part of a node's identity: #t and t would be one table.
        identifier = exp.Identifier(this=name, quoted=token.kind is Kind.QUOTED or name.startswith("#"))
        self.positioned(identifier, token)
        if token.text.startswith('"'):
            identifier.meta[DOUBLE_QUOTED] = True
        return identifier

    def positioned(self, node: exp.Expr, token: Token) -> None:
        line, column = self.place(token)
        node.update_positions(line=line, col=column, start=token.start, end=token.end - 1)

    def dotted(self) -> list[exp.Identifier | None]:
        """`a.b.c`; a middle part may be left out, as in `db..t`."""
        parts: list[exp.Identifier | None] = [self.identifier()]
        while self.at(".") and not self.at(".", "*"):
            self.advance()
            parts.append(None if self.at(".") else self.identifier())
        return parts

    def object_name(self) -> Name:
        return Name.of(self.table_name())

    def table_name(self) -> exp.Table:
        return self.table(self.dotted())

    def table(self, parts: list[exp.Identifier | None]) -> exp.Table:
        if len(parts) > 3:
            self.refuse("A name of four parts", "there are no linked servers", "write database.schema.name")
        catalog, db, this = [None] * (3 - len(parts)) + parts
        # `a..b` leaves the schema to the user's default; sqlglot has an empty string for it.
        return exp.Table(this=this, db="" if catalog and not db else db, catalog=catalog)

    def table_alias(self, *, columns: bool, required: bool = False) -> exp.TableAlias | None:
        """`[AS] alias [(column, ...)]`; the list of columns only where T-SQL allows one."""
        required = self.take("AS") or required
        if not required and (not self.at_free_name() or self._at_window_clause()):
            return None
        name = self.identifier()
        listed = self.wrapped_list(self.identifier) if columns and self.at("(") else None
        return exp.TableAlias(this=name, columns=listed)

    def at_free_name(self) -> bool:
        """Does a name come next, not one of the statements whose first word T-SQL does not reserve?"""
        explained = self.at("EXPLAIN") and self.at_any(_EXPLAINED, 1)
        return self.at_name() and not (explained or self.at("RENAME", "OBJECT") or self.at("COPY", "INTO"))

    def _at_window_clause(self) -> bool:
        return self.at("WINDOW") and self.at_name(1) and self.at_any(("AS",), 2) and self.at_any(("(",), 3)

    def collation(self) -> exp.Var:
        token = self.token
        if not self.at_name():
            self.fail("expected the name of a collation")
        self.advance()
        return exp.Var(this=token.value if token.kind is Kind.QUOTED else token.text)


def _is_word(token: Token) -> bool:
    return token.kind is Kind.WORD
