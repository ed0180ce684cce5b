"""Functions on JSON text.

>>> from engine.sql.meaning.show import shown
>>> print(shown("SELECT JSON_VALUE(name, '$.a.b') AS a, ISJSON(name) AS b FROM t"))
SELECT TSQL_JSON_VALUE(t.name, '$."a"."b"', FALSE) AS a, TSQL_ISJSON(t.name) AS b FROM t AS t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.meaning.json_paths import JsonPath, read_path
from engine.sql.meaning.trees import call, cast, text
from engine.sql.meaning.types import INT, MAX, nvarchar
from engine.sql.meaning.values import Value

if TYPE_CHECKING:
    from engine.sql.meaning.functions.call import Call, Function

_JSON = nvarchar(MAX).with_facts(json=True)


def _path(call_: Call, index: int) -> JsonPath:
    return read_path(call_.constant_text(index, "The path"))


def json_value(call_: Call) -> Value:
    """JSON_VALUE gives a scalar as text; in lax mode anything else is NULL."""
    path = _path(call_, 1)
    tree = call("tsql_json_value", call_.text(0).tree, text(path.duckdb), exp.Boolean(this=path.strict))
    return Value(tree, nvarchar(4000))


def json_query(call_: Call) -> Value:
    """JSON_QUERY gives an object or an array as text."""
    path = _path(call_, 1) if call_.has(1) else JsonPath(())
    document = call_.text(0).tree
    strict = exp.Boolean(this=path.strict)
    if not path.steps:
        return Value(call("tsql_json_document", document, strict), _JSON)
    return Value(call("tsql_json_query", document, text(path.duckdb), strict), _JSON)


def is_json(call_: Call) -> Value:
    """ISJSON of an object or an array is 1."""
    if call_.has(1):
        raise call_.refused("a second argument that names the kind of JSON", "Test it with JSON_QUERY.")
    return Value(call("tsql_isjson", call_.text(0).tree), INT)


def path_exists(call_: Call) -> Value:
    """JSON_PATH_EXISTS."""
    return Value(cast(call("JSON_EXISTS", call_.text(0).tree, text(_path(call_, 1).duckdb)), INT), INT)


FUNCTIONS: dict[str, Function] = {
    "ISJSON": is_json,
    "JSON_PATH_EXISTS": path_exists,
    "JSON_QUERY": json_query,
    "JSON_VALUE": json_value,
}
