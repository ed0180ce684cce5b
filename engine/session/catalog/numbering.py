"""Numbers of IDENTITY columns: each claim of a block of them is a file that only one claimant can write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.lake.names import encode
from engine.lake.publish import make_folder, publish_new, remove_tree

if TYPE_CHECKING:
    from engine.lake import Storage
    from engine.session.catalog.definitions import Key
    from engine.sql.syntax.statements.tables import Identity

_FOLDER = "catalog/sql/identity"


def claim_numbers(storage: Storage, key: Key, identity: Identity, count: int) -> int:
    """The first of `count` numbers that nobody else gets; gaps stay where a write fails.

    Args:
        storage: The workspace's files.
        key: The table.
        identity: Where it begins and how it goes on.
        count: How many.

    Raises:
        WriteError: The store refused it.
    """
    folder = _folder(storage, key)
    make_folder(storage, folder)
    while True:
        claims = _claims(storage, folder)
        first = _following(storage, folder, claims - 1) if claims else identity.seed
        told = json.dumps({"next": first + identity.increment * count}).encode()
        if publish_new(storage, _file(folder, claims), told):
            return first


def forget_numbers(storage: Storage, key: Key) -> None:
    """Begin again at the seed."""
    remove_tree(storage, _folder(storage, key))


def move_numbers(storage: Storage, key: Key, to: Key) -> None:
    """Let a table of another name go on where this one stands."""
    claims = _claims(storage, _folder(storage, key))
    if claims:
        make_folder(storage, _folder(storage, to))
        told = json.dumps({"next": _following(storage, _folder(storage, key), claims - 1)}).encode()
        publish_new(storage, _file(_folder(storage, to), 0), told)
        forget_numbers(storage, key)


def _claims(storage: Storage, folder: str) -> int:
    """How many claims there are: they are numbered from 0 without a gap, and none is ever removed alone.

    Found by halving: a listing of a folder that others write to may miss files.
    """
    high = 1
    while storage.is_file(_file(folder, high - 1)):
        high *= 2
    low = high // 2
    while low < high:
        middle = (low + high) // 2
        if storage.is_file(_file(folder, middle)):
            low = middle + 1
        else:
            high = middle
    return low


def _following(storage: Storage, folder: str, claim: int) -> int:
    """The first number that nobody has claimed."""
    with storage.open(_file(folder, claim)) as file:
        return int(json.loads(file.read())["next"])


def _file(folder: str, claim: int) -> str:
    return f"{folder}/{claim:020d}.json"


def _folder(storage: Storage, key: Key) -> str:
    return storage.resolve(f"{_FOLDER}/{encode(key.schema)}/{encode(key.name)}")
