"""The printing of trees as T-SQL, the nodes of our own among them.

`tree.sql(dialect=Tarn)` is for people, plans and tests; nothing is run from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.generator import Generator
from sqlglot.generators.tsql import TSQLGenerator

from engine.sql.syntax import nodes


def _openrowset(printer: Generator, node: exp.Expr) -> str:
    paths = printer.expressions(node, key="paths", flat=True)
    bulk = f"BULK ({paths})" if len(node.args["paths"]) > 1 else f"BULK {paths}"
    options = [
        f"{name} = {_option_value(printer, node.args[name.lower()])}"
        for name in nodes.BULK_OPTIONS
        if node.args.get(name.lower()) is not None
    ]
    return f"OPENROWSET({', '.join([bulk, *options])}){_with_columns(printer, node)}"


def _option_value(printer: Generator, value: exp.Expr) -> str:
    return str(value.this).upper() if isinstance(value, exp.Boolean) else printer.sql(value)


def _with_columns(printer: Generator, node: exp.Expr) -> str:
    columns = printer.expressions(node, key="columns", flat=True)
    return f" WITH ({columns})" if columns else ""


def _predict(printer: Generator, node: exp.Expr) -> str:
    arguments = ", ".join(
        f"{name.upper()} = {printer.sql(node, name)}" for name in ("model", "data", "runtime")
    )
    return f"PREDICT({arguments}){_with_columns(printer, node)}"


def _rowset_column(printer: Generator, node: exp.Expr) -> str:
    nullable = node.args.get("nullable")
    parts = [
        printer.sql(node, "this"),
        printer.sql(node, "kind"),
        f"COLLATE {printer.sql(node, 'collate')}" if node.args.get("collate") else "",
        printer.sql(node, "ordinal") or printer.sql(node, "path"),
        "" if nullable is None else "NULL" if nullable else "NOT NULL",
    ]
    return " ".join(part for part in parts if part)


def _parse(printer: Generator, node: exp.Expr) -> str:
    name = "TRY_PARSE" if node.args.get("safe") else "PARSE"
    culture = f" USING {printer.sql(node, 'culture')}" if node.args.get("culture") else ""
    return f"{name}({printer.sql(node, 'this')} AS {printer.sql(node, 'to')}{culture})"


def _this(printer: Generator, node: exp.Expr) -> str:
    return printer.sql(node, "this")


_OWN: dict[type[exp.Expr], Callable[[Any, Any], str]] = {
    nodes.Assign: lambda printer, node: f"{printer.sql(node, 'this')} = {printer.sql(node, 'expression')}",
    exp.ApproxDistinct: lambda printer, node: printer.func("APPROX_COUNT_DISTINCT", node.this),
    nodes.Default: lambda _printer, _node: "DEFAULT",
    nodes.FileName: lambda printer, node: f"{printer.sql(node, 'this')}.FILENAME()",
    nodes.FilePath: lambda printer, node: (
        f"{printer.sql(node, 'this')}.FILEPATH({printer.sql(node, 'expression')})"
    ),
    nodes.OpenRowset: _openrowset,
    nodes.Parse: _parse,
    nodes.Predict: _predict,
    nodes.RowsetColumn: _rowset_column,
}
# sqlglot rewrites these for other dialects; what was parsed is printed as it was.
_REWRITTEN = (exp.CTE, exp.Select, exp.Subquery)
# Casts that sqlglot's builders put around arguments: T-SQL makes them by itself.
_IMPLIED = (exp.TimeStrToTime, exp.TsOrDsToDate)


class _Generator(TSQLGenerator):
    TYPE_MAPPING: ClassVar[Any] = {
        **TSQLGenerator.TYPE_MAPPING,
        exp.DType.DECIMAL: "DECIMAL",
        exp.DType.FLOAT: "REAL",
        exp.DType.INT: "INT",
    }
    TRANSFORMS: ClassVar[Any] = {
        **{node: printed for node, printed in TSQLGenerator.TRANSFORMS.items() if node not in _REWRITTEN},
        **dict.fromkeys(_IMPLIED, _this),
        **_OWN,
    }


class Tarn(TSQL):
    """T-SQL with OPENROWSET, PREDICT and the other nodes of `nodes`; it prints, `script` parses."""

    Generator = _Generator
