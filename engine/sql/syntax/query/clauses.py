"""The clauses of a query around its list and its sources: TOP, GROUP BY, OFFSET, FOR and OPTION."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.tokens import Kind

_NUMBER, _TEXT = (Kind.NUMBER,), (Kind.STRING, Kind.NATIONAL)
# What follows each option's words: a literal of one of these kinds, or nothing.
_OPTIONS: dict[tuple[str, ...], tuple[Kind, ...]] = {
    ("LABEL",): _TEXT,
    ("MAXDOP",): _NUMBER,
    ("MAXRECURSION",): _NUMBER,
    ("FAST",): _NUMBER,
    ("MAX_GRANT_PERCENT",): _NUMBER,
    ("MIN_GRANT_PERCENT",): _NUMBER,
    ("QUERYTRACEON",): _NUMBER,
    **dict.fromkeys(
        [
            ("CONCAT", "UNION"),
            ("DISABLE", "EXTERNALPUSHDOWN"),
            ("DISABLE", "SCALEOUTEXECUTION"),
            ("EXPAND", "VIEWS"),
            ("FORCE", "EXTERNALPUSHDOWN"),
            ("FORCE", "ORDER"),
            ("FORCE", "SCALEOUTEXECUTION"),
            ("HASH", "GROUP"),
            ("HASH", "JOIN"),
            ("HASH", "UNION"),
            ("KEEP", "PLAN"),
            ("KEEPFIXED", "PLAN"),
            ("LOOP", "JOIN"),
            ("MERGE", "JOIN"),
            ("MERGE", "UNION"),
            ("NO_PERFORMANCE_SPOOL",),
            ("OPTIMIZE", "FOR", "UNKNOWN"),
            ("ORDER", "GROUP"),
            ("PARAMETERIZATION", "FORCED"),
            ("PARAMETERIZATION", "SIMPLE"),
            ("RECOMPILE",),
            ("ROBUST", "PLAN"),
        ],
        (),
    ),
}
# These need a sign of equality, the others may not have one.
_EQUATED = ("LABEL", "MAX_GRANT_PERCENT", "MIN_GRANT_PERCENT")
_GROUPINGS: dict[str, type[exp.Expr]] = {"ROLLUP": exp.Rollup, "CUBE": exp.Cube}


class Clauses(Grammar):
    """Rules for the clauses that are no expression and no source."""

    def top(self) -> exp.Limit | None:
        if not self.take("TOP"):
            return None
        if self.at("("):
            count = self.wrapped(self.expression)
        elif self.at_kind(Kind.NUMBER):
            count = exp.Literal.number(self.advance().value)
        else:
            self.fail("write TOP (expression)")
        percent = self.take("PERCENT")
        with_ties = self.take("WITH", "TIES")
        options = exp.LimitOptions(percent=percent, with_ties=with_ties) if percent or with_ties else None
        limit = exp.Limit(expression=count, limit_options=options)
        # sqlglot tells the TOP of one branch of a UNION from the limit of the whole by this mark.
        limit.meta["top"] = True
        return limit

    def group_by(self) -> exp.Group:
        self.expect("GROUP", "BY")
        if self.at("ALL"):
            self.refuse("GROUP BY ALL", "it is deprecated and has no use without its WHERE", "use GROUP BY")
        group = exp.Group(expressions=self.listed(self._grouping))
        for word, node in _GROUPINGS.items():
            if self.take("WITH", word):
                group.set(word.lower(), [node()])
                break
        if self.at("WITH", "(", "DISTRIBUTED_AGG"):
            self.refuse("WITH (DISTRIBUTED_AGG)", "the plan decides how to aggregate", "leave it out")
        return group

    def _grouping(self) -> exp.Expr:
        for word, node in _GROUPINGS.items():
            if self.take(word, "("):
                items = self.listed(self._grouping_item)
                self.expect(")")
                return node(expressions=items)
        if self.take("GROUPING", "SETS"):
            return exp.GroupingSets(expressions=self.wrapped_list(self._grouping))
        return self._grouping_item()

    def _grouping_item(self) -> exp.Expr:
        """An expression, or several in parentheses, or none."""
        if self.take("(", ")"):
            return exp.Tuple()
        if self.at_tuple():
            return exp.Tuple(expressions=self.wrapped_list(self.expression))
        return self.expression()

    def offset(self) -> tuple[exp.Offset, exp.Fetch | None]:
        self.expect("OFFSET")
        offset = exp.Offset(expression=self.expression())
        self.expect_any(("ROW", "ROWS"))
        if not self.take("FETCH"):
            return offset, None
        direction = self.expect_any(("NEXT", "FIRST"))
        count = self.expression()
        self.expect_any(("ROW", "ROWS"))
        self.expect("ONLY")
        return offset, exp.Fetch(direction=direction, count=count, limit_options=exp.LimitOptions(rows=True))

    def for_clause(self) -> exp.ForClause:
        self.expect("FOR")
        if not self.take("JSON"):
            self.refuse(
                f"FOR {self.token.text}",
                "a result is rows or JSON",
                "use FOR JSON, or STRING_AGG to join strings",
            )
        options = [exp.QueryOption(this=exp.Var(this=self.expect_any(("PATH", "AUTO"))))]
        while self.take(","):
            options.append(self._json_option())
        return exp.ForClause(kind="JSON", expressions=options)

    def _json_option(self) -> exp.QueryOption:
        word = self.expect_any(("ROOT", "INCLUDE_NULL_VALUES", "WITHOUT_ARRAY_WRAPPER"))
        if word != "ROOT":
            return exp.QueryOption(this=exp.Var(this=word))
        name = self.wrapped(lambda: self.expect_kind(Kind.STRING)) if self.at("(") else None
        value = None if name is None else exp.Literal.string(name.value)
        return exp.QueryOption(this=exp.XMLKeyValueOption(this=exp.Var(this="ROOT"), expression=value))

    def options(self) -> list[exp.QueryOption]:
        """`OPTION (...)`, or nothing."""
        return self.wrapped_list(self._option) if self.take("OPTION") else []

    def _option(self) -> exp.QueryOption:
        for words, kinds in _OPTIONS.items():
            if not self.take(*words):
                continue
            name = exp.Var(this=" ".join(words))
            if not kinds:
                return exp.QueryOption(this=name)
            if name.name in _EQUATED:
                self.expect("=")
            value = (
                self.constant() if self.at_kind(*kinds) else self.fail(f"{words[0]} needs a {kinds[0].value}")
            )
            return exp.QueryOption(this=name, expression=value)
        if self.at("USE", "HINT") or self.at("TABLE", "HINT") or self.at("OPTIMIZE", "FOR"):
            self.refuse(
                f"The option {self.token.text} {self.peek().text}",
                "it names plans of SQL Server",
                "leave it out",
            )
        return self.fail("T-SQL has no such query option")
