"""What pages share: a choice that follows the newest until somebody chooses, and quick answers to clicks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from bokeh.layouts import column
from bokeh.models import Select

from engine.dashboard.kit import note

if TYPE_CHECKING:
    from engine.dashboard.views import Views

# What is older is found by those who read the log: all of a drop-down is sent whenever one thing is new, and
# 300 names cost the event loop 10 ms.
_MOST = 60
_READING = "The event log is being read."


class BasePage:
    """A column of parts; a subclass fills it, and says what it shows.

    Attributes:
        title: In the browser's tab.
        nothing: What would appear, while there is nothing to show.
        root: The page.
    """

    title = ""
    nothing = ""

    def __init__(self) -> None:
        self._wanted: Callable[[], Any] = lambda: None
        self._seen: Any = None
        self._empty = note(_READING, card=True)
        self._parts = list(self.parts())
        self.root = column(self._empty, *self._parts, sizing_mode="stretch_width", spacing=12)
        for part in self._parts:
            part.visible = False

    def parts(self) -> Sequence[Any]:
        """The parts, from top to bottom."""
        raise NotImplementedError

    def lacking(self, views: Views, *, something: bool) -> str:
        """What stands in place of empty figures and tables; empty where there is something to show."""
        return "" if something else self.nothing if views.complete else _READING

    def fill(self, lacking: str) -> None:
        """Show the parts, or what `lacking` gave."""
        if self._empty.text != lacking:
            self._empty.text, self._empty.visible = escape(lacking, quote=False), bool(lacking)
            for part in self._parts:
                part.visible = not lacking

    def on_demand(self, update: Callable[[], Any]) -> None:
        """What to call when the page is to be updated at once."""
        self._wanted = update

    def again(self, attr: str, old: Any, new: Any) -> None:  # noqa: ARG002 - Bokeh's signature
        """A callback of widgets: what they say has changed."""
        self.refresh()

    def refresh(self) -> None:
        """Show at once what is wanted now."""
        self._seen = None
        self._wanted()

    def unchanged(self, *state: Any) -> bool:
        """Whether the page shows this state already."""
        same = bool(state == self._seen)
        self._seen = state
        return same


class Chooser:
    """A drop-down of things, the newest first; it follows the newest until somebody chooses one."""

    def __init__(self, title: str, on_change: Callable[..., Any]) -> None:
        self.widget = Select(title=title, options=[], width=420, margin=0)
        self._follows, self._sets, self._first = True, False, ""
        self._on_change = on_change
        self.widget.on_change("value", self._chosen)

    @property
    def value(self) -> str:
        """The id of what is chosen; empty if there is nothing."""
        return str(self.widget.value or "")

    @property
    def by_hand(self) -> str:
        """The id that somebody has chosen; empty while it follows."""
        return "" if self._follows else self.value

    def choose(self, one: str) -> None:
        """Choose an id, as somebody who clicks does."""
        self.widget.value = one

    def offer(self, options: Sequence[tuple[str, str]], first: str = "") -> None:
        """Offer ids with their labels; `first` is followed in place of the newest."""
        self._sets, self._first = True, first
        try:
            self._offer(options)
        finally:
            self._sets = False

    def _offer(self, options: Sequence[tuple[str, str]]) -> None:
        chosen = self.pick(options, self._first)
        shown = [one for at, one in enumerate(options) if at < _MOST or one[0] == chosen]
        if list(self.widget.options) != shown:
            self.widget.options = shown
        if chosen and self.widget.value != chosen:
            self.widget.value = chosen

    def pick(self, options: Sequence[tuple[str, str]], first: str = "") -> str:
        """The id that will be chosen once these are offered."""
        ids = [one for one, _ in options]
        if not ids:
            return ""
        followed = first if first in ids else ids[0]
        return followed if self._follows or self.value not in ids else self.value

    def _chosen(self, attribute: str, old: Any, new: Any) -> None:  # noqa: ARG002 - Bokeh's signature
        if not self._sets:
            self._follows = new == (self._first or (self.widget.options and self.widget.options[0][0]))
            self._on_change()
