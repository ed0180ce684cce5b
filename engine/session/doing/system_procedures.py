"""Procedures that every workspace has: EXEC sp_..."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import BindError
from engine.runtime import answer_of
from engine.session.doing.renaming import rename_by_procedure
from engine.session.doing.workloads import set_member
from engine.session.requests.budget import Period
from engine.session.result import ResultSet
from engine.session.system.columns import TYPE_IDS, bytes_of, digits_of, scale_of
from engine.session.types import sql_type
from engine.sql.syntax import parse_script
from engine.sql.syntax.statements.queries import Select

if TYPE_CHECKING:
    from engine.session.doing.run import Run
    from engine.sql.syntax import Name
    from engine.sql.syntax.statements.queries import Argument


def system_procedure(name: Name) -> Callable[[Run, Sequence[Argument]], None] | None:
    """What does a procedure of the system; None if it is none."""
    return _PROCEDURES.get(name.name.lower()) if name.schema.lower() in ("", "sys", "dbo") else None


def _set_data_processed_limit(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_set_data_processed_limit @type = N'daily' | 'weekly' | 'monthly', @limit_tb = n`; NULL for none."""
    given = _named(run, arguments, ("type", "limit_tb"))
    period = next((one for one in Period if one == str(given["type"]).lower()), None)
    if period is None:
        raise BindError(
            f"'{given['type']}' is no period of a data limit.", "@type is daily, weekly or monthly."
        )
    limit = given["limit_tb"]
    if limit is None:
        run.world.remove_setting(period.setting)
    elif not isinstance(limit, int) or limit < 0:
        raise BindError(f"@limit_tb = {limit} is no limit.", "Give whole terabytes, or NULL for no limit.")
    else:
        run.world.put_setting(period.setting, limit)


def _named(
    run: Run, arguments: Sequence[Argument], names: Sequence[str], optional: Sequence[str] = ()
) -> Mapping[str, Any]:
    """Values of the parameters, by name or in order; every one must be given, but for optional ones."""
    if len(arguments) > len(names):
        raise BindError(
            "Procedure or function has too many arguments specified.", f"Give {', '.join(names)}."
        )
    given: dict[str, Any] = {}
    for at, argument in enumerate(arguments):
        name = argument.name.lower() or names[at]
        if name not in names:
            raise BindError(f"@{name} is not a parameter of the procedure.", f"It has {', '.join(names)}.")
        given[name] = run.value(argument.value)[0]
    missing = [name for name in names if name not in given and name not in optional]
    if missing:
        raise BindError(
            f"Procedure or function expects parameter '@{missing[0]}', which was not supplied.",
            f"Give {', '.join(names)}.",
        )
    return given


def _describe_first_result_set(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_describe_first_result_set N'query'`: names and types of its columns, without running it."""
    text = str(_named(run, arguments, ("tsql",))["tsql"])
    selects = [one for batch in parse_script(text) for one in batch.statements if isinstance(one, Select)]
    if not selects:
        raise BindError("The script returns no rows.", "Give a SELECT.")
    types = run.types(run.look_at(selects[0].query))
    kinds = [kind for _, kind in types]
    table = pa.table(
        {
            "is_hidden": pa.array([False] * len(types)),
            "column_ordinal": pa.array(range(1, len(types) + 1), pa.int32()),
            "name": pa.array([name or None for name, _ in types], pa.string()),
            "is_nullable": pa.array([True] * len(types)),
            "system_type_id": pa.array([TYPE_IDS.get(kind.base) for kind in kinds], pa.int32()),
            "system_type_name": pa.array([str(kind) for kind in kinds], pa.string()),
            "max_length": pa.array([bytes_of(kind) for kind in kinds], pa.int32()),
            "precision": pa.array([digits_of(kind) or 0 for kind in kinds], pa.int32()),
            "scale": pa.array([scale_of(kind) or 0 for kind in kinds], pa.int32()),
        }
    )
    shown = tuple((field.name, sql_type(field.type)) for field in table.schema)
    run.results.append(ResultSet(shown, answer_of(run.world.machine.pool, table)))


def _openrowset_statistics(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_create_openrowset_statistics N'query'` and its DROP: plans read the files' footers instead."""
    text = str(_named(run, arguments, ("stmt",))["stmt"])
    selects = [one for batch in parse_script(text) for one in batch.statements if isinstance(one, Select)]
    if not selects:
        raise BindError("The statement is no query over files.", "Give SELECT column FROM OPENROWSET(...).")
    run.types(run.look_at(selects[0].query))
    run.messages.append("Nothing is kept: plans take their statistics from the files' footers.")


def _add_role_member(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_addrolemember 'largerc', 'user'`."""
    given = _named(run, arguments, ("rolename", "membername"))
    set_member(run, str(given["rolename"]), str(given["membername"]), there=True)


def _drop_role_member(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_droprolemember 'largerc', 'user'`."""
    given = _named(run, arguments, ("rolename", "membername"))
    set_member(run, str(given["rolename"]), str(given["membername"]), there=False)


def _rename(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_rename 'old', 'new' [, 'OBJECT' | 'COLUMN']`."""
    given = _named(run, arguments, ("objname", "newname", "objtype"), optional=("objtype",))
    rename_by_procedure(run, str(given["objname"]), str(given["newname"]), str(given.get("objtype") or ""))


def _set_session_context(run: Run, arguments: Sequence[Argument]) -> None:
    """`sp_set_session_context 'wlm_context', '...'`: what a classifier may ask for."""
    given = _named(run, arguments, ("key", "value"))
    if str(given["key"]).lower() != "wlm_context":
        raise BindError(f"'{given['key']}' is no key of the session's context.", "The key is wlm_context.")
    run.world.machine.gate.context = str(given["value"] or "")


_PROCEDURES: dict[str, Callable[[Run, Sequence[Argument]], None]] = {
    "sp_addrolemember": _add_role_member,
    "sp_create_openrowset_statistics": _openrowset_statistics,
    "sp_describe_first_result_set": _describe_first_result_set,
    "sp_drop_openrowset_statistics": _openrowset_statistics,
    "sp_droprolemember": _drop_role_member,
    "sp_rename": _rename,
    "sp_set_data_processed_limit": _set_data_processed_limit,
    "sp_set_session_context": _set_session_context,
}
SYSTEM_PROCEDURES = tuple(_PROCEDURES)
