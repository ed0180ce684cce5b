"""PIVOT and UNPIVOT."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.query.grammar import Grammar


class Pivots(Grammar):
    """Rules for turned tables. sqlglot keeps the names of the new columns beside the list that makes them."""

    def pivot(self) -> exp.Pivot:
        """`PIVOT (aggregate(column) FOR column IN ([value], ...)) [AS] alias`, or UNPIVOT with one column."""
        unpivot = self.expect_any(("PIVOT", "UNPIVOT")) == "UNPIVOT"
        pivot = self.wrapped(self._unpivoted if unpivot else self._pivoted)
        pivot.set("alias", self.table_alias(columns=True, required=True))
        return pivot

    def _pivoted(self) -> exp.Pivot:
        aggregate = self.expression()
        if not isinstance(aggregate, (exp.AggFunc, exp.Anonymous)):
            self.fail("PIVOT needs an aggregate, as in SUM(amount)")
        self.expect("FOR")
        column = self._pivot_column()
        self.expect("IN")
        values = self.wrapped_list(self._pivot_column)
        return exp.Pivot(
            expressions=[aggregate],
            fields=[exp.In(this=column, expressions=values)],
            unpivot=False,
            columns=[exp.to_identifier(value.name) for value in values],
            identify_pivot_strings=False,
            prefixed_pivot_columns=False,
            pivot_column_naming="agg_name_if_aliased",
        )

    def _unpivoted(self) -> exp.Pivot:
        value = self.identifier()
        self.expect("FOR")
        name = self.identifier()
        self.expect("IN")
        field = exp.In(this=name, expressions=self.wrapped_list(self._pivot_column))
        return exp.Pivot(expressions=[value], fields=[field], unpivot=True, value_columns_first=True)

    def _pivot_column(self) -> exp.Column:
        parts = self.dotted()
        if len(parts) > 2:
            self.fail("name the column, qualified by its table at most")
        table, this = [None] * (2 - len(parts)) + parts
        return exp.Column(this=this, table=table)
