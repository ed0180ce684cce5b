"""Logs that programs read: one JSON object a line, with the run, the request and the step it is about."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, TextIO

from engine.events.emit import run_of_context
from engine.events.entry import moment

if TYPE_CHECKING:
    from engine.events.record import Event

_EVENTS = logging.getLogger("tarn.events")
_EVENTS.addHandler(logging.NullHandler())
_EVENTS.setLevel(logging.WARNING)
_LOGGERS = ("tarn", "engine", "pools", "distributed")
_IDS = ("run", "pool", "request", "step", "study", "trial", "job")


class JsonFormatter(logging.Formatter):
    """Time, level, logger, message, the ids that are known, and an exception's text."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a log record."""
        said: dict[str, object] = {
            "time": moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= {name: value for name in _IDS if (value := getattr(record, name, None)) not in (None, "")}
        if "run" not in said and run_of_context.get():
            said["run"] = run_of_context.get()
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


def structured_logs(stream: TextIO | None = None, level: int = logging.INFO) -> logging.Handler:
    """Write what Tarn and Dask log, and every event that this process emits, as lines of JSON.

    Args:
        stream: Where to; standard error by default.
        level: From which level on; events are logged at INFO.

    Returns:
        The handler, which `logging.getLogger(...).removeHandler` takes off again.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.setLevel(level)
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
    _EVENTS.setLevel(level)
    return handler


def mirror(event: Event, run: str, pool: str) -> None:
    """Log an event where somebody has asked for structured logs; otherwise it costs a comparison."""
    if _EVENTS.isEnabledFor(logging.INFO):
        ids = {name: getattr(event, name, None) for name in _IDS[2:]}
        _EVENTS.info("%s %s", event.kind, event, extra={**ids, "run": run, "pool": pool})
