"""Statements about schemas, views, procedures and external objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.syntax.statements.base import Name, Statement
from engine.sql.syntax.statements.queries import QueryStatement

if TYPE_CHECKING:
    from engine.sql.syntax.statements.tables import ColumnDefinition, TableOptions


class ObjectKind(Enum):
    """What DROP can name."""

    EXTERNAL_DATA_SOURCE = "EXTERNAL DATA SOURCE"
    EXTERNAL_FILE_FORMAT = "EXTERNAL FILE FORMAT"
    EXTERNAL_TABLE = "EXTERNAL TABLE"
    FUNCTION = "FUNCTION"
    PROCEDURE = "PROCEDURE"
    SCHEMA = "SCHEMA"
    STATISTICS = "STATISTICS"
    TABLE = "TABLE"
    VIEW = "VIEW"
    WORKLOAD_CLASSIFIER = "WORKLOAD CLASSIFIER"
    WORKLOAD_GROUP = "WORKLOAD GROUP"


class Mode(Enum):
    """Whether the object must be new, must exist, or either."""

    CREATE = "CREATE"
    ALTER = "ALTER"
    CREATE_OR_ALTER = "CREATE OR ALTER"


@dataclass(frozen=True, slots=True)
class Drop(Statement):
    kind: ObjectKind
    names: tuple[Name, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class SecretStatement(Statement):
    """About a master key or a credential: `what` is its first words; nothing else of it is kept."""

    what: str


@dataclass(frozen=True, slots=True)
class RenameObject(Statement):
    """`RENAME OBJECT name TO new_name`, or one column of it."""

    name: Name
    new_name: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class CreateSchema(Statement):
    name: str
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class TransferObject(Statement):
    """`ALTER SCHEMA schema TRANSFER object`."""

    schema: str
    name: Name


@dataclass(frozen=True, slots=True)
class CreateView(QueryStatement):
    """A view; `source` is the text that defines it."""

    name: Name
    columns: tuple[str, ...]
    mode: Mode


@dataclass(frozen=True, slots=True)
class CreateMaterializedView(QueryStatement):
    name: Name
    table: TableOptions
    for_append: bool = False


@dataclass(frozen=True, slots=True)
class AlterMaterializedView(Statement):
    """`action` is REBUILD or DISABLE."""

    name: Name
    action: str


@dataclass(frozen=True, slots=True)
class ProcedureParameter:
    """`@name type [= default] [OUTPUT]`; the name has no `@`, and without a default an argument is needed."""

    name: str
    kind: exp.DataType
    default: exp.Expr | None = None
    output: bool = False


@dataclass(frozen=True, slots=True)
class CreateProcedure(Statement):
    """A procedure; its body reaches to the end of the batch, and `source` is the text that defines it."""

    name: Name
    parameters: tuple[ProcedureParameter, ...]
    body: tuple[Statement, ...]
    mode: Mode


@dataclass(frozen=True, slots=True)
class CreateFunction(QueryStatement):
    """A function of rows; `source` is the text that defines it."""

    name: Name
    parameters: tuple[ProcedureParameter, ...]
    mode: Mode


@dataclass(frozen=True, slots=True)
class CreateScalarFunction(Statement):
    """A function of one value; `skips_null` is RETURNS NULL ON NULL INPUT."""

    name: Name
    parameters: tuple[ProcedureParameter, ...]
    returns: exp.DataType
    body: tuple[Statement, ...]
    mode: Mode
    skips_null: bool = False


@dataclass(frozen=True, slots=True)
class CreateExternalDataSource(Statement):
    name: str
    location: str
    credential: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOptions:
    """FORMAT_OPTIONS of a delimited text format; None is what the text does not say."""

    field_terminator: str | None = None
    string_delimiter: str | None = None
    date_format: str | None = None
    first_row: int | None = None
    use_type_default: bool | None = None
    encoding: str | None = None
    parser_version: str | None = None


@dataclass(frozen=True, slots=True)
class CreateExternalFileFormat(Statement):
    name: str
    format_type: str
    options: FormatOptions
    compression: str = ""
    serde: str = ""


@dataclass(frozen=True, slots=True)
class ExternalOptions:
    """WITH (...) of an external table; what is left out is empty or None."""

    location: str
    data_source: str
    file_format: str
    table_options: str = ""
    reject_type: str = ""
    reject_value: float | None = None
    reject_sample_value: float | None = None
    rejected_row_location: str = ""


@dataclass(frozen=True, slots=True)
class CreateExternalTable(Statement):
    name: Name
    columns: tuple[ColumnDefinition, ...]
    options: ExternalOptions


@dataclass(frozen=True, slots=True)
class CreateExternalTableAs(QueryStatement):
    """CREATE EXTERNAL TABLE ... AS SELECT."""

    name: Name
    columns: tuple[str, ...]
    table: ExternalOptions
