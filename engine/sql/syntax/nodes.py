"""The expressions of T-SQL that sqlglot has no node for.

Everything else in a tree is a standard sqlglot node in the shape that sqlglot's own T-SQL parser gives it.
Two things are kept as written because the standard node loses their meaning: the functions of
`functions.AS_WRITTEN` are `exp.Anonymous`, and a temporary table is called `#t`, not `t` with a flag that no
comparison of nodes sees.
"""

from __future__ import annotations

from typing import ClassVar, TypeGuard

from sqlglot import exp

# In the `meta` of a name that was written in double quotes: many mean a text by them.
DOUBLE_QUOTED = "double_quoted"

# Options of OPENROWSET(BULK ...) that are kept under their own name in lower case.
BULK_OPTIONS = (
    "CODEPAGE",
    "DATAFILETYPE",
    "DATA_COMPRESSION",
    "DATA_SOURCE",
    "ERRORFILE_DATA_SOURCE",
    "ERRORFILE_LOCATION",
    "ESCAPECHAR",
    "FIELDQUOTE",
    "FIELDTERMINATOR",
    "FIRSTROW",
    "FORMAT",
    "HEADER_ROW",
    "MAXERRORS",
    "PARSER_VERSION",
    "ROWSET_OPTIONS",
    "ROWTERMINATOR",
)


class OpenRowset(exp.Expression, exp.Func):
    """`OPENROWSET(BULK ...) [WITH (...)]`, the `this` of an `exp.Table`.

    Args:
        paths: The literals behind BULK, at least one. columns: `RowsetColumn`s of the WITH clause, empty when
        the schema is to be inferred. **options: One literal, variable, boolean or name (`exp.Var`) for each
        of `BULK_OPTIONS`, in lower case.
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "paths": True,
        "columns": False,
        **{option.lower(): False for option in BULK_OPTIONS},
    }


class RowsetColumn(exp.Expression):
    """A column of a WITH clause of OPENROWSET or PREDICT.

    Args:
        this: The name.
        kind: The data type.
        collate: The collation (`exp.Var`).
        ordinal: The 1-based field of a CSV file (`exp.Literal`).
        path: The JSON path into a Parquet or JSON document (`exp.Literal`).
        nullable: False behind NOT NULL, True behind NULL, None when not said.
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "kind": True,
        "collate": False,
        "ordinal": False,
        "path": False,
        "nullable": False,
    }


class Predict(exp.Expression, exp.Func):
    """`PREDICT(MODEL = ..., DATA = ..., RUNTIME = ONNX) WITH (...)`, the `this` of an `exp.Table`.

    Args:
        model: A `exp.HexString`, `exp.Parameter`, `exp.Subquery` or a string literal that names the model.
        data: An `exp.Table` or `exp.Subquery` with its alias, or a table function.
        runtime: The runtime in upper case.
        columns: The outputs, `RowsetColumn`s.
    """

    arg_types: ClassVar[dict[str, bool]] = {"model": True, "data": True, "runtime": True, "columns": True}


class FilePath(exp.Expression, exp.Condition):
    """`r.filepath([n])`: the path of the row's file, or what its n-th wildcard matched.

    `this` is the alias of the rowset (`exp.Identifier`), `expression` the number.
    """

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": False}


class FileName(exp.Expression, exp.Condition):
    """`r.filename()`: the name of the row's file. `this` is the alias of the rowset."""


class Parse(exp.Expression, exp.Func):
    """`PARSE(this AS to [USING culture])`, with `safe` for TRY_PARSE."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "to": True, "culture": False, "safe": False}


class Assign(exp.Expression):
    """`@this = expression` in the list of a SELECT; `parser` takes it out of the tree again."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True}


class IntoVariable(exp.Cast):
    """`this` as a variable of type `to` takes it: less converts than by CAST, but text is cut in silence."""


class Default(exp.Expression):
    """`DEFAULT` in the place of a value."""

    arg_types: ClassVar[dict[str, bool]] = {}


def is_joined_group(item: exp.Expr) -> TypeGuard[exp.Subquery]:
    """Whether an item of FROM is joins in parentheses, such as `(a JOIN b ON ...)`, and no derived table."""
    if not isinstance(item, exp.Subquery):
        return False
    if isinstance(item.this, exp.Subquery | exp.Values | exp.Lateral):
        return bool(item.this.args.get("joins"))
    return isinstance(item.this, exp.Table)
