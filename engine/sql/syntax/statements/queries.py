"""Statements that read rows, and those that change the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from engine.sql.syntax.statements.base import Name, Statement


@dataclass(frozen=True, slots=True)
class QueryStatement(Statement):
    """A statement around one query; OPTION stays in the tree of the query."""

    query: exp.Query

    @property
    def options(self) -> tuple[exp.QueryOption, ...]:
        return tuple(self.query.args.get("options") or ())


@dataclass(frozen=True, slots=True)
class Select(QueryStatement):
    """A query whose rows go to the client."""


@dataclass(frozen=True, slots=True)
class SelectInto(QueryStatement):
    """`SELECT ... INTO target`; the tree of the query says no INTO any more."""

    target: Name


@dataclass(frozen=True, slots=True)
class SelectAssign(QueryStatement):
    """`SELECT @a = ..., @b = ...`: the query's columns go to the variables of the same places, row by row.

    `@a += x` has become `@a + (x)`. The names of the variables have no `@`.
    """

    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Execute(Statement):
    """`EXEC [@result =] procedure argument, ...`.

    `procedure` is a variable when that holds the name.
    """

    procedure: Name | exp.Parameter
    arguments: tuple[Argument, ...]
    result: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    """`[@name =] value [OUTPUT]`; a bare word is a string, DEFAULT is `nodes.Default`."""

    value: exp.Expr
    name: str = ""
    output: bool = False


@dataclass(frozen=True, slots=True)
class ExecuteText(Statement):
    """`EXEC (text)`: the text is a script of its own."""

    text: exp.Expr


@dataclass(frozen=True, slots=True)
class Top:
    """`TOP (count) [PERCENT]` of the rows that a statement changes."""

    count: exp.Expr
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Insert(Statement):
    """`INSERT INTO target (columns) rows`.

    `rows` is a query, `exp.Values` with `nodes.Default` in it perhaps, a statement that returns rows, or None
    for DEFAULT VALUES. `top` limits the rows of a query. The common tables of a query stand in its tree,
    those before VALUES in `with_`.
    """

    target: exp.Table
    columns: tuple[exp.Identifier, ...]
    rows: exp.Query | exp.Values | Execute | ExecuteText | None
    with_: exp.With | None = None
    top: Top | None = None
    options: tuple[exp.QueryOption, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """`column = value`, `@variable = value` or `@variable = column = value`; `+=` is written out."""

    value: exp.Expr
    column: exp.Column | None = None
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Update(Statement):
    """`UPDATE target SET ... FROM ... WHERE ...`.

    `rows` is a SELECT without a list that holds WITH, TOP, FROM with its joins and WHERE. `target` is a
    table, or the alias of one in `rows`; without FROM there are no sources in `rows`.
    """

    target: exp.Table
    assignments: tuple[Assignment, ...]
    rows: exp.Select
    options: tuple[exp.QueryOption, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete(Statement):
    """`DELETE FROM target FROM ... WHERE ...`; see `Update`."""

    target: exp.Table
    rows: exp.Select
    options: tuple[exp.QueryOption, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeUpdate:
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class MergeDelete:
    pass


@dataclass(frozen=True, slots=True)
class MergeInsert:
    """`values` is empty for DEFAULT VALUES."""

    columns: tuple[exp.Identifier, ...]
    values: tuple[exp.Expr, ...]


@dataclass(frozen=True, slots=True)
class MergeClause:
    """`WHEN match [AND condition] THEN action`; match is MATCHED, NOT MATCHED or NOT MATCHED BY SOURCE."""

    match: str
    action: MergeUpdate | MergeDelete | MergeInsert
    condition: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Merge(Statement):
    """`MERGE INTO target USING source ON condition WHEN ...`; both carry their aliases."""

    target: exp.Table
    using: exp.Expr
    on: exp.Expr
    clauses: tuple[MergeClause, ...]
    with_: exp.With | None = None
    top: Top | None = None
    options: tuple[exp.QueryOption, ...] = ()


@dataclass(frozen=True, slots=True)
class Truncate(Statement):
    table: Name


@dataclass(frozen=True, slots=True)
class CopyColumn:
    """`name [DEFAULT value] [field]`; fields count from 1."""

    name: str
    default: exp.Expr | None = None
    field: int | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """`(IDENTITY = ..., SECRET = ...)`; the secret is never printed."""

    identity: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"Credential(identity={self.identity!r}, secret={'***' if self.secret else ''!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions:
    """What COPY INTO says of its files; None is what it does not say.

    Separators and quotes are as written: `0x0A` in a string stays these four characters.
    """

    file_type: str | None = None
    file_format: Name | None = None
    credential: Credential | None = None
    errorfile: str | None = None
    errorfile_credential: Credential | None = None
    maxerrors: int | None = None
    compression: str | None = None
    fieldquote: str | None = None
    fieldterminator: str | None = None
    rowterminator: str | None = None
    firstrow: int | None = None
    dateformat: str | None = None
    encoding: str | None = None
    identity_insert: bool | None = None
    auto_create_table: bool | None = None


@dataclass(frozen=True, slots=True)
class CopyInto(Statement):
    """`COPY INTO table (columns) FROM locations WITH (options) OPTION (hints)`."""

    table: Name
    columns: tuple[CopyColumn, ...]
    locations: tuple[str, ...]
    options: CopyOptions
    hints: tuple[exp.QueryOption, ...] = ()
