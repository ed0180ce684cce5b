"""The pieces that pages are made of: figures, tables, tiles, and how columns get into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from bokeh.layouts import row
from bokeh.models import (
    ColumnDataSource,
    CustomJSTickFormatter,
    DataTable,
    DateFormatter,
    Div,
    HoverTool,
    HTMLTemplateFormatter,
    NumberFormatter,
    StringFormatter,
    TableColumn,
)
from bokeh.plotting import figure

from engine.dashboard.style import CARD_CSS, FONT, INK, LINE, MUTED, PAPER, STATE_COLOURS, TABLE_CSS

# Three digits and a decimal prefix: 1234567 is `1.23 MB` with the unit B, `1.23M` without one.
_SHORT = (
    "function (value, unit) { const steps = ['', 'k', 'M', 'G', 'T', 'P']; "
    "let at = 0, rest = Math.abs(value); while (rest >= 999.5 && at < 5) { rest /= 1000; at += 1 }"
    " const digits = at == 0 ? String(Math.round(value * 100) / 100) :"
    " (value < 0 ? '-' : '') + String(Number(rest.toPrecision(3)));"
    " return unit ? digits + ' ' + steps[at] + unit : digits + steps[at] }"
)
_STATE = HTMLTemplateFormatter(
    template="<span style='font-weight:600;color:<%- ({"
    + ",".join(f"'{state}':'{colour}'" for state, colour in STATE_COLOURS.items())
    + "})[value] || '#334155' %>'><%- value %></span>"
)
# `<%-` escapes, and only what is an address becomes one: the text comes from whoever wrote the event.
_LINK = HTMLTemplateFormatter(
    template="<% if (/^https?:\\/\\//.test(value)) { %>"
    "<a href='<%- value %>' target='_blank' rel='noopener'>open</a><% } else { %><%- value %><% } %>"
)
_FORMATS: dict[str, Any] = {
    "text": StringFormatter(),
    "code": StringFormatter(),
    "state": _STATE,
    "link": _LINK,
    "count": NumberFormatter(format="0,0", text_align="right"),
    "bytes": HTMLTemplateFormatter(
        template=f"<div style='text-align:right'><%- ({_SHORT})(value, 'B') %></div>"
    ),
    "seconds": NumberFormatter(format="0,0.00", text_align="right"),
    "number": NumberFormatter(format="0,0.00", text_align="right"),
    "score": NumberFormatter(format="0.00000", text_align="right"),
    "time": DateFormatter(format="%m-%d %H:%M:%S"),
}


def table(
    columns: Mapping[str, tuple[str, str, int]], *, height: int = 240, names: Sequence[str] = ()
) -> tuple[ColumnDataSource, DataTable]:
    """A table and its source.

    Args:
        columns: Column to its title, format and width in pixels.
        height: In pixels.
        names: Further columns of the source that are not shown.
    """
    source = ColumnDataSource({name: [] for name in (*columns, *names)})
    shown = [
        TableColumn(field=name, title=title, formatter=_FORMATS[kind].clone(), width=width)
        for name, (title, kind, width) in columns.items()
    ]
    made = DataTable(
        source=source,
        columns=shown,
        height=height,
        index_position=None,
        sizing_mode="stretch_width",
        autosize_mode="force_fit",
        row_height=27,
        reorderable=False,
        stylesheets=[TABLE_CSS],
        margin=0,
        css_classes=["bk-data-table"],
    )
    return source, made


def plot(
    title: str, x: str, y: str, *, height: int = 260, tips: Sequence[tuple[str, str]] = (), **options: Any
) -> Any:
    """A figure with both axes named; `tips` is what hovering shows."""
    tools = options.pop("tools", "pan,xwheel_zoom,box_zoom,reset,save")
    made = figure(
        title=title,
        height=height,
        sizing_mode="stretch_width",
        tools=tools,
        active_drag=None,
        x_axis_label=x,
        y_axis_label=y,
        **options,
    )
    made.toolbar.logo = None
    if tips:
        made.add_tools(HoverTool(tooltips=list(tips)))
    return made


def short_axis(axis: Any, unit: str = "") -> None:
    """Tick labels in three digits: `1.5 GB` with the unit `B`, `2.5M` without one."""
    axis.formatter = CustomJSTickFormatter(code=f"return ({_SHORT})(tick, '{unit}')")


def legend_above(made: Any) -> None:
    """The legend over the figure rather than over what it shows."""
    legend = made.legend[0]
    legend.orientation = "horizontal"
    legend.margin, legend.padding = 0, 0
    made.add_layout(legend, "above")


def say(part: Div, text: str) -> None:
    """Put a text into a note; without one it takes no room."""
    part.text, part.visible = escape(text), bool(text)


def heading(text: str) -> Div:
    """The title of a part of a page."""
    style = {
        "font-size": "14px",
        "font-weight": "700",
        "color": INK,
        "font-family": FONT,
        "padding-top": "6px",
    }
    return Div(text=escape(text), styles=style, sizing_mode="stretch_width", margin=0)


def note(text: str = "") -> Div:
    """A line of explanation, or what would appear where there is nothing yet."""
    style = {"font-size": "13px", "color": MUTED, "font-family": FONT, "line-height": "1.5"}
    return Div(text=escape(text), styles=style, sizing_mode="stretch_width", margin=0, visible=bool(text))


def tiles() -> Div:
    """A row of figures; `tile_text` fills it."""
    return Div(sizing_mode="stretch_width", styles={"font-family": FONT}, margin=0)


def tile_text(figures: Sequence[tuple[str, str]]) -> str:
    """HTML of tiles: a title and what it says, each."""
    card = (
        f"background:{PAPER};border:1px solid {LINE};border-radius:8px;padding:7px 14px 9px;min-width:80px;"
        "flex:1 1 auto;max-width:260px;box-sizing:border-box"
    )
    cells = "".join(
        f"<div style='{card}'><div style='font-size:12px;color:{MUTED}'>{escape(title)}</div>"
        f"<div style='font-size:18px;font-weight:650;white-space:nowrap;"
        f"color:{STATE_COLOURS.get(value, INK)}'>{escape(value)}</div></div>"
        for title, value in figures
    )
    return f"<div style='display:flex;flex-wrap:wrap;gap:8px'>{cells}</div>"


def pre(height: int) -> Div:
    """A block of text as it is, such as a plan; `pre_text` fills it."""
    return Div(
        sizing_mode="stretch_width",
        height=height,
        styles={"overflow": "auto"},
        stylesheets=[CARD_CSS],
        margin=0,
    )


def pre_text(text: str) -> str:
    """HTML of a text in a fixed font."""
    look = f"margin:0;font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;color:{INK};white-space:pre-wrap"
    return f"<pre style='{look}'>{escape(text)}</pre>"


def beside(*parts: Any) -> Any:
    """Parts in one row that share its width."""
    return row(*parts, sizing_mode="stretch_width", spacing=14)


def put(source: ColumnDataSource, columns: Mapping[str, Sequence[Any]], *, keep: str = "") -> None:
    """Give a source new columns; numbers travel as arrays, which a browser reads at once.

    Args:
        source: What is shown.
        columns: All of its columns.
        keep: The column by which a selected row is found again.
    """
    selected = [source.data[keep][at] for at in source.selected.indices] if keep else []
    source.data = {name: _packed(values) for name, values in columns.items()}
    if keep:
        places = {value: at for at, value in enumerate(columns[keep])}
        now = [places[value] for value in selected if value in places]
        if now != source.selected.indices:
            source.selected.indices = now


def _packed(values: Sequence[Any]) -> Any:
    if values and isinstance(values[0], list) and all(type(value) in (int, float) for value in values[0]):
        return [np.asarray(value, dtype=np.float64) for value in values]  # lines: arrays of their own length
    if values and all(type(value) in (int, float) for value in values):
        return np.asarray(values, dtype=np.float64)
    return list(values)
