"""What serverless queries have processed, and the limits that are set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.session.requests.allowance import limits_of
from engine.session.requests.budget import Period, spent_mb
from engine.session.requests.reading import history_of
from engine.session.system.view import BIGINT, BIT, INT, Row, SystemView, text

if TYPE_CHECKING:
    from engine.session.binding.world import World

# What stands for no limit.
_MOST_TB = 2**31 - 1


def _configurations(world: World) -> Iterator[Row]:
    limits = limits_of(world.definitions)
    for number, period in enumerate(Period, 16500):
        limit = limits.get(period, _MOST_TB)
        name = period.setting
        yield number, name, limit, 0, _MOST_TB, limit, f"{name}; {_MOST_TB} is no limit", True, False


def _processed(world: World) -> Iterator[Row]:
    spent, today = history_of(world.storage).by_day, dt.datetime.now(dt.UTC).date()
    return ((period.value, spent_mb(period, spent, today)) for period in Period)


VIEWS = {
    ("sys", "configurations"): SystemView(
        {
            "configuration_id": INT,
            "name": text(35),
            "value": INT,
            "minimum": INT,
            "maximum": INT,
            "value_in_use": INT,
            "description": text(255),
            "is_dynamic": BIT,
            "is_advanced": BIT,
        },
        _configurations,
    ),
    ("sys", "dm_external_data_processed"): SystemView(
        {"type": text(20), "data_processed_mb": BIGINT}, _processed
    ),
}
