"""What of a table of scores still holds, what goes, and what is to be scored: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an earlier scoring, as its job's manifest tells.

    Attributes:
        job: The job that scored it.
        part: Its number there.
        recipe: What scored it: model, engine, columns.
        keys: Its units.
        files: Files of those units' input, without stamps.
        paths: Its files in the table of scores; none where no row came of it.
    """

    job: str
    part: int
    recipe: str
    keys: tuple[str, ...]
    files: frozenset[str]
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a scoring finds done, and what it has to do.

    Attributes:
        kept: Pieces that stay.
        removed: Files that leave the table.
        todo: Positions of the units that are to be scored.
    """

    kept: tuple[Piece, ...]
    removed: frozenset[str]
    todo: tuple[int, ...]


def compare(
    units: Sequence[tuple[str, str]],
    pieces: Sequence[Piece],
    live: Collection[str],
    recipe: str,
    *,
    adds: bool,
) -> Fresh:
    """Hold a source against what the table has of it.

    A piece stays if it was made by the same recipe of rows that are all still there, and its files too.
    What does not stay is scored again or gone.

    Args:
        units: File and key of each unit of the source.
        pieces: What earlier scorings put into the table.
        live: Files of the table's newest version.
        recipe: What is to score now.
        adds: Whether rows of other files stay in the table ("append").
    """
    keys, files = {key for _, key in units}, {file for file, _ in units}
    kept, removed = [], set() if adds else set(live)
    for piece in pieces:
        mine = bool(piece.files & files)
        holds = piece.recipe == recipe and set(piece.keys) <= keys and piece.paths <= set(live)
        if holds or (adds and not mine):
            kept.append(piece)
            removed -= piece.paths
        else:
            removed |= piece.paths & set(live)
    done = {key for piece in kept for key in piece.keys}
    todo = tuple(at for at, (_, key) in enumerate(units) if key not in done)
    return Fresh(tuple(kept), frozenset(removed), todo)
