"""EXEC: stored procedures, and texts that are scripts of their own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError, SqlRuntimeError, UnsupportedSqlError
from engine.session.binding.rowsets import declared_type
from engine.session.catalog.definitions import Kind
from engine.session.doing.queries import undeclared
from engine.session.doing.run import DEEPEST_CALL, Run
from engine.session.doing.signals import ReturnFrom
from engine.session.doing.system_procedures import SYSTEM_PROCEDURES, system_procedure
from engine.sql.meaning import Variable
from engine.sql.syntax import Name, parse_script
from engine.sql.syntax.nodes import Default
from engine.sql.syntax.statements.objects import CreateProcedure, ProcedureParameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.sql.syntax.statements.queries import Argument, Execute, ExecuteText


_EXECUTE_SQL = "sp_executesql"


def do_execute(run: Run, statement: Execute) -> None:
    """EXEC procedure arguments; OUTPUT arguments get the parameters' values at the end."""
    system = system_procedure(statement.procedure) if isinstance(statement.procedure, Name) else None
    if system is not None:
        system(run, statement.arguments)
        run.rowcount = -1
        return
    if isinstance(statement.procedure, Name) and statement.procedure.name.lower() == _EXECUTE_SQL:
        _execute_sql(run, statement)
        return
    _call(run, statement, _procedure(run, statement), statement.arguments)


def _execute_sql(run: Run, statement: Execute) -> None:
    """`sp_executesql @stmt [, @params, value, ...]`: a script with parameters of its own."""
    texts = [run.value(argument.value)[0] for argument in statement.arguments[:2]]
    if not texts or texts[0] is None:
        raise BindError(
            "sp_executesql expects parameter '@statement', which was not supplied.", "Give a text."
        )
    if len(texts) == 1 or not texts[1]:
        _run_text(run, str(texts[0]))
        return
    # Its parameters are written as those of a procedure, and passed so.
    text = f"CREATE PROCEDURE {_EXECUTE_SQL} {texts[1]!s} AS {texts[0]!s}"
    [[procedure]] = [batch.statements for batch in parse_script(text)]
    if not isinstance(procedure, CreateProcedure):
        raise BindError("sp_executesql takes statements and their parameters.", "Write N'@p INT' as second.")
    _call(run, statement, procedure, statement.arguments[2:])


def _call(run: Run, statement: Execute, procedure: CreateProcedure, arguments: tuple[Argument, ...]) -> None:
    given = _matched(procedure, arguments)
    values = {
        f"@{one.name.lower()}": _argument(run, one, given.get(one.name.lower()))
        for one in procedure.parameters
    }
    with _scope(run, values) as inner:
        code = _body(run, procedure)
    for name, argument in given.items():
        if argument.output and isinstance(argument.value, exp.Parameter):
            _assign(run, f"@{argument.value.name.lower()}", inner[f"@{name}"])
    if statement.result:
        _assign(run, f"@{statement.result.lower()}", Variable(run.world.integer, code))


def do_execute_text(run: Run, statement: ExecuteText) -> None:
    """EXEC (text): the text sees no variable of the script around it."""
    text, _ = run.value(statement.text)
    _run_text(run, str(text))


def _run_text(run: Run, text: str) -> None:
    with _scope(run, {}):
        for batch in parse_script(text):
            try:
                for inner in batch.statements:
                    run.do(inner)
            except ReturnFrom:
                continue


def _procedure(run: Run, statement: Execute) -> CreateProcedure:
    name = statement.procedure
    if isinstance(name, exp.Parameter):
        value, _ = run.value(name)
        parts = str(value).split(".")
        name = Name(parts[-1], parts[-2] if len(parts) > 1 else "")
    found = run.world.definitions.find(Kind.PROCEDURE, run.world.key(name))
    if found is None:
        there = [*(one.name for one in run.world.definitions.all(Kind.PROCEDURE)), *SYSTEM_PROCEDURES]
        hint = f"There is: {', '.join(there)}."
        raise BindError(f"Could not find stored procedure '{name}'.", hint, name=str(name))
    [[procedure]] = [batch.statements for batch in parse_script(str(found.body["text"]))]
    if not isinstance(procedure, CreateProcedure):
        raise UnsupportedSqlError(f"The definition of '{name}' is no procedure.", "DROP and CREATE it again.")
    return procedure


def _matched(procedure: CreateProcedure, arguments: tuple[Argument, ...]) -> dict[str, Argument]:
    """Arguments by the parameter that they are for."""
    names = [one.name.lower() for one in procedure.parameters]
    matched: dict[str, Argument] = {}
    for at, argument in enumerate(arguments):
        name = argument.name.lower() or (names[at] if at < len(names) else "")
        if name not in names:
            raise BindError(
                f"Procedure or function {procedure.name} has too many arguments specified."
                if not argument.name
                else f"@{argument.name} is not a parameter for procedure {procedure.name}.",
                f"Its parameters: {', '.join(f'@{one}' for one in names) or 'none'}.",
            )
        matched[name] = argument
    return matched


def _argument(run: Run, parameter: ProcedureParameter, argument: Argument | None) -> Variable:
    kind = declared_type(parameter.kind)
    expression = argument.value if argument is not None else None
    if expression is None or isinstance(expression, Default):
        expression = parameter.default
    if expression is None:
        raise BindError(
            f"Procedure or function expects parameter '@{parameter.name}', which was not supplied.",
            f"Give @{parameter.name} = value.",
            name=parameter.name,
        )
    return Variable(kind, run.value(expression, kind)[0])


@contextmanager
def _scope(run: Run, values: dict[str, Variable]) -> Iterator[dict[str, Variable]]:
    """Within the block the local variables are these; temporary tables made in it are gone after it."""
    if run.depth == DEEPEST_CALL:
        raise SqlRuntimeError(
            f"Maximum stored procedure nesting level exceeded (limit {DEEPEST_CALL}).",
            "Does it call itself?",
            number=217,
        )
    world, before, temps = run.world, run.world.variables, run.world.temps
    system = {name: value for name, value in before.items() if not is_local(name)}
    world.variables, world.temps = {**system, **values}, dict(temps)
    run.depth += 1
    try:
        yield world.variables
    finally:
        run.depth -= 1
        changed = {name: value for name, value in world.variables.items() if not is_local(name)}
        temps.update({name: table for name, table in world.temps.items() if name in temps})
        world.variables, world.temps = before, temps
        before.update(changed)


def is_local(name: str) -> bool:
    """Whether a variable belongs to one batch or procedure, and not to the session."""
    return name.startswith("@") and not name.startswith("@@")


def _body(run: Run, procedure: CreateProcedure) -> int:
    try:
        for inner in procedure.body:
            run.do(inner)
    except ReturnFrom as signal:
        return signal.value
    return 0


def _assign(run: Run, name: str, value: Variable) -> None:
    known = run.world.variables.get(name)
    if known is None:
        raise undeclared(name)
    run.world.variables[name] = Variable(known.type, value.value)
