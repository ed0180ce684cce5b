"""A large result stays on the workers: what a reader holds of it at a time is two batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.runtime import InlineTasks
from engine.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.lake import Storage

MANY = """WITH d AS (SELECT v FROM (VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) AS t(v))
    SELECT a.v + 10 * b.v + 100 * c.v + 1000 * e.v + 10000 * f.v AS n, REPLICATE(N'x', 400) AS filler
    FROM d AS a CROSS JOIN d AS b CROSS JOIN d AS c CROSS JOIN d AS e CROSS JOIN d AS f"""
ROWS = 100_000


class Watched(InlineTasks):
    """Counts what leaves the workers' side."""

    def __init__(self) -> None:
        self.sent = 0
        self.fetched: list[int] = []

    def submit(self, fn: Callable[..., Any], *args: Any, label: str) -> Any:
        self.sent += label == "sql-batch"
        return super().submit(fn, *args, label=label)

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        found = super().gather(futures)
        self.fetched += [one.nbytes for one in found if isinstance(one, pa.Table)]
        return found


def test_rows_come_in_bounded_batches_as_they_are_asked_for(storage: Storage) -> None:
    watched = Watched()
    result = Session(watched, storage, nodes=lambda _: 2, models=lambda: None).run(MANY)
    assert len(result) == ROWS
    assert watched.fetched == []
    str(result)
    result._repr_html_()
    assert sum(watched.fetched) < 1 << 17, "to print a result takes its first rows"
    watched.fetched.clear()
    watched.sent = 0
    batches = result.fetch_batches()
    assert next(batches).num_rows < ROWS
    assert watched.sent <= 2, "one that is read, one that is on its way"
    total = 1 + sum(1 for _ in batches)
    assert total > 2
    assert max(watched.fetched) <= 17 << 20
    assert sum(watched.fetched) > ROWS * 400


def test_all_rows_are_there_once(storage: Storage) -> None:
    result = Session(InlineTasks(), storage, nodes=lambda _: 2, models=lambda: None).run(MANY)
    numbers = [number for batch in result.fetch_batches() for number in batch.column(0).to_pylist()]
    assert sorted(numbers) == list(range(ROWS))
