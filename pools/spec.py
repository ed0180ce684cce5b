"""What a pool shall be: one frozen value, checked when it is made."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from pools.errors import PoolSpecError
from pools.guard import is_loopback, new_token
from pools.options import spelt
from pools.policy import Dedicated, Policy, Serverless

# What the workers of an analytics pool import sooner or later (`pools.preloaded` says what was tried after
# a fork).
PRELOAD = (
    "distributed",
    "distributed.worker",
    "distributed.nanny",
    "dask.dataframe",
    "pyarrow.parquet",
    "pyarrow.dataset",
    "sklearn.compose",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "xgboost",
    "xgboost.dask",
    "onnxruntime",
    "duckdb",
    "deltalake",
    "numba",
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]i?)?B?")
_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
# These shape a scheduler and workers that the pool itself starts.
_OWN_WORKERS_ONLY = (
    "threads",
    "memory",
    "spill",
    "host",
    "dashboard_port",
    "token",
    "preload",
    "allowed_failures",
)


@dataclass(frozen=True, slots=True)
class TLS:
    """Where the certificates lie with which to meet an existing scheduler: three PEM files."""

    ca: str | Path
    cert: str | Path
    key: str | Path


class Options(TypedDict, total=False):
    """The arguments that both kinds of pool take; `PoolSpec` says what they mean."""

    threads: int
    memory: int | str | None
    spill: str | Path | None
    host: str
    dashboard_port: int | None
    token: str | bool | None
    address: str | None
    tls: TLS | None
    preload: Sequence[str]
    start_seconds: float
    allowed_failures: int


POOL_OPTIONS = tuple(Options.__annotations__)


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """A pool's name, size and place; `PoolSpec.dedicated` and `PoolSpec.serverless` make one.

    Args:
        name: Letters, digits, `_` and `-`, a letter first.
        policy: How many workers there shall be, and what is metered.
        threads: Tasks that one worker runs at a time. The machine's cores are shared out evenly among all
            tasks that the pool can run at a time: see `pools.worker.native_threads`.
        memory: Bytes that a worker may use, or text such as "2GiB"; by default a fair share of the
            machine's memory.
        spill: Folder for data that does not fit into memory; by default a temporary one.
        host: IPv4 address or name that everything of the pool listens on.
        dashboard_port: 0 for any free port, None for no dashboard.
        token: What a visitor of the dashboard, or of any other HTTP route of the pool, must show; the
            `dashboard_link` carries it. True for a new one; a text of 16 characters or more is taken as it
            is. By default there is one where `host` can be reached from other machines.
        address: `tcp://` or `tls://` address of a scheduler that already runs; its workers are others'.
        tls: Certificates, for a `tls://` address.
        preload: Modules that a worker has loaded before its first task; those not installed are skipped.
        start_seconds: How long `start`, `resume` and growing wait for workers.
        allowed_failures: How many workers may die under a task before the task is given up.

    Raises:
        PoolSpecError: A value makes no sense or cannot be honoured; names the field.
    """

    name: str
    policy: Policy
    threads: int = 1
    memory: int | str | None = None
    spill: str | Path | None = None
    host: str = "127.0.0.1"
    dashboard_port: int | None = 0
    token: str | bool | None = field(default=None, repr=False)
    address: str | None = None
    tls: TLS | None = None
    preload: Sequence[str] = PRELOAD
    start_seconds: float = 60.0
    # Each task on a dying worker is blamed, not the guilty one alone. At distributed's 3 a neighbour of a
    # task that runs out of memory is given up too; five deaths cost half a second where a worker takes 0.1
    # s to come back.
    allowed_failures: int = 5

    @classmethod
    @spelt(PoolSpecError, also=POOL_OPTIONS)
    def dedicated(cls, name: str, *, nodes: int, **options: Unpack[Options]) -> Self:
        """A pool of `nodes` workers, there from start to close; `options` are the arguments of the class."""
        return cls(name, Dedicated(whole("nodes", nodes, least=1)), **options)

    @classmethod
    @spelt(PoolSpecError, also=POOL_OPTIONS)
    def serverless(
        cls, name: str, *, max_workers: int, idle_seconds: float = 60.0, **options: Unpack[Options]
    ) -> Self:
        """A pool of zero to `max_workers` workers as work comes; one leaves after `idle_seconds` without."""
        most = whole("max_workers", max_workers, least=1)
        return cls(name, Serverless(most, _seconds("idle_seconds", idle_seconds)), **options)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise _refused("name", self.name, "Use letters, digits, _ and -, a letter first, at most 63.")
        whole("threads", self.threads, least=1)
        whole("allowed_failures", self.allowed_failures, least=0)
        _seconds("start_seconds", self.start_seconds)
        if not isinstance(self.host, str) or not self.host or ":" in self.host or "/" in self.host:
            raise _refused("host", self.host, "Give an IPv4 address or a host name, without a port.")
        if self.dashboard_port is not None:
            whole("dashboard_port", self.dashboard_port, least=0, most=65535)
        if isinstance(self.preload, str) or not all(isinstance(module, str) for module in self.preload):
            raise _refused("preload", self.preload, "Give a sequence of module names.")
        if isinstance(self.policy, Serverless):
            object.__setattr__(self, "policy", replace(self.policy, threads=self.threads))
        object.__setattr__(self, "preload", tuple(self.preload))
        object.__setattr__(self, "memory", None if self.memory is None else memory_bytes(self.memory))
        object.__setattr__(self, "spill", None if self.spill is None else Path(self.spill).expanduser())
        self._check_address()
        if self.address is None:
            object.__setattr__(self, "token", _token(self.token, self.host))

    @property
    def secret(self) -> str | None:
        """The token that visitors must show, if there is one."""
        return self.token if isinstance(self.token, str) else None

    @property
    def kind(self) -> str:
        """`dedicated` or `serverless`."""
        return self.policy.kind

    def _check_address(self) -> None:
        if self.address is None:
            if self.tls is not None:
                raise _refused(
                    "tls", self.tls, "Certificates go with the address of a scheduler that already runs."
                )
            return
        scheme = self.address.partition("://")[0] if isinstance(self.address, str) else None
        if scheme not in ("tcp", "tls"):
            raise _refused("address", self.address, "Give tcp://host:port or tls://host:port.")
        if (scheme == "tls") != (self.tls is not None):
            raise _refused(
                "tls", self.tls, "A tls:// address needs certificates, a tcp:// address takes none."
            )
        for one in fields(self):
            if one.name in _OWN_WORKERS_ONLY and getattr(self, one.name) != one.default:
                hint = "Leave it out: who started the workers behind the address has settled it."
                raise _refused(one.name, getattr(self, one.name), hint)


def memory_bytes(memory: int | str) -> int:
    """Bytes of a number or of text such as "2GiB", "500MB".

    Raises:
        PoolSpecError: Neither a whole positive number nor such text.
    """
    if isinstance(memory, str):
        match = _SIZE.fullmatch(memory.strip())
        if match is None:
            raise _refused("memory", memory, 'Give bytes, or text such as "2GiB" or "500MB".')
        memory = int(float(match[1]) * _UNITS.get(match[2] or "", 1))
    # Below this a worker cannot even hold the modules it has loaded (350 MB resident, shared with its
    # siblings).
    return whole("memory", memory, least=2**26)


def whole(field: str, value: Any, *, least: int, most: int | None = None) -> int:
    """The value, if it is a whole number within these bounds.

    Raises:
        PoolSpecError: It is not; names the field.
    """
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= least
    if not fits or (most is not None and value > most):
        upper = "" if most is None else f" and at most {most}"
        raise _refused(field, value, f"Give a whole number of at least {least}{upper}.")
    return int(value)


def _token(token: str | bool | None, host: str) -> str | None:
    """The token of a pool that listens on `host`."""
    if token is None:
        token = not is_loopback(host)
    if token is True:
        return new_token()
    if token is False:
        if not is_loopback(host):
            hint = "Leave it out: where other machines can reach the pool, it has a token."
            raise _refused("token", token, hint)
        return None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise PoolSpecError(
            "The token cannot be used for a pool.",
            "Give True, or a text of 16 or more letters, digits, _ and -.",
            field="token",
        )
    return token


def _seconds(field: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise _refused(field, value, "Give seconds, zero or more.")
    return float(value)


def _refused(field: str, value: Any, hint: str) -> PoolSpecError:
    return PoolSpecError(f"{field}={value!r} cannot be used for a pool.", hint, field=field)
