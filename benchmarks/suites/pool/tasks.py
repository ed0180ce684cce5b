"""The work given to workers, the same on every side."""

from __future__ import annotations

import importlib


def echo(number: int) -> int:
    return number


def load(modules: list[str]) -> int:
    """Imports modules in the worker; returns how many."""
    return len([importlib.import_module(name) for name in modules])
