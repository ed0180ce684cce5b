"""The page of pools: what each is doing, and one of them over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource

from engine.dashboard.kit import (
    beside,
    fit_height,
    heading,
    legend_above,
    plot,
    put,
    short_axis,
    table,
    tile_text,
    tiles,
)
from engine.dashboard.pages.base import BasePage, Chooser
from engine.dashboard.spoken import spoken_bytes, spoken_seconds
from engine.dashboard.style import BLUE, GREEN, GREY, ORANGE, RED, VIOLET
from engine.dashboard.views.pools import pool_rows, pool_series, task_rows, worker_rows

if TYPE_CHECKING:
    from engine.dashboard.views import PoolView, Views

_EMPTY = "No pool has written to this log yet. Start one: with ws.dedicated('dw', nodes=2) as pool: ..."


class PoolsPage(BasePage):
    """See the module."""

    title = "Pools"
    nothing = _EMPTY

    def parts(self) -> Sequence[Any]:
        self._choice = Chooser("Pool", self.refresh)
        self._tiles = tiles()
        self._series = ColumnDataSource(pool_series(None))
        self._tasks = ColumnDataSource(
            {name: [] for name in ("name", "tasks", "compute", "transfer", "disk")}
        )
        self._pools, pools = table(
            {
                "name": ("Pool", "text", 120),
                "kind": ("Kind", "text", 80),
                "state": ("State", "state", 70),
                "workers": ("Workers", "text", 80),
                "running": ("Tasks running", "count", 90),
                "waiting": ("Tasks waiting", "count", 90),
                "memory": ("Memory", "bytes", 80),
                "read": ("Lake read", "bytes", 80),
                "cost": ("Worker seconds", "number", 100),
                "deaths": ("Workers lost", "count", 80),
                "seen": ("Last heard of (UTC)", "time", 120),
            },
            height=220,
        )
        self._pools.selected.on_change("indices", self._select)
        self._workers, workers = table(
            {
                "worker": ("Worker", "text", 120),
                "running": ("Tasks", "count", 60),
                "cpu": ("Cores in use", "number", 80),
                "memory": ("Memory", "bytes", 80),
                "limit": ("Limit", "bytes", 80),
                "spilled": ("Spilled", "bytes", 80),
            },
            height=280,
        )
        self._crew = _titled("Workers", workers)
        return (
            self._tiles,
            pools,
            self._choice.widget,
            beside(self._work_plot(), self._memory_plot()),
            beside(self._bytes_plot(), self._cpu_plot()),
            beside(self._tasks_plot(), self._crew),
        )

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        pools = views.pools
        rows = pool_rows(pools)
        options = [(name, name) for name in rows["name"]]
        chosen = self._choice.pick(options)
        if self.unchanged(views.complete, pools.version, chosen):
            return None
        pool = pools.by_name.get(chosen)
        return {
            "lacking": self.lacking(views, something=bool(options)),
            "options": options,
            "rows": rows,
            "tiles": _figures(pool, now),
            "series": pool_series(pool),
            "workers": worker_rows(pool),
            "tasks": task_rows(pool),
        }

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self.fill(columns["lacking"])
        self._choice.offer(columns["options"])
        self._tiles.text = tile_text(columns["tiles"])
        put(self._pools, columns["rows"], keep="name")
        put(self._series, columns["series"])
        put(self._workers, columns["workers"])
        self._crew.visible = bool(columns["workers"]["worker"])
        put(self._tasks, columns["tasks"])
        self._task_figure.y_range.factors = columns["tasks"]["name"][::-1]
        fit_height(self._task_figure, len(columns["tasks"]["name"]))

    def _select(self, attribute: str, old: Any, new: list[int]) -> None:  # noqa: ARG002 - Bokeh's signature
        """A click on a pool in the table chooses it."""
        if new:
            self._choice.choose(str(self._pools.data["name"][new[0]]))

    def _work_plot(self) -> Any:
        made = plot("Tasks and workers", "time (UTC)", "count", x_axis_type="datetime")
        made.step("time", "running", source=self._series, color=BLUE, width=2, legend_label="tasks running")
        made.step("time", "waiting", source=self._series, color=ORANGE, width=2, legend_label="tasks waiting")
        made.step("time", "workers", source=self._series, color=GREY, width=2, legend_label="workers")
        made.y_range.start = 0
        legend_above(made)
        return made

    def _memory_plot(self) -> Any:
        made = plot("Memory", "time (UTC)", "bytes on all workers", x_axis_type="datetime")
        made.varea("time", 0, "memory_area", source=self._series, color=BLUE, alpha=0.15)
        made.line("time", "memory", source=self._series, color=BLUE, width=2, legend_label="in use")
        made.line("time", "spilled", source=self._series, color=RED, width=2, legend_label="spilled to disk")
        made.line("time", "limit", source=self._series, color=GREY, dash="dashed", legend_label="limit")
        made.y_range.start = 0
        legend_above(made)
        short_axis(made.yaxis[0], "B")
        return made

    def _bytes_plot(self) -> Any:
        made = plot(
            "Bytes read from the lake", "time (UTC)", "bytes since the pool started", x_axis_type="datetime"
        )
        made.varea("time", 0, "read_area", source=self._series, color=GREEN, alpha=0.15)
        made.line("time", "read", source=self._series, color=GREEN, width=2)
        made.y_range.start = 0
        short_axis(made.yaxis[0], "B")
        return made

    def _cpu_plot(self) -> Any:
        made = plot("Cores in use", "time (UTC)", "cores of all workers", x_axis_type="datetime")
        made.varea("time", 0, "cpu_area", source=self._series, color=VIOLET, alpha=0.15)
        made.line("time", "cpu", source=self._series, color=VIOLET, width=2)
        made.y_range.start = 0
        return made

    def _tasks_plot(self) -> Any:
        made = plot(
            "Where the time of tasks went",
            "seconds on all workers",
            "task",
            height=140,
            y_range=[],
            tips=[
                ("task", "@name"),
                ("tasks", "@tasks"),
                ("compute", "@compute{0.0} s"),
                ("transfer", "@transfer{0.0} s"),
                ("disk", "@disk{0.0} s"),
            ],
        )
        made.hbar_stack(
            ["compute", "transfer", "disk"],
            y="name",
            height=0.7,
            source=self._tasks,
            color=[BLUE, RED, ORANGE],
            legend_label=["computing", "fetching from other workers", "reading what was spilled"],
        )
        legend_above(made)
        made.x_range.start = 0
        self._task_figure = made
        return made


def _figures(pool: PoolView | None, now: float) -> list[tuple[str, str]]:
    if pool is None:
        return [("Pools", "none yet")]
    sample = None if pool.lost else pool.sample
    memory = f"{spoken_bytes(sample.memory)} of {spoken_bytes(sample.limit)}" if sample else "-"
    return [
        (f"Pool {pool.name}", pool.state),
        ("In this state for", spoken_seconds(max(0.0, now - pool.since)) if pool.since else "-"),
        ("Workers", pool.crew),
        ("Tasks running / waiting", f"{sample.running} / {sample.waiting}" if sample else "-"),
        ("Memory", memory),
        ("Read from the lake", spoken_bytes(pool.bytes_read)),
        ("Cost so far", f"{pool.worker_seconds / 3600:.3f} worker hours"),
        ("Workers lost", str(pool.deaths)),
    ]


def _titled(title: str, part: Any) -> Any:
    from bokeh.layouts import column

    return column(heading(title), part, sizing_mode="stretch_width", spacing=4)
