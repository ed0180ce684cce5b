from __future__ import annotations

import pickle

import pytest

import engine.errors
from pools.errors import TarnError


def kinds(base: type[TarnError]) -> list[type[TarnError]]:
    """The house's own kinds; tests make some of theirs."""
    own = [child for child in base.__subclasses__() if child.__module__.startswith(("engine.", "pools."))]
    return [base, *(leaf for child in own for leaf in kinds(child))]


@pytest.mark.parametrize("kind", kinds(TarnError), ids=lambda kind: kind.__name__)
def test_every_error_survives_the_way_between_workers(kind: type[TarnError]) -> None:
    sent = kind("file 'a.csv' is torn.", "Copy it again.", file="a.csv", rows=[1, 2])
    got = pickle.loads(pickle.dumps(sent))
    assert type(got) is kind
    assert (str(got), got.data) == (
        "file 'a.csv' is torn. Hint: Copy it again.",
        {"file": "a.csv", "rows": [1, 2]},
    )


def test_without_a_hint_the_message_stands_alone() -> None:
    assert str(TarnError("It is so.")) == "It is so."


def test_the_drawn_tree_names_every_kind() -> None:
    drawn = (engine.errors.__doc__ or "") + (__import__("pools.errors").errors.__doc__ or "")
    for kind in kinds(TarnError):
        assert kind.__name__ in drawn, kind.__name__


def test_a_message_ends_before_its_hint_begins() -> None:
    assert str(TarnError("column 'a' is gone", "Name another.")) == "column 'a' is gone. Hint: Name another."
