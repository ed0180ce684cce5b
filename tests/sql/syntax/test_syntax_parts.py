"""How the grammar is put together, and the examples in its documentation."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from engine.sql import syntax
from engine.sql.syntax.parser import Parser
from engine.sql.syntax.query.grammar import Grammar

MODULES = [module.name for module in pkgutil.walk_packages(syntax.__path__, f"{syntax.__name__}.")]


def test_no_part_of_the_grammar_hides_a_rule_of_another() -> None:
    parts = [
        part for part in Parser.__mro__ if part.__module__.startswith(syntax.__name__) and part is not Grammar
    ]
    homes: dict[str, type] = {}
    for part in parts:
        for name in vars(part):
            if name.startswith("__") or name == "_abc_impl":
                continue
            assert name not in homes, f"{part.__name__} and {homes[name].__name__} both define {name}"
            homes[name] = part


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
