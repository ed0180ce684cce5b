"""What a killed process leaves on the disk goes with the next pool; what lives is left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pools import Pool, PoolSpec
from pools.orphans import owned_folder

OWNER = """
import sys
from pathlib import Path
from pools.orphans import owned_folder

with owned_folder(Path(sys.argv[1]), "tarn-") as folder:
    (folder / "blocks").mkdir()
    (folder / "blocks" / "0.npy").write_bytes(b"raw rows")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_the_folder_of_a_killed_process_goes_with_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().strip())
        (tmp_path / "tarn-of-somebody-else").mkdir()
        with owned_folder(tmp_path, "tarn-") as mine:
            assert mine != theirs
            assert theirs.is_dir(), "its owner lives"
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    assert theirs.is_dir()
    with owned_folder(tmp_path, "tarn-") as mine:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [mine.name, "tarn-of-somebody-else"]
        )
    assert [path.name for path in tmp_path.iterdir()] == ["tarn-of-somebody-else"]


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.touch()
    (tmp_path / "tarn-x").mkdir()
    (tmp_path / "tarn-x" / "owner.lock").symlink_to(target)
    with owned_folder(tmp_path, "tarn-"):
        assert target.exists()
        assert (tmp_path / "tarn-x").is_dir()


def test_a_pool_removes_its_folder_and_those_of_dead_pools(tmp_path: Path) -> None:
    dead = tmp_path / "tarn-dead"
    dead.mkdir()
    (dead / "owner.lock").touch()
    with Pool(PoolSpec.dedicated("dw", nodes=1, spill=tmp_path)) as pool:
        assert not dead.exists()
        assert pool.map(abs, [-1], label="work") == [1]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError), owned_folder(tmp_path / "file", "tarn-"):  # noqa: PT011 - whatever the system says
        pass
