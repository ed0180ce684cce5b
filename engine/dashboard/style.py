"""One look for all pages: colours, type, the frame around a page."""

from __future__ import annotations

from typing import Any

INK, MUTED, LINE, PAPER, GROUND = "#1b2733", "#64748b", "#e2e8f0", "#ffffff", "#f5f7fa"
BLUE, ORANGE, GREEN, RED, VIOLET, GREY = "#2563a8", "#d97706", "#15803d", "#b91c1c", "#7c3aed", "#94a3b8"
FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# States that differ in meaning differ in colour and in their word, so that nobody needs the colour.
STATE_COLOURS = {
    "running": BLUE,
    "starting": BLUE,
    "resuming": BLUE,
    "queued": ORANGE,
    "waiting": ORANGE,
    "paused": ORANGE,
    "stopped": ORANGE,
    "finished": GREEN,
    "failed": RED,
    "cancelled": GREY,
    "lost": RED,
    "closed": GREY,
}

TABLE_CSS = f"""
.bk-data-table {{ font-family: {FONT}; font-size: 13px; color: {INK}; background: {PAPER}; }}
.slick-header-column {{ background: {GROUND} !important; color: {MUTED}; font-weight: 600; font-size: 12px;
  border-right: none !important; border-bottom: 1px solid {LINE}; }}
.slick-cell {{ border-color: {LINE} !important; border-left: none !important; border-right: none !important;
  padding: 4px 12px 4px 6px; text-overflow: ellipsis; }}
.slick-row.odd {{ background: {PAPER} !important; }}
.slick-cell.selected {{ background: #dbeafe !important; color: {INK} !important; }}
"""

CARD_CSS = f"""
:host {{ background: {PAPER}; border: 1px solid {LINE}; border-radius: 8px; padding: 10px 14px;
  box-sizing: border-box; }}
"""

_PAGE_CSS = f"""
html, body {{ margin: 0; background: {GROUND}; color: {INK}; font-family: {FONT}; }}
nav {{ display: flex; align-items: center; gap: 2px; background: {INK}; padding: 0 20px; height: 46px;
  overflow-x: auto; }}
nav .brand {{ color: #fff; font-weight: 700; font-size: 16px; margin-right: 18px; letter-spacing: .02em; }}
nav a {{ color: #cbd5e1; text-decoration: none; font-size: 14px; padding: 13px 12px; line-height: 20px;
  white-space: nowrap; }}
nav a:hover {{ color: #fff; }}
nav a.here {{ color: #fff; box-shadow: inset 0 -3px 0 #60a5fa; }}
nav .gap {{ border-left: 1px solid #475569; height: 20px; margin: 0 10px; }}
nav .place {{ margin-left: auto; color: #94a3b8; font-size: 12px; white-space: nowrap; padding-left: 20px; }}
main {{ padding: 18px 20px 40px; max-width: 1880px; margin: 0 auto; box-sizing: border-box; }}
"""

_TEMPLATE = """
{% extends base %}
{% block preamble %}<style>{{ tarn_css }}</style>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">{% endblock %}
{% block contents %}{% from macros import embed %}
<nav><span class="brand">Tarn</span>
{% for page in ours %}<a href="{{ page }}"{% if page == here %} class="here"{% endif %}>{{ page|title }}</a>
{% endfor %}{% if others %}<span class="gap"></span>
{% for page in others %}<a href="{{ page }}">{{ page|title }}</a>
{% endfor %}{% endif %}<span class="place" title="{{ whole_place }}">{{ place }}</span></nav>
<main>{% for root in doc.roots %}{{ embed(root) }}{% endfor %}</main>
{% endblock %}
"""

_THEME = {
    "attrs": {
        "Plot": {
            "background_fill_color": PAPER,
            "border_fill_color": PAPER,
            "outline_line_color": None,
            "min_border_left": 60,
            "min_border_right": 16,
        },
        "Axis": {
            "axis_line_color": LINE,
            "major_tick_line_color": LINE,
            "minor_tick_line_color": None,
            "axis_label_text_color": MUTED,
            "axis_label_text_font": FONT,
            "axis_label_text_font_size": "12px",
            "axis_label_text_font_style": "normal",
            "major_label_text_color": MUTED,
            "major_label_text_font": FONT,
            "major_label_text_font_size": "11px",
        },
        "Grid": {"grid_line_color": "#eef2f6"},
        "Title": {
            "text_color": INK,
            "text_font": FONT,
            "text_font_size": "14px",
            "text_font_style": "bold",
        },
        "Legend": {
            "border_line_color": None,
            "background_fill_alpha": 0.8,
            "label_text_color": MUTED,
            "label_text_font": FONT,
            "label_text_font_size": "11px",
            "spacing": 2,
            "padding": 4,
        },
        "Toolbar": {"logo": None, "autohide": True},
    }
}


def theme() -> Any:
    """Bokeh's theme of all documents."""
    from bokeh.themes import Theme

    return Theme(json=_THEME)


def dress(document: Any, *, title: str, here: str, ours: list[str], others: list[str], place: str) -> None:
    """Give a document the frame of all pages.

    Args:
        document: Bokeh's.
        title: The page's title.
        here: Which page it is.
        ours: Tarn's pages, in the order of the menu.
        others: Further pages of the same server, such as Dask's own.
        place: Whose pages they are: a pool, a workspace.
    """
    from bokeh.core.templates import get_env

    document.title = f"{title} - Tarn"
    document.theme = theme()
    document.template = get_env().from_string(_TEMPLATE)
    # Of a folder or URL the last name says which it is; the mouse shows all of it.
    last = place.rstrip("/").rsplit("/", 1)[-1]
    names = {"place": last, "whole_place": place}
    variables = {"here": here, "ours": ours, "others": others, "tarn_css": _PAGE_CSS, **names}
    document.template_variables.update(variables)
