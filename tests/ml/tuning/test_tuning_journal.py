"""The journal: whatever byte a crash stops at, what was appended before is there and nothing else."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FormatError, OptionError
from engine.ml.tuning.journal import FILE, FileJournal, read_journal

ENTRIES = [{"kind": "a", "x": 0.1}, {"kind": "b", "curve": [float("inf"), 1e-300]}, {"kind": "c", "t": "ß\n"}]


def written(folder: Path) -> bytes:
    journal = FileJournal.create(folder)
    for entry in ENTRIES:
        journal.append(**entry)  # type: ignore[arg-type]
    journal.close()
    return (folder / FILE).read_bytes()


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    written(tmp_path / "j")
    assert read_journal(tmp_path / "j") == ENTRIES


def test_any_torn_tail_is_cut_off_and_written_over(tmp_path: Path) -> None:
    whole = written(tmp_path / "j")
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole)):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / FILE).write_bytes(whole[:size])
        kept = sum(end <= size for end in ends)
        journal, entries = FileJournal.reopen(folder)
        assert entries == ENTRIES[:kept]
        journal.append("again")
        journal.close()
        assert read_journal(folder) == [*ENTRIES[:kept], {"kind": "again"}]


@settings(max_examples=50, deadline=None)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_damage_before_the_end_is_never_taken_for_data(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    folder = tmp_path_factory.mktemp("j")
    whole = bytearray(written(folder / "j"))
    first = whole.index(b"\n")
    whole[place % first] = value if whole[place % first] != value else value ^ 1
    (folder / "j" / FILE).write_bytes(whole)
    with pytest.raises(FormatError, match="Line 1"):
        read_journal(folder / "j")


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = FileJournal.create(tmp_path / "j")
    with pytest.raises(OptionError, match="another process"):
        FileJournal.reopen(tmp_path / "j")
    journal.close()
    FileJournal.reopen(tmp_path / "j")[0].close()


def test_boosters_are_kept_and_dropped(tmp_path: Path) -> None:
    journal = FileJournal.create(tmp_path / "j")
    name = journal.keep(3, 40, b"trees")
    assert journal.booster(name) == b"trees"
    journal.forget(name)
    journal.forget(name)
    with pytest.raises(FileNotFoundError):
        journal.booster(name)
    journal.close()


class FullDisk:
    """A file on a disk that takes so many bytes more."""

    def __init__(self, file: Any, left: int) -> None:
        self._file, self._left = file, left

    def write(self, data: memoryview) -> int:
        taken = data[: self._left]
        if data and not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._left -= len(taken)
        return int(self._file.write(taken))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("left", [0, 1, 9, 25])
def test_a_line_that_the_disk_did_not_take_never_happened(tmp_path: Path, left: int) -> None:
    journal = FileJournal.create(tmp_path / "j")
    journal.append("first")
    file = journal._file
    journal._file = cast("Any", FullDisk(file, left))
    with pytest.raises(OSError, match="No space"):
        journal.append("second", note="longer than what is left")
    journal._file = file
    journal.append("third")
    journal.close()
    assert [entry["kind"] for entry in read_journal(tmp_path / "j")] == ["first", "third"]
