"""Set operations, their order and their common table expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.query.grammar import Grammar

if TYPE_CHECKING:
    from engine.sql.syntax.tokens import Token

_SET_OPERATIONS: dict[str, type[exp.SetOperation]] = {"UNION": exp.Union, "EXCEPT": exp.Except}

_ORDERED = (
    "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table "
    "expressions, unless TOP, OFFSET or FOR XML is also specified."
)


class Queries(Grammar):
    """Rules for queries around the single SELECT."""

    def outer_query(self, with_: exp.With | None = None) -> exp.Query:
        """The query of a statement: it alone may have INTO, assignments, an order and, behind all, OPTION.

        Args:
            with_: The common tables, when they have been read.
        """
        if with_ is None and self.at("WITH"):
            with_ = self.with_clause()
        query = self._with_order(with_, outer=True)
        if options := self.options():
            query.set("options", options)
        return query

    def definition(self) -> exp.Query:
        """The query of a view."""
        start = self.token
        query = self._with_order(self.with_clause() if self.at("WITH") else None, outer=False)
        return self._unordered(query, start)

    def query(self) -> exp.Query:
        """A query inside something else, without its parentheses."""
        start = self.token
        return self._unordered(self._with_order(None, outer=False), start)

    def _unordered(self, query: exp.Query, start: Token) -> exp.Query:
        bounded = any(query.args.get(key) for key in ("limit", "offset", "for_"))
        if query.args.get("order") and not bounded:
            self.fail("order the rows where the result is read", token=start, message=_ORDERED)
        return query

    def _with_order(self, with_: exp.With | None, *, outer: bool) -> exp.Query:
        query = self._unions(outer=outer)
        if with_ is not None:
            query.set("with_", with_)
        if self.at("ORDER"):
            query.set("order", self.order_by())
            if self.at("FETCH"):
                self.fail("write OFFSET 0 ROWS before it")
            if self.at("OFFSET"):
                self._set_offset(query)
        if self.at("FOR"):
            query.set("for_", self.for_clause())
        return query

    def _set_offset(self, query: exp.Query) -> None:
        if query.args.get("limit"):
            self.fail(
                "write OFFSET ... FETCH NEXT n ROWS ONLY",
                message="A TOP can not be used in the same query or sub-query as an OFFSET.",
            )
        offset, fetch = self.offset()
        query.set("offset", offset)
        if fetch is not None:
            query.set("limit", fetch)

    def _unions(self, *, outer: bool) -> exp.Query:
        left = self._intersections(outer=outer)
        while word := self.take_any(_SET_OPERATIONS):
            distinct = not (word == "UNION" and self.take("ALL"))
            right = self._intersections(outer=False)
            if isinstance(right, exp.Intersect):
                # It binds tighter; in the tree as in the text of other dialects parentheses say so.
                right = exp.Subquery(this=right)
            left = _SET_OPERATIONS[word](this=left, expression=right, distinct=distinct)
        return left

    def _intersections(self, *, outer: bool) -> exp.Query:
        left = self._branch(outer=outer)
        while self.take("INTERSECT"):
            left = exp.Intersect(this=left, expression=self._branch(outer=False), distinct=True)
        return left

    def _branch(self, *, outer: bool) -> exp.Query:
        if self.at_query():
            return exp.Subquery(this=self.wrapped(self.query))
        return self.select(outer=outer)

    def with_clause(self) -> exp.With:
        """`WITH name [(column, ...)] AS (query), ...`; one that reads itself makes the clause recursive."""
        self.expect("WITH")
        if self.at("XMLNAMESPACES"):
            self.refuse("WITH XMLNAMESPACES", "there is no XML", "use FOR JSON and OPENJSON")
        tables = self.listed(self._common_table)
        recursive = any(_reads_itself(table) for table in tables)
        return exp.With(expressions=tables, recursive=recursive or None)

    def _common_table(self) -> exp.CTE:
        name = self.identifier()
        columns = self.wrapped_list(self.identifier) if self.at("(") else None
        self.expect("AS")
        return exp.CTE(this=self.wrapped(self.query), alias=exp.TableAlias(this=name, columns=columns))


def _reads_itself(table: exp.CTE) -> bool:
    name = table.alias.lower()
    return any(source.name.lower() == name and not source.db for source in table.this.find_all(exp.Table))
