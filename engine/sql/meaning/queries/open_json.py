"""OPENJSON: the elements of a JSON text as rows.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT j.a FROM OPENJSON('[]') WITH (a VARCHAR(MAX)) AS j"))
SELECT j.a AS a FROM (SELECT TSQL_JSON_VALUE(_e_1.value, '$."a"', FALSE) AS a FROM \
UNNEST(TSQL_JSON_ROWS('[]', '$', FALSE)) AS _e_1(value)) AS j
"""

from __future__ import annotations

from sqlglot import exp

from engine.sql.meaning.binding.context import Context, Relation
from engine.sql.meaning.binding.scopes import Column
from engine.sql.meaning.conversion.assign import assign
from engine.sql.meaning.conversion.convert import to_string
from engine.sql.meaning.json_paths import JsonPath, read_path
from engine.sql.meaning.trees import aliased, call, select, table_alias, text
from engine.sql.meaning.trees import column as column_tree
from engine.sql.meaning.typenames import DECLARED_LENGTH, type_of_node
from engine.sql.meaning.types import INT, MAX, nvarchar
from engine.sql.meaning.values import Value, settled, string_of


def open_json(node: exp.Expr, context: Context) -> Relation:
    """Translate OPENJSON with or without WITH."""
    document = to_string(context.value(node.this)).tree
    path_node = node.args.get("path")
    path = (
        read_path(string_of(context.value(path_node), "The path of OPENJSON")) if path_node else JsonPath(())
    )
    alias = context.fresh("e")
    if not node.expressions:
        return _pairs(document, path, alias)
    rows = call("tsql_json_rows", document, text(path.duckdb), exp.Boolean(this=path.strict))
    source = exp.Anonymous(this="UNNEST", expressions=[rows])
    element = column_tree(alias, "value")
    columns, projections = [], []
    for definition in node.expressions:
        value = _column(definition, element)
        columns.append(Column(definition.name, value.type))
        projections.append(aliased(settled(value), definition.name))
    return Relation(select(projections, _table(source, alias, ["value"])), tuple(columns))


def _column(definition: exp.Expr, element: exp.Expr) -> Value:
    """Read one column of WITH; without a path it is the key of the column's name."""
    kind = type_of_node(definition.args["kind"], length=DECLARED_LENGTH)
    written = definition.args.get("path")
    path = read_path(written.name) if written is not None else JsonPath((definition.name,))
    reader = "tsql_json_query" if definition.args.get("as_json") else "tsql_json_value"
    tree = call(reader, element, text(path.duckdb), exp.Boolean(this=path.strict))
    return assign(Value(tree, nvarchar(MAX if definition.args.get("as_json") else 4000)), kind)


def _pairs(document: exp.Expr, path: JsonPath, alias: str) -> Relation:
    """Give key, value and type (0 null, 1 text, 2 number, 3 truth, 4 array, 5 object)."""
    rows = call("tsql_json_pairs", document, text(path.duckdb), exp.Boolean(this=path.strict))
    source = exp.Anonymous(this="UNNEST", expressions=[rows])
    pair = column_tree(alias, "pair")
    columns = (Column("key", nvarchar(4000)), Column("value", nvarchar(MAX)), Column("type", INT))
    projections = [
        aliased(call("STRUCT_EXTRACT", pair, text(column.name)), column.name) for column in columns
    ]
    return Relation(select(projections, _table(source, alias, ["pair"])), columns)


def _table(source: exp.Expr, alias: str, columns: list[str]) -> exp.Expr:
    return exp.Table(this=source, alias=table_alias(alias, columns))
