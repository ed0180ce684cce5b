"""Storages to test on: a folder, and fsspec's memory as a store that is no local disk."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from engine.lake import Storage, open_storage

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(tmp_path / "lake")


@pytest.fixture
def memory() -> Iterator[Storage]:
    root = f"memory://tests-{uuid.uuid4().hex}"
    yield open_storage(root)
    files = fsspec.filesystem("memory")
    if files.exists(root):
        files.rm(root, recursive=True)


@pytest.fixture
def put(storage: Storage) -> Callable[[str, bytes | str], Path]:
    """Put a file below the storage's root."""

    def put_file(path: str, content: bytes | str) -> Path:
        target = Path(storage.home.location) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    return put_file


@pytest.fixture
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"needs the data sets of {SHARED}")
    return SHARED
