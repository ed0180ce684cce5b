"""The collation of a workspace: settled by its first query, the same in every process after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import OptionError
from engine.session.catalog.definitions import Definition, Definitions, Key, Kind
from engine.sql.meaning import BIN2, Collation, named_collation

if TYPE_CHECKING:
    from engine.lake import Storage

_SETTING = "collation"


def workspace_collation(storage: Storage, wanted: str | None) -> Collation:
    """The collation of a workspace; `wanted` becomes it, if there is none yet.

    Raises:
        OptionError: It has another one already: what was stored by one order is not read by another.
        UnsupportedSqlError: There is no such collation.
    """
    definitions = Definitions(storage)
    found = definitions.find(Kind.SETTING, Key.of(_SETTING))
    if found is not None:
        kept = named_collation(str(found.body["value"]))
        if wanted is not None and wanted.lower() != kept.name.lower():
            raise OptionError(
                f"The workspace has the collation {kept.name}, not {wanted}.",
                "Leave collation= out, or give a column its own with COLLATE.",
            )
        return kept
    if wanted is None:
        return BIN2
    chosen = named_collation(wanted)
    definitions.put(Definition(Kind.SETTING, "", _SETTING, {"value": chosen.name}))
    return chosen
