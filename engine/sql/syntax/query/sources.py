"""FROM: tables, derived tables and functions, and how they are joined."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.nodes import Default
from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.tokens import Kind

_SIDES = ("LEFT", "RIGHT", "FULL")
_JOIN_STARTS = ("JOIN", "INNER", "CROSS", "OUTER", *_SIDES)
# Join hints of SQL Server, and those of a dedicated pool.
_JOIN_HINTS = ("LOOP", "HASH", "MERGE", "REMOTE", "REDUCE", "REPLICATE", "REDISTRIBUTE")
_ROWSETS = ("OPENROWSET", "OPENJSON", "PREDICT")
_TABLE_HINTS = frozenset(
    """
    FORCESCAN FORCESEEK HOLDLOCK INDEX KEEPDEFAULTS KEEPIDENTITY IGNORE_CONSTRAINTS IGNORE_TRIGGERS NOEXPAND
    NOLOCK NOWAIT PAGLOCK READCOMMITTED READCOMMITTEDLOCK READPAST READUNCOMMITTED REPEATABLEREAD ROWLOCK
    SERIALIZABLE SNAPSHOT TABLOCK TABLOCKX UPDLOCK XLOCK
    """.split()
)
_REFUSED = {
    "CHANGETABLE": ("tables keep no change tracking", "compare two versions of the table"),
    "CONTAINSTABLE": ("there is no full-text index", "use LIKE"),
    "FREETEXTTABLE": ("there is no full-text index", "use LIKE"),
    "OPENDATASOURCE": ("there are no linked servers", "use OPENROWSET(BULK ...)"),
    "OPENQUERY": ("there are no linked servers", "use OPENROWSET(BULK ...)"),
    "OPENXML": ("there is no XML", "use OPENJSON"),
}


class Sources(Grammar):
    """Rules for what rows come from."""

    def table_sources(self) -> tuple[exp.From, list[exp.Join]]:
        """`FROM a JOIN b ..., c`: the first source, and all others in the order in which they are joined."""
        self.expect("FROM")
        first, joins = self._joined()
        while self.take(","):
            source, inner = self._joined()
            if any(join.side in ("RIGHT", "FULL") for join in inner):
                # A comma binds looser than JOIN; these two do not commute with it.
                source, inner = _grouped(source, inner), []
            joins += [exp.Join(this=source), *inner]
        return exp.From(this=first), joins

    def _joined(self) -> tuple[exp.Expr, list[exp.Join]]:
        source = self.table_source()
        joins: list[exp.Join] = []
        while True:
            if self.at_any(_JOIN_STARTS):
                joins.append(self._join())
            elif self.at_any(("PIVOT", "UNPIVOT")):
                # It turns all that stands to its left, so that becomes one source.
                source, joins = _grouped(source, joins), []
                _pivot(source, self.pivot())
            else:
                return source, joins

    def _join(self) -> exp.Join:
        if self.at("CROSS", "APPLY") or self.at("OUTER", "APPLY"):
            return exp.Join(this=self._applied())
        if self.take("CROSS", "JOIN"):
            return exp.Join(this=self.table_source(), kind="CROSS")
        side = self.take_any(_SIDES)
        kind = self.take_any(("OUTER",) if side else ("INNER",))
        hint = self._join_hint() if side or kind else ""
        self.expect("JOIN")
        source = self._joined_inside()
        self.expect("ON")
        return exp.Join(
            this=source, on=self.condition(), side=side or None, kind=kind or None, hint=hint or None
        )

    def _joined_inside(self) -> exp.Expr:
        """What stands between JOIN and its ON."""
        source, inner = self.table_source(), list[exp.Join]()
        while True:
            if self.at_any(_JOIN_STARTS):
                # `a JOIN b JOIN c ON ... ON ...`: the inner join is closed by the first ON.
                inner.append(self._join())
            elif self.at_any(("PIVOT", "UNPIVOT")):
                source, inner = _grouped(source, inner), []
                _pivot(source, self.pivot())
            else:
                break
        if inner:
            source.set("joins", inner)
        return source

    def _join_hint(self) -> str:
        hint = self.take_any(_JOIN_HINTS)
        if hint == "REDISTRIBUTE" and self.at("("):
            number = self.wrapped(lambda: self.expect_kind(Kind.NUMBER))
            return f"{hint}({number.value})"
        return hint

    def _applied(self) -> exp.Lateral:
        cross = self.advance().value == "CROSS"
        self.expect("APPLY")
        source = self.table_source()
        alias = source.args.get("alias")
        if alias is not None:
            alias.pop()
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Func):
            schema = source.args.get("db")
            source = exp.Dot(this=schema, expression=source.this) if schema else source.this
        elif isinstance(source, exp.Table):
            alias = alias or exp.TableAlias(this=source.this.copy())
            source = exp.Subquery(this=exp.Select(expressions=[exp.Star()], from_=exp.From(this=source)))
        elif isinstance(source, exp.Values):
            source = exp.Subquery(this=source)
        return exp.Lateral(this=source, alias=alias, cross_apply=cross)

    def table_source(self) -> exp.Expr:
        """One source with its alias."""
        if self.at("("):
            return self._parenthesised_source()
        if self.at_any(_REFUSED):
            why, hint = _REFUSED[self.token.value]
            self.refuse(self.token.value, why, hint)
        if self.at_any(_ROWSETS) and self.at_any(("(",), 1):
            return self._aliased(exp.Table(this=self.rowset(self.advance())))
        if self.at_kind(Kind.VARIABLE):
            self.refuse(
                "A table variable",
                "there are none in a SQL pool",
                "use a temporary table: CREATE TABLE #t (...)",
            )
        return self._named_source()

    def _aliased(self, source: exp.Expr) -> exp.Expr:
        source.set("alias", self.table_alias(columns=True))
        return source

    def _named_source(self) -> exp.Expr:
        parts = self.dotted()
        if self.at("(") and not self.at_any(_TABLE_HINTS, 1):
            return self._table_function(parts)
        table = self.table(parts)
        if self.at("FOR", "SYSTEM_TIME"):
            self.refuse("FOR SYSTEM_TIME", "tables are not temporal", "read a version through the client")
        self._hinted(table)
        table.set("alias", self.table_alias(columns=False))
        self._hinted(table)
        if self.at("TABLESAMPLE"):
            self.refuse(
                "TABLESAMPLE", "its choice of pages has no meaning here", "use TOP, or filter on a hash"
            )
        return table

    def _table_function(self, parts: list[exp.Identifier | None]) -> exp.Expr:
        function = self.call(self.peek(-1), [])
        catalog, db = [None, None, *parts[:-1]][-2:]
        return self._aliased(exp.Table(this=function, db=db, catalog=catalog))

    def _hinted(self, table: exp.Table) -> None:
        hints = self.table_hints()
        if hints and table.args.get("hints"):
            self.fail("the hints of a table stand in one list")
        if hints:
            table.set("hints", hints)

    def table_hints(self) -> list[exp.Expr]:
        """`[WITH] (hint, ...)`, or nothing."""
        if not self.take("WITH", "(") and not (
            self.at("(") and self.at_any(_TABLE_HINTS, 1) and self.take("(")
        ):
            return []
        hints = [self._table_hint()]
        while not self.take(")"):
            self.take(",")
            hints.append(self._table_hint())
        return [exp.WithTableHint(expressions=hints)]

    def _table_hint(self) -> exp.Expr:
        token = self.token
        if not self.take_any(_TABLE_HINTS):
            self.fail("T-SQL has no such table hint")
        if self.take("="):
            return exp.Anonymous(
                this=token.text,
                expressions=[self.wrapped(self._hint_argument) if self.at("(") else self._hint_argument()],
            )
        if self.at("("):
            return exp.Anonymous(this=token.text, expressions=self.wrapped_list(self._hint_argument))
        return exp.Var(this=token.text)

    def _hint_argument(self) -> exp.Expr:
        if self.at_kind(Kind.NUMBER):
            return self.constant()
        name = self.identifier()
        if self.at("("):
            return exp.Anonymous(this=name, expressions=self.wrapped_list(self.identifier))
        return exp.Column(this=name)

    def _parenthesised_source(self) -> exp.Expr:
        if self.at("(", "VALUES"):
            values = self.wrapped(self.values)
            values.set("alias", self.table_alias(columns=True, required=True))
            return values
        if self.at_query():
            subquery = exp.Subquery(this=self.wrapped(self.query))
            subquery.set("alias", self.table_alias(columns=True, required=True))
            return subquery
        source, joins = self.wrapped(self._joined)
        return _grouped(source, joins)

    def values(self, *, defaults: bool = False) -> exp.Values:
        """`VALUES (...), (...)`; only an INSERT may write DEFAULT for a value."""
        value = self._value_or_default if defaults else self.expression
        self.expect("VALUES")
        return exp.Values(expressions=self.listed(lambda: exp.Tuple(expressions=self.wrapped_list(value))))

    def _value_or_default(self) -> exp.Expr:
        return Default() if self.take("DEFAULT") else self.expression()


def _grouped(source: exp.Expr, joins: list[exp.Join]) -> exp.Expr:
    """Joined sources as one source, in the shape that sqlglot gives to parentheses."""
    if not joins:
        return source
    source.set("joins", [*(source.args.get("joins") or []), *joins])
    return exp.Subquery(this=source)


def _pivot(source: exp.Expr, pivot: exp.Pivot) -> None:
    source.set("pivots", [*(source.args.get("pivots") or []), pivot])
