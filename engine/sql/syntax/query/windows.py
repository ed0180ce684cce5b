"""What may follow the call of a function: WITHIN GROUP, the treatment of nulls, and OVER."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.query.grammar import Grammar


class Windows(Grammar):
    """Rules for windows and orders."""

    def windowed(self, function: exp.Expr) -> exp.Expr:
        """The function with its window, if there is one."""
        if self.take("WITHIN", "GROUP"):
            function = exp.WithinGroup(this=function, expression=self.wrapped(self.order_by))
        if self.take("IGNORE", "NULLS"):
            function = exp.IgnoreNulls(this=function)
        elif self.take("RESPECT", "NULLS"):
            function = exp.RespectNulls(this=function)
        if not self.take("OVER"):
            return function
        if self.at("("):
            return self._window(function, over="OVER")
        return exp.Window(this=function, alias=self.identifier(), over="OVER")

    def window_clause(self) -> list[exp.Window]:
        """`WINDOW name AS (...) [, ...]`."""
        self.expect("WINDOW")
        return self.listed(self._named_window)

    def _named_window(self) -> exp.Window:
        name = self.identifier()
        self.expect("AS")
        return self._window(name, over=None)

    def _window(self, this: exp.Expr, *, over: str | None) -> exp.Window:
        self.expect("(")
        at_base = self.at_name() and not self.at("PARTITION", "BY") and not self.at_any(("ROWS", "RANGE"))
        base = self.identifier() if at_base else None
        partition = self.listed(self.expression) if self.take("PARTITION", "BY") else None
        order = self.order_by() if self.at("ORDER") else None
        spec = self._frame() if self.at_any(("ROWS", "RANGE")) else None
        self.expect(")")
        return exp.Window(this=this, partition_by=partition, order=order, spec=spec, alias=base, over=over)

    def _frame(self) -> exp.WindowSpec:
        kind = self.expect_any(("ROWS", "RANGE"))
        if not self.take("BETWEEN"):
            start, start_side = self._bound()
            return exp.WindowSpec(kind=kind, start=start, start_side=start_side)
        start, start_side = self._bound()
        self.expect("AND")
        end, end_side = self._bound()
        return exp.WindowSpec(kind=kind, start=start, start_side=start_side, end=end, end_side=end_side)

    def _bound(self) -> tuple[str | exp.Expr, str | None]:
        if self.take("CURRENT", "ROW"):
            return "CURRENT ROW", None
        bound = "UNBOUNDED" if self.take("UNBOUNDED") else self.expression()
        return bound, self.expect_any(("PRECEDING", "FOLLOWING"))

    def order_by(self) -> exp.Order:
        self.expect("ORDER", "BY")
        return exp.Order(expressions=self.listed(self._ordered))

    def _ordered(self) -> exp.Ordered:
        """NULL is the smallest value in T-SQL."""
        this = self.expression()
        direction = self.take_any(("ASC", "DESC"))
        desc = None if not direction else direction == "DESC"
        return exp.Ordered(this=this, desc=desc, nulls_first=not desc)
