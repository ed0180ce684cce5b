"""The manifest: whatever is killed, and whoever else works on the job, each part counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.ml.scoring import manifest as journal
from engine.ml.scoring.manifest import Manifest, after, fold

PARTS = 5
ENTRIES = st.one_of(
    st.tuples(st.integers(-1, PARTS), st.integers(0, 9)).map(
        lambda one: journal.scored(one[0], {"rows": one[1]})
    ),
    st.text(max_size=3).map(journal.stopped),
    st.just(journal.cancelled()),
    st.one_of(st.none(), st.floats(0, 1)).map(journal.resumed),
    st.integers(0, 3).map(journal.finished),
)


@given(st.lists(ENTRIES, max_size=40))
def test_the_fold_is_what_one_entry_after_the_other_makes(entries: list[journal.Entry]) -> None:
    known = Manifest(PARTS)
    for entry in entries:
        known = after(known, entry)
    assert fold(PARTS, None, entries) == known


@given(st.lists(ENTRIES, max_size=40), st.lists(ENTRIES, max_size=10))
def test_what_is_done_stays_as_it_was_done(first: list[journal.Entry], later: list[journal.Entry]) -> None:
    known, then = fold(PARTS, None, first), fold(PARTS, None, [*first, *later])
    assert all(then.done[part] == entry for part, entry in known.done.items())
    if known.state == "finished":
        assert then == known


@given(st.lists(ENTRIES, max_size=40))
def test_nothing_is_finished_with_a_part_missing(entries: list[journal.Entry]) -> None:
    known = fold(PARTS, None, entries)
    assert set(known.missing) | set(known.done) == set(range(PARTS))
    assert known.state != "finished" or not known.missing


class TwoRunners(RuleBasedStateMachine):
    """Two processes score the same job, each by what it has read; either is killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[journal.Entry] = []
        self.files = 0
        self.seen: list[Manifest | None] = [None, None]
        self.committed: list[tuple[int, ...]] = []

    @rule(who=st.integers(0, 1))
    def begin(self, who: int) -> None:
        self.seen[who] = fold(PARTS, None, self.journal)

    @rule(who=st.integers(0, 1))
    def die(self, who: int) -> None:
        self.seen[who] = None

    @rule(who=st.integers(0, 1), place=st.integers(0, PARTS - 1))
    def score(self, who: int, place: int) -> None:
        known = self.seen[who]
        if known is None or not known.missing:
            return
        self.files += 1
        entry = journal.scored(known.missing[place % len(known.missing)], {"rows": 1, "file": self.files})
        self.journal.append(entry)
        self.seen[who] = after(known, entry)

    @precondition(lambda self: True)
    @rule(who=st.integers(0, 1))
    def commit(self, who: int) -> None:
        known = self.seen[who]
        if known is None or known.missing:
            return
        if not self.committed:  # the table's log takes one commit of a job's name
            self.committed.append(tuple(entry["file"] for _, entry in sorted(known.done.items())))
        self.journal.append(journal.finished(0))

    @invariant()
    def each_part_counts_once(self) -> None:
        known = fold(PARTS, None, self.journal)
        assert known.total("rows") == len(known.done) <= PARTS
        if self.committed:
            assert len(self.committed[0]) == PARTS
        if known.state == "finished":
            assert self.committed


TestTwoRunners = TwoRunners.TestCase
