"""Tarn's client API: `Workspace`, `connect` for DB-API tools, and the errors. The rest hangs on a workspace.

Names are loaded when they are first asked for, so that `import engine` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.dbapi import connect
    from engine.errors import TarnError
    from engine.ml.scoring import Shadow
    from engine.ml.split import Split
    from engine.workspace import Workspace

__all__ = ["Shadow", "Split", "TarnError", "Workspace", "connect"]

_HOMES = {
    "Shadow": "engine.ml.scoring",
    "Split": "engine.ml.split",
    "TarnError": "engine.errors",
    "Workspace": "engine.workspace",
    "connect": "engine.dbapi",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
