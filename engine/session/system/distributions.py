"""How tables lie over the nodes of a pool: sys.pdw_* and sys.dm_pdw_nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.lake import TableName, open_table
from engine.runtime import layout_of
from engine.session.system.columns import columns_of_object
from engine.session.system.objects import Found, stored_tables
from engine.session.system.view import INT, NAME, TINYINT, Row, SystemView, text
from engine.sql.plan import Hash, Replicate
from engine.sql.plan.explain import DISTRIBUTIONS

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.sql.plan import Layout

_HASH, _REPLICATE, _ROUND_ROBIN = (2, "HASH"), (3, "REPLICATE"), (4, "ROUND_ROBIN")


def _layout(world: World, found: Found) -> Layout:
    return layout_of(open_table(world.storage, TableName(found.key.schema, found.key.name)))


def _policies(world: World) -> Iterator[Row]:
    for found in stored_tables(world):
        layout = _layout(world, found)
        policy = _HASH if isinstance(layout, Hash) else _ROUND_ROBIN
        yield found.id, *(_REPLICATE if isinstance(layout, Replicate) else policy)


def _columns(world: World) -> Iterator[Row]:
    for found in stored_tables(world):
        layout = _layout(world, found)
        keys = [name.lower() for name in layout.columns] if isinstance(layout, Hash) else []
        for position, column in enumerate(columns_of_object(world, found), 1):
            name = column.name.lower()
            yield found.id, position, keys.index(name) + 1 if name in keys else 0


def _mappings(world: World) -> Iterator[Row]:
    return ((f"Table_{found.id:08x}", found.id) for found in stored_tables(world))


def _replicas(world: World) -> Iterator[Row]:
    # Every node reads the one copy of the files: there is no cache of it that could be out of date.
    return (
        (found.id, "Ready") for found in stored_tables(world) if isinstance(_layout(world, found), Replicate)
    )


def _distributions(world: World) -> Iterator[Row]:
    nodes = world.machine.nodes(0.0)
    for number in range(DISTRIBUTIONS):
        yield number + 1, number % nodes + 1, f"Distribution_{number + 1}", number // nodes


def _nodes(world: World) -> Iterator[Row]:
    yield 0, "CONTROL", "control", None, False
    for number in range(world.machine.nodes(0.0)):
        yield number + 1, "COMPUTE", f"node-{number + 1}", None, False


VIEWS = {
    ("sys", "pdw_table_distribution_properties"): SystemView(
        {"object_id": INT, "distribution_policy": TINYINT, "distribution_policy_desc": text(60)}, _policies
    ),
    ("sys", "pdw_column_distribution_properties"): SystemView(
        {"object_id": INT, "column_id": INT, "distribution_ordinal": TINYINT}, _columns
    ),
    ("sys", "pdw_table_mappings"): SystemView({"physical_name": NAME, "object_id": INT}, _mappings),
    ("sys", "pdw_permanent_table_mappings"): SystemView({"physical_name": NAME, "object_id": INT}, _mappings),
    ("sys", "pdw_replicated_table_cache_state"): SystemView({"object_id": INT, "state": text(20)}, _replicas),
    ("sys", "pdw_distributions"): SystemView(
        {"distribution_id": INT, "pdw_node_id": INT, "name": NAME, "position": INT}, _distributions
    ),
    ("sys", "dm_pdw_nodes"): SystemView(
        {"pdw_node_id": INT, "type": text(32), "name": NAME, "address": text(32), "is_passive": text(5)},
        lambda world: ((*row[:-1], str(int(row[-1]))) for row in _nodes(world)),
    ),
}
