"""T-SQL sessions: scripts bound to the catalog of a workspace, and run on a pool.

session      `Session.run`: text to `Result`
doing        one module for each family of statements
machine      the way to the workers
binding      names in a query to tables, views, files, models
catalog      what a workspace knows beside rows
result, show, types
"""

from __future__ import annotations

from engine.session.result import Result, ResultSet
from engine.session.session import Session

__all__ = ["Result", "ResultSet", "Session"]
