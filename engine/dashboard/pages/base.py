"""What pages share: a choice that follows the newest until somebody chooses, and quick answers to clicks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bokeh.layouts import column
from bokeh.models import Select


class BasePage:
    """A column of parts; a subclass fills it, and says what it shows.

    Attributes:
        title: In the browser's tab.
        root: The page.
    """

    title = ""

    def __init__(self) -> None:
        self._wanted: Callable[[], Any] = lambda: None
        self._seen: Any = None
        self.root = column(*self.parts(), sizing_mode="stretch_width", spacing=12)

    def parts(self) -> Sequence[Any]:
        """The parts, from top to bottom."""
        raise NotImplementedError

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
        self._follows, self._sets = True, False
        self._on_change = on_change
        self.widget.on_change("value", self._chosen)

    @property
    def value(self) -> str:
        """The id of what is chosen; empty if there is nothing."""
        return str(self.widget.value or "")

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer ids with their labels."""
        self._sets = True
        try:
            if list(self.widget.options) != list(options):
                self.widget.options = list(options)
            ids = [one for one, _ in options]
            if ids and self.widget.value != ids[0] and (self._follows or self.widget.value not in ids):
                self.widget.value = ids[0]
        finally:
            self._sets = False

    def pick(self, options: Sequence[tuple[str, str]]) -> str:
        """The id that will be chosen once these are offered."""
        ids = [one for one, _ in options]
        if not ids:
            return ""
        return ids[0] if self._follows or self.value not in ids else self.value

    def _chosen(self, attribute: str, old: Any, new: Any) -> None:  # noqa: ARG002 - Bokeh's signature
        if not self._sets:
            self._follows = bool(self.widget.options) and new == self.widget.options[0][0]
            self._on_change()
