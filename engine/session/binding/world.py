"""What a session's names stand for: temporary and stored tables, views, files, the catalog's own views."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from engine.errors import BindError, NotFoundError
from engine.lake import TableName, list_tables, open_table
from engine.lake.names import LONGEST_NAME, fold
from engine.lake.sightings import doubted
from engine.runtime import BoundTable, bound_table
from engine.runtime.types import duckdb_name
from engine.session.binding.binder import Binder
from engine.session.binding.relations import Relation, reading_as
from engine.session.binding.views import view_query
from engine.session.catalog.declarations import DeclaredColumn, columns_of, declaration_of, typed
from engine.session.catalog.definitions import SYSTEM_SCHEMAS, Definition, Definitions, Key, Kind
from engine.session.profile import Options, Profile
from engine.session.system import system_names, system_relation
from engine.session.transactions import Work
from engine.session.types import is_read_as
from engine.sql.meaning import SqlType, Variable, duckdb_type, parse_type, result_types
from engine.sql.meaning.binding.scopes import place

if TYPE_CHECKING:
    from engine.lake import Storage
    from engine.session.machine import Machine
    from engine.sql.meaning import Collation
    from engine.sql.syntax import Name


@dataclass(slots=True)
class TempTable:
    """A temporary table of a session: its columns, and its rows as the workers hold them."""

    name: str
    columns: tuple[DeclaredColumn, ...]
    rows: BoundTable


@dataclass(slots=True)
class World:
    """Everything that binding asks.

    Attributes:
        machine: Runs queries.
        definitions: The catalog.
        models: The model registry, opened when it is first needed.
        profile: What the pool and the workspace make of the session.
        variables: The session's variables, by `@name`, and what its functions give, by `name()`.
        temps: Temporary tables by name in lower case, with the `#`.
        work: The session's transaction, if it has one open.
        options: What SET has changed for the session.
        now: The time of the statement.
        dry: The statement is only looked at: nothing that takes long is run to bind it.
    """

    machine: Machine
    definitions: Definitions
    models: Any
    profile: Profile
    variables: dict[str, Variable] = field(default_factory=dict)
    temps: dict[str, TempTable] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    options: Options = field(default_factory=Options)
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    dry: bool = False
    integer: SqlType = field(default_factory=lambda: parse_type("int"))

    @property
    def storage(self) -> Storage:
        return self.definitions.storage

    @property
    def database(self) -> str:
        """The name of the workspace in three-part names."""
        return self.profile.database

    @property
    def collation(self) -> Collation:
        """How text compares where no column says otherwise."""
        return self.profile.collation

    def settings(self) -> dict[str, Any]:
        """The arguments of `to_duckdb` that hold for every query of a statement."""
        doubted()  # who binds a name with the time or a variable finds another one next time
        return {"now": self.now, "variables": self.variables, "collation": self.collation}

    def described(self, query: exp.Query) -> list[tuple[str, SqlType]]:
        """Name and type of each column that a query gives; nothing is run.

        Raises:
            BindError, UnsupportedSqlError: It cannot be bound.
        """
        before, self.dry = self.dry, True
        try:
            bound = Binder(self).bind(query)
            return result_types(bound.tree, bound.schema, **self.settings())
        finally:
            self.dry = before

    @property
    def caching_on(self) -> bool:
        """Whether ALTER DATABASE has switched the result-set cache on."""
        return bool(self.setting("result_set_caching"))

    def setting(self, name: str) -> Any:
        """What a statement has set for the whole workspace; None if none has."""
        found = self.definitions.find(Kind.SETTING, Key.of(name))
        return None if found is None else found.body["value"]

    def put_setting(self, name: str, value: str | float | bool) -> None:
        """Set something for the whole workspace, from now on and in every process."""
        self.definitions.put(Definition(Kind.SETTING, "", name, {"value": value}))

    def key(self, name: Name) -> Key:
        """The name of an object of this workspace.

        Raises:
            BindError: It names another database, or is too long.
        """
        for part in (name.schema, name.name):
            if len(part) > LONGEST_NAME:
                raise BindError(
                    f"The identifier that starts with '{part[:LONGEST_NAME]}' is too long. Maximum length is "
                    f"{LONGEST_NAME}.",
                    "Choose a shorter name.",
                    number=103,
                )
        if name.database and fold(name.database) != fold(self.database):
            raise BindError(
                f"Invalid object name '{name}'.",
                f"This workspace is the one database '{self.database}'.",
                name=str(name),
            )
        return Key.of(name.name, name.schema)

    def remove_setting(self, name: str) -> None:
        """Unset something for the whole workspace."""
        self.definitions.remove(Kind.SETTING, Key.of(name))

    def resolve(self, name: Name, node: exp.Expr) -> Relation | exp.Query:
        """What a name in FROM stands for: rows, or a query to put in its place.

        Raises:
            BindError: Nothing; the hint has near names.
        """
        if name.is_temporary:
            doubted()
            return self._temporary(name, node)
        if name.schema.lower() in SYSTEM_SCHEMAS:
            doubted()
            return system_relation(self, name, node)
        key = self.key(name)
        found = self.table(key) or self._external(key) or self._view(key)
        if found is None:
            raise self.unknown(name, node)
        return found

    def table(self, key: Key) -> Relation | None:
        """A stored table, at its newest version."""
        try:
            table = open_table(self.storage, TableName(key.schema, key.name))
        except NotFoundError:
            return None
        declared = columns_of(declaration_of(self.definitions, key), table.schema, f"table '{key}'")
        columns = typed(declared)
        changed = {
            name: duckdb_type(kind).sql(dialect="duckdb")
            for name, kind in columns.items()
            if not is_read_as(duckdb_name(table.schema.field(name).type), kind)
        }
        open_work = self.work.transaction
        rows = bound_table(
            self.storage,
            table.table_name,
            version=table.version,
            types=changed,
            known_as=str(key),
            change=None if open_work is None else partial(open_work.seen, key),
        )
        required = frozenset(column.name.lower() for column in declared if not column.nullable)
        return Relation(key.name, columns, rows, schema=key.schema, required=required)

    def _temporary(self, name: Name, node: exp.Expr) -> Relation:
        found = self.temps.get(name.name.lower())
        if found is None:
            raise self.unknown(name, node)
        columns = typed(found.columns)
        return Relation(found.name, columns, reading_as(found.rows, columns, name=found.name.lower()))

    def _view(self, key: Key) -> Relation | exp.Query | None:
        from engine.session.binding.materialized import kept_relation

        found = self.definitions.find(Kind.VIEW, key)
        return None if found is None else kept_relation(self, found) or view_query(str(found.body["text"]))

    def _external(self, key: Key) -> Relation | None:
        from engine.session.binding.external import external_relation

        found = self.definitions.find(Kind.EXTERNAL_TABLE, key)
        return None if found is None else external_relation(self.definitions, found, self)

    def predict(self, node: exp.Table, binder: Binder) -> None:
        """Put a relation of scored rows in the place of a PREDICT."""
        from engine.session.binding.predict import bind_predict

        doubted()  # models are the registry's
        bind_predict(node, binder, self)

    def unknown(self, name: Name, node: exp.Expr | None = None) -> BindError:
        """The error of a name that stands for nothing."""
        there = [
            *list_tables(self.storage),
            *(str(one.key) for one in self.definitions.all(Kind.VIEW)),
            *self.temps,
        ]
        system = (".".join(view) for view in system_names() if name.schema)
        near = difflib.get_close_matches(str(name).lower(), [*there, *system], n=3, cutoff=0.5)
        near = near or sorted(there)[:10]
        hint = f"There is: {', '.join(near)}." if near else "There is no table yet: CREATE TABLE makes one."
        where = place(node) if node is not None else {}
        return BindError(f"Invalid object name '{name}'.", hint, name=str(name), **where)
