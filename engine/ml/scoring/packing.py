"""Pack units into parts of even weight, so that all cores stay busy and few files come of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

# Parts per core: so many that the last ones to end leave little idle, so few that each is worth its file.
_ROUNDS = 6
# Below this a part costs more in opening, sending and committing than in scoring.
_LEAST = 1 << 20
# More would be lost with a worker, and be silent for long.
_MOST = 256 << 20
# So many tasks cost a fraction of a second, and more files would make the table slow to open.
_FEW_FILES = 64


def pack(weights: Sequence[int], files: Sequence[str], cores: int) -> list[tuple[int, ...]]:
    """Adjacent units in parts: tiny ones together, heavy ones alone.

    A part goes stale as a whole, so of a few files each has parts of its own; of many, tiny ones share.

    Args:
        weights: Bytes of each unit.
        files: File of each unit.
        cores: How many parts run side by side.

    Returns:
        Positions of the units of each part: every position once, in order.

    >>> pack([10, 10, 200 << 20, 10], ["a", "a", "a", "b"], cores=2)
    [(0, 1), (2,), (3,)]
    """
    most = _most(weights, cores)
    apart = len(set(files)) <= _FEW_FILES
    parts: list[tuple[int, ...]] = []
    current: list[int] = []
    held = 0
    for at, weight in enumerate(weights):
        if current and (held + weight > most or (apart and files[at] != files[at - 1])):
            parts.append(tuple(current))
            current, held = [], 0
        current.append(at)
        held += weight
    if current:
        parts.append(tuple(current))
    return parts


def share_out(weights: Sequence[int], cores: int) -> list[tuple[int, ...]]:
    """The stretches of one row group in parts: whoever reads one reads all before it, so they are few.

    Args:
        weights: Bytes of each stretch.
        cores: How many parts it is worth to have.

    >>> share_out([5, 5, 5, 5, 5], cores=2)
    [(0, 1, 2), (3, 4)]
    """
    count = min(max(1, cores), len(weights))
    ends = [-(-len(weights) * (at + 1) // count) for at in range(count)]
    return [tuple(range(start, end)) for start, end in zip([0, *ends], ends, strict=False)]


def _most(weights: Sequence[int], cores: int) -> int:
    share = sum(weights) // (max(1, cores) * _ROUNDS)
    return min(_MOST, max(_LEAST, share))


def heaviest_first(parts: Sequence[tuple[int, ...]], weights: Sequence[int]) -> list[int]:
    """In which order parts are begun: the last to end is then a light one."""
    return sorted(range(len(parts)), key=lambda at: (-sum(weights[unit] for unit in parts[at]), at))
