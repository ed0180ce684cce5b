"""SELECT through the result-set cache, and the statements that steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import BindError, NotFoundError, WriteError
from engine.lake.names import fold
from engine.runtime import Answer, answer_of, answer_of_parts
from engine.runtime.answer import part_report
from engine.session.caching.keys import question_key, state_key
from engine.session.caching.rules import HIT, MISS, reason_against
from engine.session.caching.store import ResultStore, cached_table, row_groups
from engine.session.result import ResultSet
from engine.session.types import sql_type

if TYPE_CHECKING:
    from engine.session.binding.binder import Bound
    from engine.session.doing.run import Run
    from engine.sql.syntax.statements import flow
    from engine.sql.syntax.statements.queries import Select

# An answer of less is read here and now; of more each row group becomes a part on the workers.
_READ_HERE = 8 << 20


def answer_through_cache(run: Run, statement: Select, bound: Bound) -> tuple[Bound, Answer]:
    """The rows of a query: those that were kept, if nothing they depend on has changed.

    Returns:
        The query as it was answered, and its rows.
    """
    world = run.world
    if world.profile.kind != "dedicated":
        return bound, run.answer(bound)
    translation = world.machine.prepared.translation(bound, world.settings())
    against = reason_against(
        bound.tree,
        bound.relations.values(),
        translation.asked,
        database=world.caching_on,
        session=world.options.result_set_caching,
    )
    recorder = world.machine.recorder
    if against or world.work.transaction is not None:
        recorder.cached(against.code)
        bound = _in_turn(run, statement, bound)
        return bound, run.answer(bound)
    store = ResultStore(world.storage)
    question = question_key(statement.source.text, translation.asked, world.variables)
    state = state_key(world.storage, bound, world.collation.name)
    names = [item.alias_or_name for item in translation.tree.selects]
    found = store.find(question, state)
    if found is not None and (kept := _read(run, found, names)) is not None:
        recorder.cached(HIT)
        return bound, kept
    current = _in_turn(run, statement, bound)
    if current is not bound:
        state = state_key(world.storage, current, world.collation.name)
    answer = run.answer(current)
    recorder.cached(_keep(store, question, state, answer, run))
    return current, answer


def _in_turn(run: Run, statement: Select, bound: Bound) -> Bound:
    """The query when its turn has come: bound anew if it had to wait, since its tables may have changed."""
    waited = run.world.machine.admit(bound.relations)
    return run.bind_as_before(statement.query) if waited else bound


def _keep(store: ResultStore, question: str, state: str, answer: Answer, run: Run) -> int:
    try:
        refused = store.put(question, state, answer, run.world.now)
    except WriteError as error:  # the answer is there all the same
        run.messages.append(f"The result was not kept: {error.message}")
        return MISS
    return refused.code


def _read(run: Run, location: str, names: list[str]) -> Answer | None:
    storage, pool = run.world.storage, run.world.machine.pool
    try:
        groups = row_groups(storage, location)
        if sum(one.bytes for one in groups) <= _READ_HERE:
            return answer_of(pool, cached_table(storage, location, names))
        empty = cached_table(storage, location, names, 0).slice(0, 0)
    except (NotFoundError, OSError):  # somebody has dropped it meanwhile
        return None
    parts = [
        pool.submit(cached_table, storage, location, names, at, label="sql-cached")
        for at in range(len(groups))
    ]
    reports = [part_report(empty.schema, one.rows, one.bytes, one.null_free) for one in groups]
    return answer_of_parts(pool, parts, reports)


def do_set_caching(run: Run, statement: flow.SetResultSetCaching) -> None:
    """SET RESULT_SET_CACHING for the session; ALTER DATABASE ... SET for the workspace."""
    world = run.world
    if statement.database:
        if fold(statement.database) not in (fold(world.database), "current"):
            raise BindError(
                f"Database '{statement.database}' does not exist.",
                f"This workspace is the one database '{world.database}'.",
                name=statement.database,
            )
        world.put_setting("result_set_caching", statement.on)
    else:
        world.options.result_set_caching = statement.on
        if statement.on and not world.caching_on:
            run.messages.append(
                "Result set caching is OFF at the database level, so no result is kept: "
                f"ALTER DATABASE {world.database} SET RESULT_SET_CACHING ON."
            )
    run.rowcount = -1


def show_space_used(run: Run) -> None:
    """DBCC SHOWRESULTCACHESPACEUSED: kilobytes."""
    size = -(-sum(one.bytes for one in ResultStore(run.world.storage).files()) // 1024)
    names = ("reserved_space", "data_space", "index_space", "unused_space")
    table = pa.table({name: pa.array([size if at < 2 else 0], pa.int64()) for at, name in enumerate(names)})
    kinds = tuple((name, sql_type(pa.int64())) for name in names)
    run.results.append(ResultSet(kinds, answer_of(run.world.machine.pool, table)))
    run.counted(1)


def drop_cache(run: Run) -> None:
    """DBCC DROPRESULTSETCACHE."""
    ResultStore(run.world.storage).clear()
    run.rowcount = -1
