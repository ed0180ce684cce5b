"""Refuses a serverless query where a limit of data processed is reached."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.errors import BudgetExceededError
from engine.runtime import Stored
from engine.session.catalog.definitions import Definitions, Key, Kind
from engine.session.requests.budget import Period, overdrawn
from engine.session.requests.reading import history_of

if TYPE_CHECKING:
    from engine.session.binding.relations import Relation
    from engine.session.profile import Profile


def limits_of(definitions: Definitions) -> dict[Period, int]:
    """The limits that are set, in TB."""
    found = {period: definitions.find(Kind.SETTING, Key.of(period.setting)) for period in Period}
    return {period: int(one.body["value"]) for period, one in found.items() if one is not None}


def refuse_over_budget(profile: Profile, definitions: Definitions, relations: Mapping[str, Relation]) -> None:
    """A query that reads data may run as long as no limit is reached when it begins.

    Raises:
        BudgetExceededError: One is; names the period.
    """
    if not profile.metered or not any(isinstance(one.rows.rows, Stored) for one in relations.values()):
        return
    limits = limits_of(definitions)
    if not limits:
        return
    spent = history_of(definitions.storage).by_day
    found = overdrawn(limits, spent, dt.datetime.now(dt.UTC).date())
    if found is not None:
        raise BudgetExceededError(
            str(found),
            f"EXEC sp_set_data_processed_limit @type = N'{found.period.value}', @limit_tb = "
            f"{found.limit_tb + 1} raises it; a dedicated pool is not metered.",
            period=found.period.value,
            limit_tb=found.limit_tb,
        )
