"""Operands: literals, variables, columns, CASE, and what parentheses hold."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.sql.syntax.nodes import FileName, FilePath
from engine.sql.syntax.query.operators import Operators
from engine.sql.syntax.tokens import Kind, Token
from engine.sql.syntax.words import FUNCTION_WORDS

# Functions that are called without parentheses.
_NILADIC: dict[str, Callable[[], exp.Expr]] = {
    "CURRENT_TIMESTAMP": exp.CurrentTimestamp,
    "CURRENT_USER": exp.CurrentUser,
    "SESSION_USER": exp.SessionUser,
    "SYSTEM_USER": lambda: exp.Anonymous(this="SYSTEM_USER"),
    "USER": exp.CurrentUser,
}
_LITERALS = (Kind.NUMBER, Kind.STRING, Kind.NATIONAL, Kind.BINARY, Kind.MONEY)
_ROWSET_METHODS = ("FILEPATH", "FILENAME")


class Operands(Operators):
    """Rules for what stands between operators."""

    def operand(self) -> exp.Expr:
        token = self.token
        if token.kind in _LITERALS:
            return self.literal()
        if token.kind is Kind.VARIABLE:
            return self.variable()
        if self.at("("):
            return self.parenthesised()
        if self.at("{"):
            return self._odbc_escape()
        if token.kind is Kind.WORD and (node := self._keyword_operand(token.value)):
            return node
        return self._named()

    def literal(self) -> exp.Expr:
        token = self.advance()
        match token.kind:
            case Kind.NUMBER:
                return exp.Literal.number(token.value)
            case Kind.MONEY:
                return exp.Cast(this=exp.Literal.number(token.value), to=exp.DataType(this=exp.DType.MONEY))
            case Kind.STRING:
                return exp.Literal.string(token.value)
            case Kind.NATIONAL:
                return exp.National(this=token.value)
            case Kind.BINARY:
                return exp.HexString(this=token.value)
            case _:
                return self.fail(token=token)

    def variable(self) -> exp.Parameter:
        """`@x`; a global variable such as `@@ROWCOUNT` is a parameter of a parameter, as sqlglot has it."""
        token = self.expect_kind(Kind.VARIABLE)
        name = exp.Parameter(this=exp.Var(this=token.value.lstrip("@")))
        self.positioned(name, token)
        return exp.Parameter(this=name) if token.value.startswith("@") else name

    def constant(self) -> exp.Expr:
        """A literal, with a sign perhaps, NULL or a variable: an argument of EXEC or a value of SET."""
        if self.take("-"):
            return exp.Neg(this=self.literal()) if self.at_kind(Kind.NUMBER, Kind.MONEY) else self.fail()
        if self.take("+"):
            return self.literal() if self.at_kind(Kind.NUMBER, Kind.MONEY) else self.fail()
        if self.take("NULL"):
            return exp.Null()
        return self.variable() if self.at_kind(Kind.VARIABLE) else self.literal()

    def _keyword_operand(self, word: str) -> exp.Expr | None:
        if word in _NILADIC:
            self.advance()
            return _NILADIC[word]()
        match word:
            case "NULL":
                self.advance()
                return exp.Null()
            case "CASE":
                return self._case()
            case "EXISTS":
                self.advance()
                return exp.Exists(this=self.wrapped(self.query))
            case "NEXT" if self.at("NEXT", "VALUE", "FOR"):
                self.refuse(
                    "NEXT VALUE FOR", "there are no sequences", "number the rows with ROW_NUMBER() OVER (...)"
                )
            case _ if word in FUNCTION_WORDS and self.at_any(("(",), 1):
                return self.windowed(self.call(self.advance(), []))
        return None

    def _case(self) -> exp.Case:
        self.expect("CASE")
        operand = None if self.at("WHEN") else self.expression()
        test = self.condition if operand is None else self.expression
        ifs = [self._when(test)]
        while self.at("WHEN"):
            ifs.append(self._when(test))
        default = self.expression() if self.take("ELSE") else None
        self.expect("END")
        return exp.Case(this=operand, ifs=ifs, default=default)

    def _when(self, test: Callable[[], exp.Expr]) -> exp.If:
        self.expect("WHEN")
        this = test()
        self.expect("THEN")
        return exp.If(this=this, true=self.expression())

    def _named(self) -> exp.Expr:
        """A column, or a call of a function; both may be qualified."""
        parts = self.dotted()
        last = self.peek(-1)
        if self.at("::"):
            self.refuse("A method of a CLR type", "there are no CLR types", "use the built-in functions")
        if self.at("("):
            return self._called(last, parts[:-1])
        return self._column(parts, last)

    def _column(self, parts: list[exp.Identifier | None], last: Token) -> exp.Column:
        if len(parts) > 4:
            self.fail("a column has at most four parts: database.schema.table.column", token=last)
        catalog, db, table, this = [None] * (4 - len(parts)) + parts
        if table is None and db is not None:
            self.fail("a column is qualified by its table first", token=last)
        if catalog and not db:
            db = exp.Identifier(this="", quoted=False)
        return exp.Column(this=this, table=table, db=db, catalog=catalog)

    def _called(self, name: Token, schema: list[exp.Identifier | None]) -> exp.Expr:
        if len(schema) == 1 and name.value.upper() in _ROWSET_METHODS:
            return self._rowset_method(name, schema[0])
        return self.windowed(self.call(name, schema))

    def _rowset_method(self, name: Token, rowset: exp.Identifier | None) -> exp.Expr:
        self.expect("(")
        if name.value.upper() == "FILENAME":
            self.expect(")")
            return FileName(this=rowset)
        number = None if self.at(")") else self.expression()
        self.expect(")")
        return FilePath(this=rowset, expression=number)

    def _odbc_escape(self) -> exp.Expr:
        """`{d '2024-01-31'}` and `{ts '...'}` are of type datetime in T-SQL."""
        self.expect("{")
        if not self.take_any(("D", "TS")):
            self.refuse(
                "This ODBC escape", "only {d '...'} and {ts '...'} are known", "write the T-SQL expression"
            )
        text = self.expect_kind(Kind.STRING)
        self.expect("}")
        return exp.Cast(this=exp.Literal.string(text.value), to=exp.DataType(this=exp.DType.DATETIME))
