"""SQLAlchemy's way in: `create_engine("tarn:///path/to/lake?pool=dw")`; pandas reads and writes through it.

SQLAlchemy writes T-SQL as it does for SQL Server; what it asks of a server when it connects is answered here.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mssql.base import MSDialect, ischema_names
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext

_COLUMNS = """SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION,
    NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
    ORDER BY ORDINAL_POSITION"""
_NAMES = (
    "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = ? ORDER BY 1"
)


class TarnDialect(MSDialect):  # type: ignore[misc]
    """T-SQL over a workspace. The URL's path is the home; `pool=` names a pool that was started in it."""

    name = "tarn"
    driver = "tarn"
    supports_statement_cache = True
    default_paramstyle = "qmark"
    execution_ctx_cls = DefaultExecutionContext
    supports_sane_rowcount = True
    insert_returning = update_returning = delete_returning = False
    use_scope_identity = False
    preexecute_autoincrement_sequences = False
    # SQL Server's ask for all tables at once, of views that only a server has
    get_multi_columns = DefaultDialect.get_multi_columns
    get_multi_pk_constraint = DefaultDialect.get_multi_pk_constraint
    get_multi_foreign_keys = DefaultDialect.get_multi_foreign_keys
    get_multi_indexes = DefaultDialect.get_multi_indexes
    get_multi_unique_constraints = DefaultDialect.get_multi_unique_constraints
    get_multi_check_constraints = DefaultDialect.get_multi_check_constraints
    get_multi_table_comment = DefaultDialect.get_multi_table_comment

    def __init__(self, **options: Any) -> None:
        # VARCHAR(MAX) for long text: TEXT is a type that no column of a SQL pool has
        super().__init__(**{"deprecate_large_types": True, **options})

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """The DB-API module."""
        from engine import dbapi

        return dbapi

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        """Home and pool of the URL, as `connect` takes them."""
        pool = url.query.get("pool")
        return [url.database or "."], {} if pool is None else {"pool": pool}

    def initialize(self, connection: Connection) -> None:
        """Nothing is asked: the answers are known."""
        del connection
        self.server_version_info = (12, 0, 2000, 8)
        self.default_schema_name = self.schema_name = "dbo"
        self._supports_offset_fetch = True

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Undo what is open."""
        dbapi_connection.rollback()

    def get_schema_names(self, connection: Connection, **_: Any) -> list[str]:
        """All schemas but the system's."""
        found = connection.exec_driver_sql(
            "SELECT name FROM sys.schemas WHERE schema_id NOT IN (3, 4) ORDER BY name"
        )
        return [str(name) for (name,) in found]

    def get_table_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Tables of a schema."""
        return [str(name) for (name,) in connection.exec_driver_sql(_NAMES, (schema or "dbo", "BASE TABLE"))]

    def get_view_names(self, connection: Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Views of a schema."""
        return [str(name) for (name,) in connection.exec_driver_sql(_NAMES, (schema or "dbo", "VIEW"))]

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Whether there is a table or view of that name."""
        return bool(connection.exec_driver_sql(_COLUMNS, (schema or "dbo", table_name)).fetchall())

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Columns of a table or view.

        Raises:
            NoSuchTableError: There is none.
        """
        rows = connection.exec_driver_sql(_COLUMNS, (schema or "dbo", table_name)).fetchall()
        if not rows:
            raise sa.exc.NoSuchTableError(table_name)
        return [
            {
                "name": name,
                "type": _typed(kind, size, digits, scale),
                "nullable": nullable == "YES",
                "default": None,
            }
            for name, kind, nullable, size, digits, scale in rows
        ]

    def get_pk_constraint(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Keys are not enforced, so none is told."""
        return {"constrained_columns": [], "name": None}

    def get_foreign_keys(self, *_: Any, **__: Any) -> list[Any]:
        """There are none."""
        return []

    def get_indexes(self, *_: Any, **__: Any) -> list[Any]:
        """There are none to name."""
        return []

    def get_unique_constraints(self, *_: Any, **__: Any) -> list[Any]:
        """None is enforced."""
        return []

    def get_check_constraints(self, *_: Any, **__: Any) -> list[Any]:
        """There are none."""
        return []

    def get_table_comment(self, *_: Any, **__: Any) -> dict[str, Any]:
        """There is none."""
        return {"text": None}


def _typed(kind: str, size: int | None, digits: int | None, scale: int | None) -> Any:
    made = ischema_names.get(kind, sa.types.NullType)
    if kind == "decimal":
        return made(digits, scale)
    return made(None if size == -1 else size) if size is not None else made()
