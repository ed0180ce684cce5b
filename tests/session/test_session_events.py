"""sys.events: the event log of the workspace, in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.events import StageStarted, TrialFinished, open_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from session.conftest import Rows

    from engine.lake import Storage


def test_the_log_is_a_table(ask: Callable[[str], Rows], storage: Storage) -> None:
    assert ask("SELECT COUNT(*) FROM sys.events WHERE kind = 'trial_finished'") == [(0,)]
    emit = open_log(storage.home.location).bind(run="r1", pool="dw")
    for trial in range(5):
        emit(TrialFinished("s", trial, trial / 10, rounds=20))
    emit(StageStarted("prepare"))
    assert ask(
        "SELECT kind, run, pool, COUNT(*) AS n FROM sys.events GROUP BY kind, run, pool ORDER BY kind"
    ) == [
        ("stage_started", "r1", "dw", 1),
        ("trial_finished", "r1", "dw", 5),
    ]
    best = "SELECT MAX(CAST(JSON_VALUE(e.data, '$.score') AS FLOAT)) FROM sys.events AS e"
    assert ask(f"{best} WHERE kind = 'trial_finished'") == [(0.4,)]
