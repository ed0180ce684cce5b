"""Operators and conditions, by T-SQL's precedence.

T-SQL puts `& | ^` beside `+ -` and binds COLLATE to one operand (sqlglot: `1 & 2 + 3` is `1 & (2 + 3)`, `a +
b COLLATE c` is `(a + b) COLLATE c`), and it keeps conditions and values apart. Parentheses may hold either,
so one set of rules reads both and checks what it got.
"""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.tokens import Kind
from engine.sql.syntax.words import FOREIGN

_SUMS: dict[str, type[exp.Expr]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "&": exp.BitwiseAnd,
    "^": exp.BitwiseXor,
    "|": exp.BitwiseOr,
}
_PRODUCTS: dict[str, type[exp.Expr]] = {"*": exp.Mul, "/": exp.Div, "%": exp.Mod}
# `a !< b` holds exactly when `a >= b` does: both are unknown for NULL.
_COMPARISONS: dict[str, type[exp.Expr]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    ">": exp.GT,
    "<=": exp.LTE,
    ">=": exp.GTE,
    "!<": exp.GTE,
    "!>": exp.LTE,
}
_QUANTIFIERS = ("ALL", "ANY", "SOME")
_BITWISE = (exp.BitwiseAnd, exp.BitwiseXor, exp.BitwiseOr)
_NO_CONDITION = (
    "An expression of non-boolean type specified in a context where a condition is expected, near '{}'."
)
_COMPARE = "compare it with something, as in a = 1"
_CONDITIONS = (exp.Connector, exp.Not, exp.Predicate, exp.Escape)


class Operators(Grammar):
    """Rules for everything between operands; the operands themselves are `operand`."""

    def condition(self) -> exp.Expr:
        """Something that is true, false or unknown."""
        return self._conditional(self._either())

    def expression(self) -> exp.Expr:
        """Something that has a value."""
        return self._scalar(self._sum())

    def _either(self) -> exp.Expr:
        left = self._conjunction()
        while self.at("OR"):
            self._conditional(left)
            self.advance()
            left = exp.Or(this=left, expression=self._conditional(self._conjunction()))
        return left

    def _conjunction(self) -> exp.Expr:
        left = self._negation()
        while self.at("AND"):
            self._conditional(left)
            self.advance()
            left = exp.And(this=left, expression=self._conditional(self._negation()))
        return left

    def _negation(self) -> exp.Expr:
        if self.take("NOT"):
            return exp.Not(this=self._conditional(self._negation()))
        return self._predicate()

    def _predicate(self) -> exp.Expr:
        left = self._sum()
        if _is_condition(left):
            return left
        if comparison := self._comparison():
            return comparison(this=left, expression=self._compared())
        if self.take("IS"):
            return self._is(left)
        negated = self.at_any(("IN", "LIKE", "BETWEEN"), 1) and self.take("NOT")
        if self.take("LIKE"):
            return self._like(left, negated=negated)
        test = self._in(left) if self.take("IN") else self._between(left) if self.take("BETWEEN") else None
        if test is None:
            return left
        return exp.Not(this=test) if negated else test

    def _comparison(self) -> type[exp.Expr] | None:
        symbol = self.take_any((*_COMPARISONS, "!"))
        if symbol in ("<", ">", "!") and self.at_any(("=", "<", ">")):
            # T-SQL lets the two characters of an operator stand apart: `< =`.
            symbol += self.advance().value
        if symbol and symbol not in _COMPARISONS:
            self.fail()
        return _COMPARISONS.get(symbol)

    def _compared(self) -> exp.Expr:
        quantifier = self.take_any(_QUANTIFIERS)
        if not quantifier:
            return self.expression()
        query = self.wrapped(self.query)
        # sqlglot's own shapes: ALL holds the query itself, ANY a subquery.
        return exp.All(this=query) if quantifier == "ALL" else exp.Any(this=exp.Subquery(this=query))

    def _is(self, left: exp.Expr) -> exp.Expr:
        negated = self.take("NOT")
        if self.take("NULL"):
            test = exp.Is(this=left, expression=exp.Null())
            return exp.Not(this=test) if negated else test
        self.expect("DISTINCT", "FROM")
        distinct = exp.NullSafeEQ if negated else exp.NullSafeNEQ
        return distinct(this=left, expression=self.expression())

    def _in(self, left: exp.Expr) -> exp.Expr:
        if self.at_query():
            return exp.In(this=left, query=exp.Subquery(this=self.wrapped(self.query)))
        return exp.In(this=left, expressions=self.wrapped_list(self.expression))

    def _between(self, left: exp.Expr) -> exp.Expr:
        low = self.expression()
        self.expect("AND")
        return exp.Between(this=left, low=low, high=self.expression())

    def _like(self, left: exp.Expr, *, negated: bool) -> exp.Expr:
        like = exp.Like(this=left, expression=self.expression(), negate=negated or None)
        if self.take("ESCAPE"):
            return exp.Escape(this=like, expression=self.expression())
        return like

    def _sum(self) -> exp.Expr:
        left = self._product()
        while self.at_any(_SUMS):
            operator = _SUMS[self._scalar_then(left)]
            if isinstance(left, _BITWISE) and not isinstance(left, operator):
                # Other dialects bind these tighter or looser: say it with parentheses.
                left = exp.Paren(this=left)
            left = operator(this=left, expression=self._scalar(self._product()))
        return left

    def _product(self) -> exp.Expr:
        left = self._unary()
        while self.at_any(_PRODUCTS):
            operator = _PRODUCTS[self._scalar_then(left)]
            left = operator(this=left, expression=self._scalar(self._unary()))
            if isinstance(left, exp.Div):
                left.set("typed", True)
        return left

    def _unary(self) -> exp.Expr:
        if self.take("-"):
            return exp.Neg(this=self._scalar(self._unary()))
        if self.take("~"):
            return exp.BitwiseNot(this=self._scalar(self._unary()))
        if self.take("+"):
            return self._scalar(self._unary())
        return self._postfix()

    def _postfix(self) -> exp.Expr:
        node = self.operand()
        while True:
            if self.at("COLLATE"):
                self._scalar_then(node)
                node = exp.Collate(this=node, expression=self.collation())
            elif self.at("AT", "TIME", "ZONE"):
                self._scalar(node)
                self.expect("AT", "TIME", "ZONE")
                node = exp.AtTimeZone(this=node, zone=self._scalar(self.operand()))
            else:
                return node

    def parenthesised(self) -> exp.Expr:
        """A subquery, a value or a condition in parentheses."""
        if self.at_query():
            return exp.Subquery(this=self.wrapped(self.query))
        return exp.Paren(this=self.wrapped(self._either))

    def _scalar_then(self, left: exp.Expr) -> str:
        self._scalar(left)
        return self.advance().value

    def _scalar(self, node: exp.Expr) -> exp.Expr:
        if _is_condition(node):
            self.fail("a condition is no value: CASE WHEN ... THEN 1 ELSE 0 END makes one of it")
        return node

    def _conditional(self, node: exp.Expr) -> exp.Expr:
        if _is_condition(node):
            return node
        if self.at_any(FOREIGN) or (self.at_kind(Kind.SYMBOL) and not self.at_any((")", ";"))):
            self.fail()
        return self.fail(_COMPARE, message=_NO_CONDITION.format(self.near.text))


def _is_condition(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren):
        node = node.this
    return isinstance(node, _CONDITIONS)
