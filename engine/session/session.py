"""A session: T-SQL scripts on a pool of a workspace."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.errors import SqlSyntaxError
from engine.lake.names import DEFAULT_SCHEMA
from engine.session.binding.world import TempTable, World
from engine.session.catalog.definitions import Definitions
from engine.session.doing.dispatch import perform
from engine.session.doing.flow import no_error_functions
from engine.session.doing.run import Run
from engine.session.doing.signals import ReturnFrom, Signal
from engine.session.journal import finish_abandoned
from engine.session.machine import Machine
from engine.session.many import inserted_at_once
from engine.session.parameters import Parameters, bound_variables, refuse_other_number
from engine.session.profile import Options, Profile
from engine.session.requests.allowance import refuse_over_budget
from engine.session.requests.recorder import Recorder, label_of
from engine.session.result import Result
from engine.session.transactions import Work
from engine.session.workload.gate import Gate, Workload
from engine.sql.meaning import Variable, parse_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.lake import Storage
    from engine.runtime import Tasks
    from engine.sql.syntax import Batch, Statement


class Session:
    """What lives from one script to the next: temporary tables and an open transaction.

    Args:
        pool: Where queries run; it must have been started.
        storage: The workspace's files.
        nodes: How many compute nodes a query that reads so many bytes is planned for.
        models: Gives the workspace's model registry; asked when a query first names a model.
        profile: What the pool and the workspace make of it.
        workload: The pool's queue; without one nothing waits.
    """

    def __init__(
        self,
        pool: Tasks,
        storage: Storage,
        *,
        nodes: Callable[[float], int],
        models: Callable[[], Any],
        profile: Profile | None = None,
        workload: Workload | None = None,
    ) -> None:
        self._profile = Profile() if profile is None else profile
        self._definitions = Definitions(storage)
        self._recorder = Recorder(self._profile)
        self._gate = Gate(workload, self._recorder, self._profile.user)
        allowance = partial(refuse_over_budget, self._profile, self._definitions)
        self._machine = Machine(pool, storage, nodes, self._recorder, allowance, self._gate)
        self._models = models
        self._temps: dict[str, TempTable] = {}
        self._work = Work()
        self._options = Options()
        finish_abandoned(storage)
        self._lock = threading.Lock()

    def run(self, text: str, parameters: Parameters = ()) -> Result:
        """Run a script: batches parted by GO; variables live as long as their batch.

        Args:
            text: T-SQL.
            parameters: Values of the `?` in it, in order, or of `@name` variables by name; they are bound,
                never written into the text.

        Returns:
            Every result set, what was printed, and the row count of the last statement.

        Raises:
            SqlSyntaxError: The text is not T-SQL; nothing of it was run.
            BindError, UnsupportedSqlError, SqlRuntimeError: A statement failed; those before it are done.
            OptionError: A parameter that T-SQL has no type for.
        """
        variables = bound_variables(parameters)
        refuse_other_number(text, parameters)
        return self._run(self._machine.prepared.script(text), variables)

    def run_many(self, text: str, rows: Sequence[Parameters]) -> Result:
        """Run a script once for each row of parameters; an INSERT of VALUES inserts all rows in one commit.

        Returns:
            The last run's result, with the rows that all of them changed.

        Raises:
            As `run`.
        """
        for parameters in rows:
            refuse_other_number(text, parameters)
        batches = self._machine.prepared.script(text)
        together = inserted_at_once(batches, rows)
        if together is not None:
            batch, variables = together
            return self._run((batch,), variables)
        last, total = Result(), 0
        for parameters in rows:
            last = self._run(batches, bound_variables(parameters))
            total += max(last.rowcount, 0)
        return replace(last, rowcount=total)

    def end_transaction(self, *, commit: bool) -> None:
        """Commit or undo the open transaction; does nothing without one."""
        word = "COMMIT" if commit else "ROLLBACK"
        self.run(f"IF @@TRANCOUNT > 0 {word} TRANSACTION")

    def close(self) -> None:
        """Roll back what is open; temporary tables are gone."""
        with self._lock:
            if self._work.transaction is not None:
                self._work.transaction.rollback()
                self._work.transaction = None
            self._temps.clear()

    def _run(self, batches: Sequence[Batch], variables: Mapping[str, Variable]) -> Result:
        with self._lock:
            run = Run(self._world(), self._perform)
            for batch in batches:
                for _ in range(batch.repeat):
                    self._run_batch(run, batch, variables)
            return run.result()

    def _run_batch(self, run: Run, batch: Batch, variables: Mapping[str, Variable]) -> None:
        kept = {name: value for name, value in run.world.variables.items() if name.startswith("@@")}
        run.world.variables = {**_system_variables(self._profile), **kept, **variables}
        run.tell_work()
        try:
            for statement in batch.statements:
                run.do(statement)
        except ReturnFrom:
            return
        except Signal:
            raise SqlSyntaxError(
                "Cannot use a BREAK or CONTINUE statement outside the scope of a WHILE statement.",
                "Remove it.",
            ) from None

    def _perform(self, run: Run, statement: Statement) -> None:
        label = label_of(statement)
        with (
            self._recorder.request(
                statement, label, lambda: run.rowcount, waits=self._gate.may_wait(statement)
            ),
            self._gate.request(statement, label),
        ):
            perform(run, statement)

    def _world(self) -> World:
        return World(
            self._machine,
            self._definitions,
            self._models,
            self._profile,
            temps=self._temps,
            work=self._work,
            options=self._options,
        )


def _system_variables(profile: Profile) -> dict[str, Variable]:
    name, number = parse_type("nvarchar(128)"), parse_type("int")
    user = Variable(name, profile.user)
    users = (
        "current_user",
        "session_user",
        "system_user",
        "suser_name",
        "suser_sname",
        "user_name",
        "original_login",
    )
    return {
        "@@rowcount": Variable(number, 0),
        "@@error": Variable(number, 0),
        "@@datefirst": Variable(parse_type("tinyint"), 7),
        "@@language": Variable(name, "us_english"),
        "@@max_precision": Variable(parse_type("tinyint"), 38),
        "@@servername": Variable(name, "tarn"),
        "@@version": Variable(parse_type("nvarchar(300)"), "Tarn"),
        "rowcount_big()": Variable(parse_type("bigint"), 0),
        "db_name()": Variable(name, profile.database),
        "schema_name()": Variable(name, DEFAULT_SCHEMA),
        **{f"{function}()": user for function in users},
        **no_error_functions(),
    }
