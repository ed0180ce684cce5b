"""Capacity, shares and order: documented figures, and that nobody waits for ever whatever is sent."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BindError, OptionError
from engine.session.workload.admission import PATIENCE, Ticket, next_to_run
from engine.session.workload.classifiers import Asker, Classifier, best
from engine.session.workload.groups import (
    RESOURCE_CLASSES,
    Group,
    Importance,
    checked,
    class_share,
    share_of,
    slots_of,
)
from engine.session.workload.levels import Level, level_for

# DWU, nodes, slots; then slots of smallrc, mediumrc, largerc, xlargerc and of staticrc10 to staticrc80, as
# the documentation prints them.
DOCUMENTED = [
    (100, 1, 4, (1, 1, 1, 2), (1, 2, 4, 4, 4, 4, 4, 4)),
    (200, 1, 8, (1, 1, 1, 5), (1, 2, 4, 8, 8, 8, 8, 8)),
    (500, 1, 20, (1, 2, 4, 14), (1, 2, 4, 8, 16, 16, 16, 16)),
    (1000, 2, 40, (1, 4, 8, 28), (1, 2, 4, 8, 16, 32, 32, 32)),
    (2000, 4, 80, (2, 8, 17, 56), (1, 2, 4, 8, 16, 32, 64, 64)),
    (6000, 12, 240, (7, 24, 52, 168), (1, 2, 4, 8, 16, 32, 64, 128)),
    (30000, 60, 1200, (36, 120, 264, 840), (1, 2, 4, 8, 16, 32, 64, 128)),
]


@pytest.mark.parametrize(("dwu", "nodes", "slots", "dynamic", "static"), DOCUMENTED)
def test_a_level_has_the_documented_nodes_slots_and_classes(
    dwu: int, nodes: int, slots: int, dynamic: tuple[int, ...], static: tuple[int, ...]
) -> None:
    level = Level(dwu)
    assert (level.nodes, level.slots) == (nodes, slots)
    assert [slots_of(name, level) for name in RESOURCE_CLASSES] == [*static, *dynamic]


def test_a_size_that_does_not_exist_is_refused_and_nodes_have_theirs() -> None:
    with pytest.raises(OptionError, match="dwu=250"):
        Level(250)
    assert [level_for(nodes).dwu for nodes in (1, 2, 3, 9, 60, 99)] == [500, 1000, 1500, 3000, 30000, 30000]


def group(least: float, most: float, grant: float, name: str = "g") -> Group:
    return Group(name, Fraction(str(least)), Fraction(str(most)), Fraction(str(grant)))


def test_documented_concurrency_of_groups() -> None:
    assert share_of(group(26, 100, 3.25), [], Level(1000)).guaranteed == 8
    assert share_of(group(60, 100, 1), [], Level(6000)).guaranteed == 60
    assert share_of(group(0, 30, 2), [], Level(6000)).widest == 15
    small = share_of(group(3, 100, 3), [], Level(100))
    assert (small.need, small.least) == (25, 0), (
        "what is below the level's least is raised, and keeps nothing"
    )
    assert share_of(group(0, 100, 5), [group(25, 50, 5, "other")], Level(1000)).most == 75


@pytest.mark.parametrize(
    "refused",
    [group(101, 100, 1), group(50, 50, 5), group(0, 100, 0.5), group(0, 100, 1.1), group(26, 100, 4)],
)
def test_a_group_that_makes_no_sense_is_refused(refused: Group) -> None:
    with pytest.raises(BindError, match="workload group 'g'"):
        checked(refused, [])
    with pytest.raises(BindError):
        checked(group(60, 100, 1), [group(50, 100, 1, "other")])


def test_the_classifier_with_the_greatest_weight_wins() -> None:
    by_label = Classifier("by_label", "a", "ann", label="load")
    by_time = Classifier("by_time", "b", "ann", start=dt.time(9), end=dt.time(17))
    by_role = Classifier(
        "by_role", "c", "largerc", label="load", context="etl", start=dt.time(0), end=dt.time(23)
    )
    asker = Asker("ann", ["largerc"], label="load", context="etl", time=dt.time(12))
    assert [one.weight(asker) for one in (by_label, by_time, by_role)] == [80, 68, 60]
    assert best([by_time, by_role, by_label], asker) is by_label
    assert best([by_label], Asker("bob", label="load")) is None


@given(
    dwu=st.sampled_from([100, 500, 1000]),
    kept=st.sampled_from([0, 25, 50]),
    sent=st.lists(
        st.tuples(
            st.sampled_from([*RESOURCE_CLASSES, "own"]), st.sampled_from(Importance), st.integers(0, 5)
        ),
        max_size=60,
    ),
)
def test_whatever_is_sent_all_of_it_runs_and_never_too_much_at_a_time(
    dwu: int, kept: int, sent: list[tuple[str, Importance, int]]
) -> None:
    """A pool where each arrival is followed by the end of a number of those that run, the oldest first."""
    level = Level(dwu)
    own = share_of(group(kept, 100, 25, "own"), [], level)
    waiting: list[Ticket] = []
    running: list[Ticket] = []
    done: list[Ticket] = []

    def admit() -> None:
        while ticket := next_to_run(waiting, running, {"own": own.least}, level.requests):
            alone = not running
            waiting.remove(ticket)
            running.append(ticket)
            for other in waiting:
                other.passed += other.number < ticket.number
            assert alone or sum(one.share.need for one in running) <= 100
            assert len(running) <= level.requests

    for number, (name, importance, ends) in enumerate(sent):
        share = own if name == "own" else class_share(name, level)
        waiting.append(Ticket("s", share, importance, "smallrc", number=number))
        admit()
        done += running[:ends]
        del running[:ends]
        admit()
    while running:
        done.append(running.pop(0))
        admit()
    assert not waiting, "nobody runs and somebody waits"
    assert len(done) == len(sent)


def test_the_least_important_is_passed_only_so_often() -> None:
    level = Level(100)
    low = Ticket("low", class_share("staticrc30", level), Importance.LOW, "staticrc30")
    waiting, running = [low], [Ticket("first", class_share("smallrc", level), Importance.HIGH, "smallrc")]
    for number in range(1, 1000):
        waiting.append(Ticket("s", class_share("smallrc", level), Importance.HIGH, "smallrc", number=number))
        found = next_to_run(waiting, running, {}, level.requests)
        if found is low:
            break
        if found is None:
            running.pop(0)
            continue
        waiting.remove(found)
        running = [found]
        low.passed += 1
    assert found is low
    assert low.passed == PATIENCE
