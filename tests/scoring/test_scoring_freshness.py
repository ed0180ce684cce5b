"""Freshness: what stays, goes and is scored is what a table made anew would hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.ml.scoring.freshness import Piece, compare

FILES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), max_size=6)


def _units(files: dict[str, int]) -> list[tuple[str, str]]:
    """Two row groups of each file, in the state that its number tells."""
    return [(file, f"{file}{state}#{group}") for file, state in sorted(files.items()) for group in (0, 1)]


def _pieces(files: dict[str, int], recipe: str, size: int) -> list[Piece]:
    units = _units(files)
    groups = [units[at : at + size] for at in range(0, len(units), size)]
    return [
        Piece(
            "job",
            at,
            recipe,
            tuple(key for _, key in group),
            frozenset(file for file, _ in group),
            frozenset({f"job/{at}"}),
        )
        for at, group in enumerate(groups)
    ]


@given(FILES, FILES, st.integers(1, 5), st.booleans(), st.booleans(), st.sets(st.integers(0, 20)))
def test_the_table_holds_every_row_once(
    before: dict[str, int], now: dict[str, int], size: int, adds: bool, same: bool, lost: set[int]
) -> None:
    pieces = _pieces(before, "recipe", size)
    live = {path for piece in pieces for path in piece.paths} - {f"job/{at}" for at in lost} | {"other/1"}
    found = compare(_units(now), pieces, live, "recipe" if same else "another", adds=adds)
    wanted = [key for _, key in _units(now)]
    held = [key for piece in found.kept for key in piece.keys]
    scored = [wanted[at] for at in found.todo]
    mine = [key for key in held if key in wanted]
    assert sorted([*mine, *scored]) == sorted(wanted), "each row of the source once"
    kept_paths = {path for piece in found.kept for path in piece.paths}
    assert found.removed <= live
    assert not found.removed & kept_paths
    stays = live - found.removed
    if adds:
        assert "other/1" in stays
        assert all(not piece.files & set(now) or set(piece.keys) <= set(wanted) for piece in found.kept)
    else:
        assert stays == kept_paths, "nothing else is left in the table"
        assert set(held) <= set(wanted)
    if not same and not adds:
        assert len(scored) == len(wanted)


def test_a_second_run_has_nothing_to_do() -> None:
    files = {"a": 1, "b": 2}
    pieces = _pieces(files, "recipe", 2)
    found = compare(_units(files), pieces, {"job/0", "job/1"}, "recipe", adds=False)
    assert (found.todo, found.removed) == ((), frozenset())
