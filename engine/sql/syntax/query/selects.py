"""The single SELECT: its list and its clauses."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.nodes import Assign
from engine.sql.syntax.query.clauses import Clauses
from engine.sql.syntax.query.windows import Windows
from engine.sql.syntax.tokens import Kind

_TEXT = (Kind.STRING, Kind.NATIONAL)
# The operators that assign, and what each does with the old value.
ASSIGNMENTS: dict[str, type[exp.Binary] | None] = {
    "=": None,
    "+=": exp.Add,
    "-=": exp.Sub,
    "*=": exp.Mul,
    "/=": exp.Div,
    "%=": exp.Mod,
    "&=": exp.BitwiseAnd,
    "^=": exp.BitwiseXor,
    "|=": exp.BitwiseOr,
}


class Selects(Clauses, Windows):
    """Rules for SELECT."""

    def select(self, *, outer: bool) -> exp.Select:
        """`SELECT ... FROM ... WHERE ... GROUP BY ... HAVING ... WINDOW`.

        Args:
            outer: May it say INTO and assign to variables?
        """
        self.expect("SELECT")
        distinct = exp.Distinct() if self.take("DISTINCT") else None
        if distinct is None:
            self.take("ALL")
        limit = self.top()
        items = self.listed(lambda: self._item(outer=outer))
        select = exp.Select(distinct=distinct, limit=limit, expressions=items)
        if self.at("INTO"):
            select.set("into", self._into(outer=outer))
        if self.at("FROM"):
            self.from_clause(select)
        if self.take("WHERE"):
            select.set("where", exp.Where(this=self.condition()))
        if self.at("GROUP"):
            select.set("group", self.group_by())
        if self.take("HAVING"):
            select.set("having", exp.Having(this=self.condition()))
        if self.at("WINDOW"):
            select.set("windows", self.window_clause())
        return select

    def from_clause(self, select: exp.Select) -> None:
        from_, joins = self.table_sources()
        select.set("from_", from_)
        if joins:
            select.set("joins", joins)

    def _into(self, *, outer: bool) -> exp.Into:
        if not outer:
            self.fail("only the first SELECT of a statement may say INTO")
        self.expect("INTO")
        return exp.Into(this=self.table_name())

    def _item(self, *, outer: bool) -> exp.Expr:
        if self.take("*"):
            return exp.Star()
        if self.at_kind(Kind.VARIABLE) and self.at_any(ASSIGNMENTS, 1):
            return self._assigned(outer=outer)
        if (self.at_name() or self.at_kind(*_TEXT)) and self.at_any(("=",), 1):
            name = self._alias_name()
            self.expect("=")
            return exp.Alias(this=self.expression(), alias=name)
        item = self.expression()
        if self.at(".", "*"):
            return self._qualified_star(item)
        if self.take("AS") or self.at_kind(*_TEXT) or self._at_alias():
            return exp.Alias(this=item, alias=self._alias_name())
        return item

    def _at_alias(self) -> bool:
        """`SELECT a copy INTO t FROM u` has an alias where a table cannot."""
        return self.at_free_name() or self.at("COPY", "INTO")

    def _alias_name(self) -> exp.Identifier:
        if not self.at_kind(*_TEXT):
            return self.identifier()
        token = self.advance()
        name = exp.Identifier(this=token.value, quoted=True)
        self.positioned(name, token)
        return name

    def _qualified_star(self, item: exp.Expr) -> exp.Expr:
        if not isinstance(item, exp.Column) or item.catalog:
            self.fail()
        self.expect(".", "*")
        parts = item.parts
        catalog, db, table = [None] * (3 - len(parts)) + list(parts)
        return exp.Column(this=exp.Star(), table=table, db=db, catalog=catalog)

    def _assigned(self, *, outer: bool) -> exp.Expr:
        if not outer:
            self.fail("only the outermost SELECT may assign to a variable")
        target = self.constant()
        return Assign(this=target, expression=self.assigned_value(target))

    def assigned_value(self, target: exp.Expr) -> exp.Expr:
        """`= value`, or `+= value` and its like, which stand for `= target + (value)`."""
        operator = ASSIGNMENTS[self.expect_any(tuple(ASSIGNMENTS))]
        value = self.expression()
        if operator is None:
            return value
        value = exp.Paren(this=value) if isinstance(value, exp.Binary) else value
        return operator(this=target.copy(), expression=value)
