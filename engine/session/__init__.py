"""T-SQL sessions: scripts bound to the catalog of a workspace, and run on a pool.

session      `Session.run`: text to `Result`
doing        one module for each family of statements
machine      the way to the workers; planning: the same, that runs nothing
binding      names in a query to tables, views, files, models
catalog      what a workspace knows beside rows; system: that and what has happened, as tables
requests     statements told to the event log, read back, billed and limited
caching      answers of dedicated pools, kept as long as they would be the same
profile, strict, collations      what a pool and its workspace make of a session
parameters, many      Python values beside a script
result, output, show, types
"""

from __future__ import annotations

from engine.session.result import Result, ResultSet
from engine.session.session import Session

__all__ = ["Result", "ResultSet", "Session"]
