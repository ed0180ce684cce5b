"""Statements that steer a script: variables, branches, loops, errors."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import BindError, SqlRuntimeError, SqlSyntaxError, TarnError, UnsupportedSqlError
from engine.session.binding.rowsets import declared_type
from engine.session.doing.queries import undeclared
from engine.session.doing.signals import BreakLoop, ContinueLoop, ReturnFrom
from engine.sql.meaning import Variable, parse_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.session.doing.run import Run
    from engine.sql.syntax.statements import flow

_PLACE = re.compile(r"%(?:\.\d+)?([sdiuxX%])")
# RAISERROR's number for a message that is given as text, and the severity from which one is an error.
_RAISED = 50000
_ERROR_SEVERITY = 11


def do_declare(run: Run, statement: flow.Declare) -> None:
    # In a loop a statement meets the variables that it declared before.
    known = {name for name, by in run.declared.items() if by is statement}
    for variable in statement.variables:
        name, kind = f"@{variable.name.lower()}", declared_type(variable.kind)
        again = name in known
        if name in run.world.variables and not again:
            raise BindError(
                f"The variable name '@{variable.name}' has already been declared.",
                "Variable names must be unique within a batch or a procedure.",
                name=name,
            )
        known.discard(name)
        run.declared[name] = statement
        if again and variable.value is None:
            continue  # in a loop a variable is declared once, and keeps its value
        value = None if variable.value is None else run.value(variable.value, kind)[0]
        run.world.variables[name] = Variable(kind, value)


def do_set_variable(run: Run, statement: flow.SetVariable) -> None:
    name = f"@{statement.name.lower()}"
    known = run.world.variables.get(name)
    if known is None:
        raise undeclared(name)
    run.world.variables[name] = Variable(known.type, run.value(statement.value, known.type)[0])


def do_block(run: Run, statement: flow.Block) -> None:
    for inner in statement.body:
        run.do(inner)


def do_if(run: Run, statement: flow.If) -> None:
    if run.holds(statement.condition):
        run.do(statement.then)
    elif statement.otherwise is not None:
        run.do(statement.otherwise)


def do_while(run: Run, statement: flow.While) -> None:
    while run.holds(statement.condition):
        try:
            run.do(statement.body)
        except BreakLoop:
            return
        except ContinueLoop:
            continue


def do_break(_run: Run, _statement: flow.Break) -> None:
    raise BreakLoop


def do_continue(_run: Run, _statement: flow.Continue) -> None:
    raise ContinueLoop


def do_return(run: Run, statement: flow.Return) -> None:
    value = None if statement.value is None else run.value(statement.value, run.world.integer)[0]
    raise ReturnFrom(value if isinstance(value, int) else 0)


def do_print(run: Run, statement: flow.Print) -> None:
    value, kind = run.value(statement.value)
    if not kind.is_text:
        value, _ = run.value(statement.value, parse_type("nvarchar(4000)"))
    run.messages.append("" if value is None else str(value))


def do_try(run: Run, statement: flow.TryCatch) -> None:
    """TRY: what fails while it runs, or does not bind, goes to CATCH; text that is no T-SQL does not."""
    try:
        for inner in statement.body:
            run.do(inner)
    except SqlSyntaxError:
        raise
    except TarnError as error:
        with _handling(run, error):
            for inner in statement.handler:
                run.do(inner)


def do_throw(run: Run, statement: flow.Throw) -> None:
    if statement.number is None or statement.message is None or statement.state is None:
        if run.caught is None:
            raise SqlSyntaxError(
                "To rethrow an error, a THROW statement must be used inside a CATCH block.",
                "Give number, message and state.",
            )
        raise run.caught
    number, _ = run.value(statement.number, run.world.integer)
    message, _ = run.value(statement.message, parse_type("nvarchar(2048)"))
    state, _ = run.value(statement.state, run.world.integer)
    if not isinstance(number, int) or number < _RAISED:
        raise BindError(
            f"Error number {number!r} in the THROW statement is outside the valid range.",
            "Give 50000 or more.",
        )
    raise SqlRuntimeError(str(message), number=number, state=state, severity=16)


def do_raise_error(run: Run, statement: flow.RaiseError) -> None:
    """RAISERROR: below severity 11 a message, from there an error."""
    severity, _ = run.value(statement.severity, run.world.integer)
    state, _ = run.value(statement.state, run.world.integer)
    text, kind = run.value(statement.message)
    if not kind.is_text:
        raise UnsupportedSqlError(
            "RAISERROR takes a text here.", "There are no numbered messages: write the text."
        )
    message = _filled(str(text), [run.value(argument)[0] for argument in statement.arguments])
    if isinstance(severity, int) and severity >= _ERROR_SEVERITY:
        raise SqlRuntimeError(message, number=_RAISED, state=state, severity=severity)
    run.messages.append(message)


def _filled(text: str, arguments: list[object]) -> str:
    left = iter(arguments)
    return _PLACE.sub(lambda match: "%" if match[1] == "%" else str(next(left, "(null)")), text)


@contextmanager
def _handling(run: Run, error: TarnError) -> Iterator[None]:
    """Within the block ERROR_MESSAGE() and its kin tell of the error, and THROW passes it on."""
    before, run.caught = run.caught, error
    functions = _error_functions(error)
    saved = {name: run.world.variables.get(name) for name in functions}
    run.world.variables.update(functions)
    try:
        yield
    finally:
        run.caught = before
        for name, value in saved.items():
            if value is None:
                run.world.variables.pop(name, None)
            else:
                run.world.variables[name] = value


def _error_functions(error: TarnError) -> dict[str, Variable]:
    number, text = parse_type("int"), parse_type("nvarchar(4000)")
    data = error.data
    return {
        "error_number()": Variable(number, _integer(data.get("number"), _RAISED)),
        "error_message()": Variable(text, error.message),
        "error_severity()": Variable(number, _integer(data.get("severity"), 16)),
        "error_state()": Variable(number, _integer(data.get("state"), 1)),
        "error_line()": Variable(number, _integer(data.get("line"), 1)),
        "error_procedure()": Variable(text, data.get("procedure")),
    }


def no_error_functions() -> dict[str, Variable]:
    """What the functions of errors give outside of CATCH."""
    return {name: Variable(one.type, None) for name, one in _error_functions(TarnError("")).items()}


def _integer(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
