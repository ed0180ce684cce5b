"""CREATE and UPDATE STATISTICS, and DBCC SHOW_STATISTICS: a histogram and densities, kept in the catalog.

They are made of all rows, whatever sample is asked for. The planner goes by what files tell of themselves,
which is never out of date; these are for people, and for the tools that they bring along.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.errors import BindError
from engine.runtime import answer_of
from engine.session.catalog.definitions import Definition, Key, Kind, already_there
from engine.session.result import ResultSet
from engine.session.show import shown_value
from engine.session.types import sql_type
from engine.sql.syntax import Name, parse_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.doing.run import Run
    from engine.sql.syntax.statements.flow import Dbcc
    from engine.sql.syntax.statements.objects import Drop
    from engine.sql.syntax.statements.tables import CreateStatistics, UpdateStatistics

# SQL Server's histograms have 200 steps at the most; one of them may be for NULL.
_STEPS = 199
_SHOWN = ("STAT_HEADER", "DENSITY_VECTOR", "HISTOGRAM")


def do_create_statistics(run: Run, statement: CreateStatistics) -> None:
    key = _table_key(run, statement.table)
    name = f"{key.name}.{statement.name}"
    if run.world.definitions.find(Kind.STATISTICS, Key.of(name, key.schema)) is not None:
        raise already_there(statement.name)
    where = "" if statement.where is None else statement.where.sql(dialect="tsql")
    body: dict[str, Any] = {"table": str(key), "columns": list(statement.columns), "where": where}
    body["facts"] = _facts(run, key, statement.columns, where)
    run.world.definitions.add(Definition(Kind.STATISTICS, key.schema, name, body))
    run.rowcount = -1


def do_update_statistics(run: Run, statement: UpdateStatistics) -> None:
    """Make statistics of a table anew: those that are named, or all."""
    key = _table_key(run, statement.table)
    there = {
        _short(one): one
        for one in run.world.definitions.all(Kind.STATISTICS)
        if one.body["table"] == str(key)
    }
    for name in statement.names:
        if name.lower() not in there:
            raise _unknown(name, key, there)
    for name in [one.lower() for one in statement.names] or list(there):
        found = there[name]
        columns, where = list(found.body["columns"]), str(found.body.get("where", ""))
        body = {**found.body, "facts": _facts(run, key, columns, where)}
        run.world.definitions.put(Definition(Kind.STATISTICS, found.schema, found.name, body))
    run.rowcount = -1


def drop_one_statistics(run: Run, name: Name, statement: Drop) -> None:
    """DROP STATISTICS table.name."""
    parts = [name.database, name.schema, name.name]
    table = Name(parts[1], parts[0]) if parts[1] else Name("")
    key = run.world.key(table)
    dropped = run.world.definitions.remove(Kind.STATISTICS, Key.of(f"{key.name}.{name.name}", key.schema))
    if not dropped and not statement.if_exists:
        raise BindError(
            f"Cannot drop the statistics '{name}', because it does not exist or you do not have permission.",
            "Write DROP STATISTICS table.name.",
            name=str(name),
        )


def show_statistics(run: Run, statement: Dbcc) -> None:
    """DBCC SHOW_STATISTICS (table, name) [WITH STAT_HEADER, DENSITY_VECTOR, HISTOGRAM]."""
    if len(statement.arguments) != 2:
        raise BindError(
            "DBCC SHOW_STATISTICS takes a table and a name.", "Write DBCC SHOW_STATISTICS (t, s)."
        )
    table, name = (one.name for one in statement.arguments)
    parts = table.replace("[", "").replace("]", "").split(".")
    key = _table_key(run, Name(parts[-1], parts[-2] if len(parts) > 1 else ""))
    there = {
        _short(one): one
        for one in run.world.definitions.all(Kind.STATISTICS)
        if one.body["table"] == str(key)
    }
    found = there.get(name.lower()) or _of_column(there, name)
    if found is None:
        raise _unknown(name, key, there)
    wanted = statement.options or _SHOWN
    for option in wanted:
        if option not in _SHOWN:
            raise BindError(
                f"DBCC SHOW_STATISTICS ... WITH {option} does not exist.", f"There is {', '.join(_SHOWN)}."
            )
    facts = found.body.get("facts") or _facts(
        run, key, list(found.body["columns"]), str(found.body.get("where", ""))
    )
    for option in _SHOWN:
        if option in wanted:
            _show(run, _TABLES[option](found, facts))


def _header(found: Definition, facts: dict[str, Any]) -> pa.Table:
    first = facts["densities"][0]
    return pa.table(
        {
            "Name": [found.name.partition(".")[2]],
            "Updated": [facts["updated"]],
            "Rows": pa.array([facts["rows"]], pa.int64()),
            "Rows Sampled": pa.array([facts["sampled"]], pa.int64()),
            "Steps": pa.array([len(facts["histogram"])], pa.int32()),
            "Density": pa.array([first[0]], pa.float64()),
            "Average key length": pa.array([first[1]], pa.float64()),
            "String Index": ["NO"],
            "Filter Expression": pa.array([found.body.get("where") or None], pa.string()),
            "Unfiltered Rows": pa.array([facts["unfiltered"]], pa.int64()),
        }
    )


def _densities(found: Definition, facts: dict[str, Any]) -> pa.Table:
    columns = [str(name) for name in found.body["columns"]]
    return pa.table(
        {
            "All density": pa.array([one[0] for one in facts["densities"]], pa.float64()),
            "Average Length": pa.array([one[1] for one in facts["densities"]], pa.float64()),
            "Columns": [", ".join(columns[: at + 1]) for at in range(len(columns))],
        }
    )


def _histogram(found: Definition, facts: dict[str, Any]) -> pa.Table:
    del found
    steps = facts["histogram"]
    return pa.table(
        {
            "RANGE_HI_KEY": pa.array([one[0] for one in steps], pa.string()),
            "RANGE_ROWS": pa.array([one[1] for one in steps], pa.float64()),
            "EQ_ROWS": pa.array([one[2] for one in steps], pa.float64()),
            "DISTINCT_RANGE_ROWS": pa.array([one[3] for one in steps], pa.int64()),
            "AVG_RANGE_ROWS": pa.array([one[1] / one[3] if one[3] else 1.0 for one in steps], pa.float64()),
        }
    )


_TABLES = {"STAT_HEADER": _header, "DENSITY_VECTOR": _densities, "HISTOGRAM": _histogram}


def _show(run: Run, table: pa.Table) -> None:
    kinds = tuple((field.name, sql_type(field.type)) for field in table.schema)
    run.results.append(ResultSet(kinds, answer_of(run.world.machine.pool, table)))
    run.counted(len(table))


def _facts(run: Run, key: Key, columns: Sequence[str], where: str) -> dict[str, Any]:
    """What statistics tell, as JSON has it."""
    names = [f"[{name}]" for name in columns]
    table = f"[{key.schema}].[{key.name}]"
    rows = f"(SELECT {', '.join(names)} FROM {table}{f' WHERE {where}' if where else ''}) AS t"  # noqa: S608
    [[unfiltered]] = _asked(run, f"SELECT COUNT_BIG(*) AS n FROM {table}")  # noqa: S608
    lengths = ", ".join(f"AVG(CAST(DATALENGTH({name}) AS FLOAT)) AS l{at}" for at, name in enumerate(names))
    [[total, *means]] = _asked(run, f"SELECT COUNT_BIG(*) AS n, {lengths} FROM {rows}")  # noqa: S608
    densities = []
    for at in range(len(names)):
        prefix = ", ".join(names[: at + 1])
        different = f"(SELECT DISTINCT {prefix} FROM {rows}) AS d"  # noqa: S608
        [[distinct]] = _asked(run, f"SELECT COUNT_BIG(*) AS n FROM {different}")  # noqa: S608
        densities.append([1.0 / distinct if distinct else 0.0, sum(mean or 0.0 for mean in means[: at + 1])])
    return {
        "updated": run.world.now.strftime("%Y-%m-%d %H:%M:%S"),
        "rows": total,
        "sampled": total,
        "unfiltered": unfiltered,
        "densities": densities,
        "histogram": _steps(run, names[0], rows),
    }


def _steps(run: Run, name: str, rows: str) -> list[list[Any]]:
    """Steps of the histogram: greatest value, rows below it, rows of it, other values below it."""
    nulls = _asked(run, f"SELECT COUNT_BIG(*) AS n FROM {rows} WHERE {name} IS NULL")[0][0]  # noqa: S608
    grouped = f"SELECT {name} AS v, COUNT_BIG(*) AS c FROM {rows} WHERE {name} IS NOT NULL GROUP BY {name}"  # noqa: S608
    dealt = f"SELECT v, c, NTILE({_STEPS}) OVER (ORDER BY v) AS b FROM ({grouped}) AS g"  # noqa: S608
    placed = f"SELECT v, c, b, ROW_NUMBER() OVER (PARTITION BY b ORDER BY v DESC) AS p FROM ({dealt}) AS h"  # noqa: S608
    counted = "SUM(IIF(p = 1, 0, c)) AS below, SUM(IIF(p = 1, c, 0)) AS equal, COUNT_BIG(*) - 1 AS others"
    found = _asked(run, f"SELECT MAX(v) AS hi, {counted}, b FROM ({placed}) AS i GROUP BY b ORDER BY b")  # noqa: S608
    steps = [[_told(hi), float(below), float(equal), int(others)] for hi, below, equal, others, _ in found]
    return [[None, 0.0, float(nulls), 0], *steps] if nulls else steps


def _told(value: Any) -> str:
    return str(value) if isinstance(value, int | float | Decimal | str | dt.date) else shown_value(value)


def _asked(run: Run, text: str) -> list[list[Any]]:
    found = run.answer(run.bind(parse_query(text))).to_arrow()
    return [list(row) for row in zip(*(column.to_pylist() for column in found.columns), strict=True)]


def _table_key(run: Run, name: Name) -> Key:
    key = run.world.key(name)
    if run.world.table(key) is None and run.world.definitions.find(Kind.EXTERNAL_TABLE, key) is None:
        raise run.world.unknown(name)
    return key


def _of_column(there: dict[str, Definition], column: str) -> Definition | None:
    """Statistics may be asked for by their first column."""
    return next(
        (one for one in there.values() if str(one.body["columns"][0]).lower() == column.lower()), None
    )


def _short(one: Definition) -> str:
    return one.name.partition(".")[2].lower()


def _unknown(name: str, key: Key, there: dict[str, Definition]) -> BindError:
    return BindError(
        f"Cannot find the statistics '{name}' of table '{key}'.",
        f"There are: {', '.join(sorted(there)) or 'none'}.",
        name=name,
    )
