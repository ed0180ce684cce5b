"""System views: the catalog and what has happened, as queryable as any table.

`system_relation` gives one by its name. Each module has the `VIEWS` of one family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.session.binding.events import events_relation
from engine.session.system import (
    catalog,
    distributions,
    externals,
    information,
    metering,
    requests,
    workloads,
)

if TYPE_CHECKING:
    from sqlglot import exp

    from engine.session.binding.relations import Relation
    from engine.session.binding.world import World
    from engine.session.system.view import SystemView
    from engine.sql.syntax import Name

_EVENTS = ("sys", "events")
_FAMILIES = (catalog, information, externals, distributions, requests, metering, workloads)
VIEWS: dict[tuple[str, str], SystemView] = {
    name: view for family in _FAMILIES for name, view in family.VIEWS.items()
}


def system_names() -> list[tuple[str, str]]:
    """Schema and name of every system view, in lower case."""
    return [*VIEWS, _EVENTS]


def system_relation(world: World, name: Name, node: exp.Expr) -> Relation:
    """A system view as a table of this moment.

    Raises:
        BindError: There is none of that name.
    """
    key = (name.schema.lower(), name.name.lower())
    if key == _EVENTS:
        return events_relation(world.storage)
    view = VIEWS.get(key)
    if view is None:
        raise world.unknown(name, node)
    return view.relation(*key, world)
