"""The WINDOW clause: windows by name are written out where they are used."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from engine.errors import BindError
from engine.sql.meaning.binding.scopes import place

_PARTS = ("partition_by", "order", "spec")


def with_windows(node: exp.Select) -> exp.Select:
    """Write out the windows that have names; a query without any is given back as it is.

    Raises:
        BindError: A window that is not defined, or defined by itself.
    """
    defined = {window.this.name.lower(): window for window in node.args.get("windows") or []}
    if not defined:
        return node
    tree = node.copy()
    tree.set("windows", None)
    for window in list(tree.find_all(exp.Window)):
        alias = window.args.get("alias")
        if alias is not None:
            _filled(window, alias, defined, frozenset())
    return tree


def _filled(
    window: exp.Window, alias: exp.Expr, defined: Mapping[str, exp.Window], seen: frozenset[str]
) -> None:
    name = alias.name.lower()
    base = defined.get(name)
    if base is None or name in seen:
        raise BindError(f"Window '{alias.name}' is undefined.", **place(alias))
    window.set("alias", None)
    for part in _PARTS:
        if not window.args.get(part) and base.args.get(part):
            given = base.args[part]
            window.set(part, [one.copy() for one in given] if isinstance(given, list) else given.copy())
    if base.args.get("alias") is not None:
        _filled(window, base.args["alias"], defined, seen | {name})
