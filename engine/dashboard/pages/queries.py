"""The page of T-SQL requests: running and past, and the plan of one with what each step cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bokeh.models import ColumnDataSource, FactorRange, Select, TextInput

from engine.dashboard.kit import (
    beside,
    heading,
    note,
    plot,
    pre,
    pre_text,
    put,
    table,
    tile_text,
    tiles,
)
from engine.dashboard.pages.base import BasePage
from engine.dashboard.spoken import spoken_bytes
from engine.dashboard.style import BLUE
from engine.dashboard.views.queries import (
    QUEUED,
    RUNNING,
    STATES,
    query_rows,
    query_totals,
    share_rows,
    step_rows,
)

if TYPE_CHECKING:
    from engine.dashboard.views import QueryView, Views

_EMPTY = "No query yet. One appears here with its text and its plan as soon as somebody calls pool.sql(...)."
_CHOOSE = "Click a query to see its text and plan, and rows, bytes, seconds and skew of each step."

_COLUMNS = {
    "state": ("State", "state", 70),
    "submitted": ("Submitted (UTC)", "time", 110),
    "seconds": ("Seconds", "seconds", 65),
    "queued": ("Queued (s)", "seconds", 75),
    "rows": ("Rows", "count", 70),
    "read": ("Read", "bytes", 70),
    "moved": ("Moved", "bytes", 70),
    "label": ("Label", "text", 90),
    "user": ("User", "text", 70),
    "pool": ("Pool", "text", 80),
    "text": ("T-SQL", "text", 420),
}
_STEPS = {
    "step": ("Step", "text", 70),
    "move": ("Move", "text", 80),
    "rows": ("Rows out", "count", 80),
    "bytes": ("Bytes out", "bytes", 80),
    "seconds": ("Seconds", "seconds", 70),
    "nodes": ("Nodes", "count", 50),
    "skew": ("Skew", "number", 60),
}


class QueriesPage(BasePage):
    """See the module."""

    title = "Queries"
    nothing = _EMPTY

    def parts(self) -> Sequence[Any]:
        self._chosen = ""
        self._tiles = tiles()
        states = ["all", *STATES]
        self._state = Select(title="State", options=states, value="all", width=140, margin=0)
        self._search = TextInput(title="Text, label, user or pool contains", width=320, margin=0)
        self._state.on_change("value", self.again)
        self._search.on_change("value_input", self.again)
        self._queries, queries = table(_COLUMNS, height=300, names=["id"])
        self._queries.selected.on_change("indices", self._select)
        self._steps, steps = table(_STEPS, height=260)
        self._shares = ColumnDataSource(
            {"place": [], "step": [], "node": [], "rows": [], "bytes": [], "seconds": []}
        )
        self._plan, self._about = pre(300), heading(_CHOOSE)
        return (
            self._tiles,
            beside(self._state, self._search),
            queries,
            self._about,
            note("Skew is the slowest node's seconds over the mean of all nodes: 1 is even."),
            beside(self._plan, steps),
            self._share_plot(),
        )

    def columns(self, views: Views, now: float) -> Any:
        """See `Page`."""
        queries = views.queries
        state = "" if self._state.value == "all" else str(self._state.value)
        search = str(self._search.value_input or "")
        totals = query_totals(queries)
        busy = bool(totals[RUNNING] or totals[QUEUED])
        if self.unchanged(
            views.complete, queries.version, state, search, self._chosen, int(now) if busy else 0
        ):
            return None
        rows = query_rows(queries, now, state=state, search=search)
        query = queries.by_id.get(self._chosen or (rows["id"][0] if rows["id"] else ""))
        return {
            "rows": rows,
            "tiles": _figures(totals),
            "steps": step_rows(query, now),
            "shares": share_rows(query),
            "plan": _told(query),
            "about": _about(query),
            "lacking": self.lacking(views, something=bool(queries.by_id)),
        }

    def show(self, columns: Any) -> None:
        """See `Page`."""
        if columns is None:
            return
        self._tiles.text = tile_text(columns["tiles"])
        self.fill(columns["lacking"])
        put(self._queries, columns["rows"], keep="id")
        put(self._steps, columns["steps"])
        self._bars.x_range.factors = columns["shares"]["place"]
        self._bars.visible = bool(columns["shares"]["place"])
        put(self._shares, columns["shares"])
        self._plan.text = pre_text(columns["plan"])
        self._about.text = columns["about"]

    def _select(self, attribute: str, old: Any, new: list[int]) -> None:  # noqa: ARG002 - Bokeh's signature
        if new and self._queries.data["id"][new[0]] != self._chosen:
            self._chosen = str(self._queries.data["id"][new[0]])
            self.refresh()

    def _share_plot(self) -> Any:
        self._bars = plot(
            "Seconds of each node in each step: bars of one step should be of one height",
            "step and node",
            "seconds",
            height=260,
            x_range=FactorRange(),
            tips=[
                ("step", "@step"),
                ("node", "@node"),
                ("rows", "@rows{0,0}"),
                ("bytes", "@bytes{0.0 b}"),
                ("seconds", "@seconds{0.00}"),
            ],
        )
        self._bars.vbar("place", top="seconds", width=0.8, source=self._shares, color=BLUE)
        self._bars.y_range.start = 0
        self._bars.x_range.range_padding = 0.05
        self._bars.xaxis.major_label_orientation = 0.9
        return self._bars


def _figures(totals: dict[str, float]) -> list[tuple[str, str]]:
    states = [(state.capitalize(), f"{totals[state]:,.0f}") for state in STATES]
    return [*states, ("Read by all", spoken_bytes(totals["read"]))]


def _about(query: QueryView | None) -> str:
    from html import escape

    if query is None:
        return _CHOOSE
    label = f", label {query.label}" if query.label else ""
    return escape(f"Request {query.id}: {query.state}{_place(query)}{label}")


def _place(query: QueryView) -> str:
    """Where a request stands that waits for its turn."""
    place = query.queue
    if place is None or query.state != QUEUED:
        return ""
    of = f", group {place.group}" if place.group else ""
    return f" with {place.ahead} ahead of it{of}" + (f", {place.importance}" if place.importance else "")


def _told(query: QueryView | None) -> str:
    if query is None:
        return ""
    plans = "\n\n".join(plan.text for plan in query.plans[-10:])
    parts = [
        query.text.strip(),
        f"\n{query.message}" if query.message else "",
        f"\n-- plan\n{plans}" if plans else "",
    ]
    return "\n".join(part for part in parts if part)
