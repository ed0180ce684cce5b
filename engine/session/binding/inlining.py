"""The statements of a scalar function as one expression over its parameters.

Statements are followed with a value for each variable: an assignment replaces it, an IF makes one CASE of
both ways, or ends in the CASE of what both return. Whatever would have to run row by row is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning.calls import read_call
from engine.sql.syntax.nodes import IntoVariable
from engine.sql.syntax.statements import flow
from engine.sql.syntax.statements.queries import SelectAssign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.sql.syntax import Statement
    from engine.sql.syntax.statements.objects import CreateScalarFunction

Values = dict[str, exp.Expr]

# A variable that is read twice doubles what it stands for: of more nodes a query takes seconds to plan.
_LARGEST = 20_000
# Ways through the statements; each IF that may return doubles those behind it.
_MOST_WAYS = 1_000
# They give another value each time they are asked: SQL Server refuses them within functions too.
SIDE_EFFECTS = frozenset(("NEWID", "RAND"))


def one_expression(function: CreateScalarFunction) -> exp.Expr:
    """What a function gives, as an expression; its parameters are the only variables left in it.

    Raises:
        BindError: A variable that is not declared, or is declared twice.
        UnsupportedSqlError: The function cannot be one expression.

    >>> from engine.sql.syntax import parse_script
    >>> text = "CREATE FUNCTION f(@a INT) RETURNS INT AS BEGIN IF @a > 1 SET @a = 1; RETURN @a END"
    >>> [[function]] = [batch.statements for batch in parse_script(text)]
    >>> print(one_expression(function).sql(dialect="tsql"))
    INTO_VARIABLE(CASE WHEN @a > 1 THEN INTO_VARIABLE(1, INTEGER) ELSE @a END, INTEGER)
    """
    kinds = {_key(one.name): one.kind for one in function.parameters}
    values: Values = {name: exp.Parameter(this=exp.Var(this=name)) for name in kinds}
    given = dict(values)
    for one in _declared(function, function.body):
        if _key(one.name) in kinds:
            message = f"The variable name '@{one.name}' has already been declared."
            raise BindError(message, "Variable names must be unique within a function.", name=one.name)
        kinds[_key(one.name)] = one.kind
        values[_key(one.name)] = IntoVariable(this=exp.Null(), to=one.kind.copy())
    found = _Follower(function, kinds).returned(function.body, values)
    if not function.skips_null or not given:
        return found
    missing = [exp.Is(this=one.copy(), expression=exp.Null()) for one in given.values()]
    nothing = IntoVariable(this=exp.Null(), to=function.returns.copy())
    return exp.Case(ifs=[exp.If(this=exp.or_(*missing, wrap=False), true=nothing)], default=found)


def with_values(tree: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """A copy of an expression with values in the place of its variables, as far as they have some."""
    holder = exp.Paren(this=tree.copy())
    for node in list(holder.find_all(exp.Parameter)):
        if isinstance(node.this, exp.Parameter) or isinstance(node.parent, exp.Parameter):
            continue  # @@ROWCOUNT and its like
        if _key(node.name) in values:
            node.replace(values[_key(node.name)].copy())
    found: exp.Expr = holder.this
    return found


class _Follower:
    """Follows the statements of one function; `kinds` are the types of its variables."""

    def __init__(self, function: CreateScalarFunction, kinds: Mapping[str, exp.DataType]) -> None:
        self._function = function
        self._kinds = kinds
        self._ways = 0

    def returned(self, statements: Sequence[Statement], values: Values) -> exp.Expr:
        """What the statements return when they start with these values."""
        self._ways += 1
        if self._ways > _MOST_WAYS:
            raise _refused(
                self._function, "Branches that return within branches", "Assign in them, and RETURN once."
            )
        left, values = list(statements), dict(values)
        while left:
            statement = left.pop(0)
            if isinstance(statement, flow.Return):
                return self._into(statement.value or exp.Null(), self._function.returns, values)
            if isinstance(statement, flow.Block):
                left[:0] = statement.body
            elif isinstance(statement, flow.If) and _returns(statement):
                then = self.returned([statement.then, *left], values)
                otherwise = self.returned([*_otherwise(statement), *left], values)
                return self._choice(statement.condition, then, otherwise, values)
            else:
                self._assign(statement, values)
        return exp.Null()  # no way leads here: the last statement returns

    def _assign(self, statement: Statement, values: Values) -> None:
        """Do a statement that does not return: change the values."""
        match statement:
            case flow.Block():
                for inner in statement.body:
                    self._assign(inner, values)
            case flow.If():
                self._branch(statement, values)
            case flow.Declare():
                for one in statement.variables:
                    if one.value is not None:
                        self._set(one.name, one.value, values)
            case flow.SetVariable():
                self._set(statement.name, statement.value, values)
            case SelectAssign():
                for name, value in zip(statement.variables, self._selected(statement), strict=True):
                    self._set(name, value, values)

    def _branch(self, statement: flow.If, values: Values) -> None:
        then, otherwise, before = dict(values), dict(values), dict(values)
        self._assign(statement.then, then)
        for inner in _otherwise(statement):
            self._assign(inner, otherwise)
        for name in before:
            if then[name] is not otherwise[name]:
                values[name] = self._choice(statement.condition, then[name], otherwise[name], before)

    def _choice(self, condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr, values: Values) -> exp.Expr:
        asked = with_values(condition, values)
        return self._small(exp.Case(ifs=[exp.If(this=asked, true=then.copy())], default=otherwise.copy()))

    def _set(self, name: str, value: exp.Expr, values: Values) -> None:
        if _key(name) not in values:
            message = f'Must declare the scalar variable "@{name}".'
            raise BindError(message, f"Write DECLARE @{name} type before.", name=name)
        values[_key(name)] = self._into(value, self._kinds[_key(name)], values)

    def _into(self, value: exp.Expr, kind: exp.DataType, values: Values) -> exp.Expr:
        return self._small(IntoVariable(this=with_values(value, values), to=kind.copy()))

    def _small(self, value: exp.Expr) -> exp.Expr:
        if sum(1 for _ in value.walk()) > _LARGEST:
            raise _refused(self._function, "Variables that are read so often", "Write shorter expressions.")
        return value

    def _selected(self, statement: SelectAssign) -> list[exp.Expr]:
        """What `SELECT @a = ..., @b = ...` assigns, one after the other, where that is always one row."""
        query = statement.query
        items = [item.unalias() for item in query.expressions]
        clauses = {name for name, value in query.args.items() if value} - {"expressions", "kind"}
        if not clauses:
            return items
        if clauses <= {"from_", "joins", "laterals", "where"} and all(_aggregates(item) for item in items):
            return [exp.Subquery(this=_only(query, at)) for at in range(len(items))]
        raise _refused(
            self._function, "SELECT of variables from rows", "SET @variable = (SELECT ...)", statement
        )


def _declared(function: CreateScalarFunction, statements: Sequence[Statement]) -> Iterator[flow.Variable]:
    """The variables that statements declare.

    Raises:
        UnsupportedSqlError: A statement that no expression can do.
    """
    for statement in statements:
        match statement:
            case flow.Declare():
                yield from statement.variables
                _check_calls(function, *(one.value for one in statement.variables if one.value is not None))
            case flow.Block():
                yield from _declared(function, statement.body)
            case flow.If():
                _check_calls(function, statement.condition)
                yield from _declared(function, [statement.then, *_otherwise(statement)])
            case flow.SetVariable() | flow.Return():
                _check_calls(function, statement.value or exp.Null())
            case SelectAssign():
                _check_calls(function, statement.query)
            case _:
                word = statement.source.text.split(maxsplit=1)[0].upper()
                hint = "Write it with DECLARE, SET, IF and RETURN, or as a procedure."
                raise _refused(function, word, hint, statement)


def _check_calls(function: CreateScalarFunction, *trees: exp.Expr) -> None:
    for tree in trees:
        for node in tree.walk():
            called = read_call(node)
            if called is not None and called.name in SIDE_EFFECTS:
                raise BindError(
                    f"Invalid use of a side-effecting operator '{called.name.lower()}' within a function.",
                    "Pass its value as an argument.",
                    name=str(function.name),
                )


def _returns(statement: Statement) -> bool:
    """Whether there is a RETURN in it."""
    match statement:
        case flow.Block():
            return any(_returns(inner) for inner in statement.body)
        case flow.If():
            return any(_returns(inner) for inner in (statement.then, *_otherwise(statement)))
        case _:
            return isinstance(statement, flow.Return)


def _otherwise(statement: flow.If) -> list[Statement]:
    return [] if statement.otherwise is None else [statement.otherwise]


def _aggregates(item: exp.Expr) -> bool:
    """Whether an item of a select list is made of all rows."""
    return any(one.find_ancestor(exp.Query) is None for one in item.copy().find_all(exp.AggFunc))


def _only(query: exp.Query, at: int) -> exp.Query:
    """The query with one of its columns alone."""
    found = query.copy()
    found.set("expressions", [found.expressions[at].copy()])
    return found


def _key(name: str) -> str:
    return name.lower()


def _refused(
    function: CreateScalarFunction, what: str, hint: str, statement: Statement | None = None
) -> UnsupportedSqlError:
    source = (statement or function).source
    return UnsupportedSqlError(
        f"{what} in the function {function.name} is not supported: queries take it as one expression.",
        hint,
        line=source.line,
        column=source.column,
    )
