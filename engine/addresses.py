"""Pools by name: what a workspace remembers of those that were started in it, and where one runs now.

A file for each name below `catalog/pools`: kind and size, and the scheduler's address for as long as the pool
runs. Another process meets it there, or starts one of the same kind and size.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.errors import NotFoundError
from engine.lake.names import decode, encode, fold
from engine.lake.publish import make_folder, publishing
from pools import PoolSpec
from pools.policy import Serverless
from pools.spec import Options

if TYPE_CHECKING:
    from engine.lake import Storage

_FOLDER = "catalog/pools"
_SUFFIX = ".json"
_ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class KnownPool:
    """A pool that was started in the workspace.

    Attributes:
        name: As it was given.
        kind: `dedicated` or `serverless`.
        size: Nodes, or the most workers.
        threads: Of each worker.
        idle_seconds: After which a serverless worker leaves.
        memory: Bytes of each worker; None for a fair share.
        strict: Whether it refuses what Synapse refuses.
        dwu: Its units, where its nodes do not settle them.
        address: Of its scheduler while it runs; else empty.
        host: The machine of the process that started it.
        process: The number of that process.
    """

    name: str
    kind: str
    size: int
    threads: int = 1
    idle_seconds: float = 60.0
    memory: int | None = None
    strict: bool = False
    address: str = ""
    host: str = ""
    process: int = 0
    dwu: int | None = None

    @classmethod
    def of(cls, spec: PoolSpec, *, strict: bool, dwu: int | None, address: str) -> KnownPool:
        """A pool that runs, started by this process."""
        idle = spec.policy.idle_seconds if isinstance(spec.policy, Serverless) else 60.0
        memory = None if spec.memory is None else int(spec.memory)
        here = (socket.gethostname(), os.getpid())
        return cls(
            spec.name, spec.kind, spec.policy.widest, spec.threads, idle, memory, strict, address, *here, dwu
        )

    @property
    def runs(self) -> bool:
        """Whether its scheduler answers, and the process that started it is there."""
        place = urlsplit(self.address)
        if not place.hostname or not place.port or (self.host == socket.gethostname() and not self._alive):
            return False
        try:
            with socket.create_connection((place.hostname, place.port), _ANSWER_SECONDS):
                return True
        except OSError:
            return False

    @property
    def _alive(self) -> bool:
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def spec(self) -> PoolSpec:
        """A pool to start: at the scheduler that runs, or one like it."""
        here = Options(threads=self.threads, memory=self.memory)
        own = Options(address=self.address) if self.runs else here
        if self.kind == "serverless":
            idle = self.idle_seconds
            return PoolSpec.serverless(self.name, max_workers=self.size, idle_seconds=idle, **own)
        return PoolSpec.dedicated(self.name, nodes=self.size, **own)


def remember(storage: Storage, pool: KnownPool) -> None:
    """Write down what is known of a pool.

    Raises:
        WriteError: The store refused it.
    """
    folder = storage.resolve(_FOLDER)
    make_folder(storage, folder)
    with publishing(storage, _location(storage, pool.name), within=folder) as scratch:
        scratch.write_text(json.dumps(asdict(pool), indent=1))


def known_pool(storage: Storage, name: str) -> KnownPool:
    """The pool of that name.

    Raises:
        NotFoundError: None was ever started; the hint lists those that were.
    """
    location = _location(storage, name)
    if storage.is_file(location):
        with storage.open(location) as file:
            return KnownPool(**json.loads(file.read()))
    names = ", ".join(pool_names(storage))
    hint = f"There is: {names}." if names else "Start one: Workspace(home).dedicated(name, nodes=2)."
    raise NotFoundError(f"There is no pool {name!r} in this workspace.", hint, pool=name)


def pool_names(storage: Storage) -> list[str]:
    """Names of all pools that were ever started, folded."""
    entries = storage.list(storage.resolve(_FOLDER))
    files = [one.name for one in entries if one.name.endswith(_SUFFIX) and not one.name.startswith(".")]
    return sorted(decode(name.removesuffix(_SUFFIX)) for name in files)


def _location(storage: Storage, name: str) -> str:
    return storage.resolve(f"{_FOLDER}/{encode(fold(name))}{_SUFFIX}")
