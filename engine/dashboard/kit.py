"""The pieces that pages are made of: figures, tables, tiles, and how columns get into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from bokeh.layouts import row
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    DataTable,
    DateFormatter,
    Div,
    HoverTool,
    HTMLTemplateFormatter,
    NumberFormatter,
    TableColumn,
)
from bokeh.plotting import figure

from engine.dashboard.style import CARD_CSS, FONT, INK, LINE, MUTED, PAPER, STATE_COLOURS, TABLE_CSS

# Three digits and a decimal prefix: 1234567 is `1.23 MB` with the unit B, `1.23M` without one.
_SHORT = (
    "function (value, unit) { if (!isFinite(value)) return '-'; const steps = ['', 'k', 'M', 'G', 'T', 'P']; "
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
# What does not fit its column is cut with dots, and is whole where the mouse rests.
_TEXT = HTMLTemplateFormatter(template="<span title='<%- value %>'><%- value %></span>")


def _number(digits: str) -> NumberFormatter:
    return NumberFormatter(format=digits, text_align="right", nan_format="-")


_FORMATS: dict[str, Any] = {
    "text": _TEXT,
    "state": _STATE,
    "link": _LINK,
    "count": _number("0,0"),
    "bytes": HTMLTemplateFormatter(
        template=f"<div style='text-align:right'><%- ({_SHORT})(value, 'B') %></div>"
    ),
    "seconds": _number("0,0.00"),
    "number": _number("0,0.00"),
    "score": _number("0.00000"),
    "time": DateFormatter(format="%m-%d %H:%M:%S"),
}
_RIGHT = ("count", "bytes", "seconds", "number", "score")
_ROW, _HEADER = 27, 32
# Bokeh 3.9 draws a table's rows again when its view changes, and a view of as many rows as before does not:
# new values alone would never be seen.
_REDRAW = "if (view.indices.size == source.get_length()) view.change.emit()"


def table(
    columns: Mapping[str, tuple[str, str, int]], *, height: int = 240, names: Sequence[str] = ()
) -> tuple[ColumnDataSource, DataTable]:
    """A table and its source.

    Args:
        columns: Column to its title, format and width in pixels.
        height: In pixels at most: a table is as high as its rows, and scrolls where there are more.
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
        height=_HEADER + _ROW,
        index_position=None,
        sizing_mode="stretch_width",
        autosize_mode="force_fit",
        row_height=_ROW,
        reorderable=False,
        stylesheets=[TABLE_CSS, _headers_right(columns)],
        margin=0,
        css_classes=["bk-data-table"],
    )

    def fit(attribute: str, old: Any, new: Mapping[str, Any]) -> None:  # noqa: ARG001 - Bokeh's signature
        rows = max(1, len(next(iter(new.values()), ())))
        needed = min(height, _HEADER + _ROW * rows + 3)
        if made.height != needed:
            made.height = needed

    source.on_change("data", fit)
    source.js_on_change("data", CustomJS(args={"view": made.view, "source": source}, code=_REDRAW))
    return source, made


def _headers_right(columns: Mapping[str, tuple[str, str, int]]) -> str:
    """The titles of numbers stand over the numbers, which stand on the right."""
    places = [at for at, (_, kind, _) in enumerate(columns.values(), start=1) if kind in _RIGHT]
    chosen = ", ".join(f".slick-header-column:nth-child({at}) .slick-column-name" for at in places)
    return f"{chosen} {{ float: right; padding-right: 8px; }}" if places else ""


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
    legend.margin, legend.padding, legend.spacing = 0, 0, 16
    made.add_layout(legend, "above")


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


def note(text: str = "", *, card: bool = False) -> Div:
    """A line of explanation; on a card of its own, what would appear where there is nothing yet."""
    style = {"font-size": "13px", "color": MUTED, "font-family": FONT, "line-height": "1.5"}
    if card:
        style |= {"font-size": "15px", "background": PAPER, "border": f"1px dashed {LINE}"}
        style |= {"border-radius": "8px", "padding": "48px 32px", "text-align": "center"}
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


def fit_height(made: Any, bars: int) -> None:
    """A figure of horizontal bars that is as high as they need, with room for its axis and legend."""
    needed = 110 + 30 * max(1, bars)
    if made.height != needed:
        made.height = needed


def pre(most: int) -> Div:
    """A block of text as it is, such as a plan, `most` pixels high at most; `pre_text` fills it."""
    return Div(
        sizing_mode="stretch_width",
        styles={"overflow": "auto", "max-height": f"{most}px"},
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
    if _shown.get(source) == columns:  # a page is told of all its columns, and most stay as they were
        return
    _shown[source] = columns
    selected = [source.data[keep][at] for at in source.selected.indices] if keep else []
    if max(source.selected.indices, default=-1) >= len(next(iter(columns.values()), ())):
        source.selected.indices = []  # a browser that is told of the data first would look for these rows
    source.data = {name: _packed(values) for name, values in columns.items()}
    if keep:
        places = {value: at for at, value in enumerate(columns[keep])}
        now = [places[value] for value in selected if value in places]
        if now != source.selected.indices:
            source.selected.indices = now


_shown: WeakKeyDictionary[ColumnDataSource, Mapping[str, Sequence[Any]]] = WeakKeyDictionary()


def _packed(values: Sequence[Any]) -> Any:
    if values and _is_line(values[0]):
        return [np.asarray(value, dtype=np.float64) for value in values]  # lines: arrays of their own length
    if values and all(type(value) in (int, float) for value in values):
        return np.asarray(values, dtype=np.float64)
    return list(values)


def _is_line(value: Any) -> bool:
    """Whether it is worth an array of its own: one costs 45 microseconds, so short lines travel as lists."""
    return isinstance(value, list) and len(value) > 16 and all(type(one) in (int, float) for one in value)
