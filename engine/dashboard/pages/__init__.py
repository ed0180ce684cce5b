"""The pages, by their names in the menu."""

from __future__ import annotations

from importlib import import_module

PAGES = ("pools", "queries", "studies", "scoring", "runs", "compare")


def page_class(name: str) -> type:
    """The class of a page; its module and Bokeh's are loaded when somebody first looks at it."""
    module = import_module(f"{__name__}.{name}")
    made: type = getattr(module, f"{name.capitalize()}Page")
    return made


__all__ = ["PAGES", "page_class"]
