"""What a pool's open ports say to whom: `python tests/pools/scan.py [HOST]` starts one and prints it.

Nothing is listed by hand: ports are those that the pool's processes listen on, routes those that the HTTP
servers of its scheduler and workers have been given.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cloudpickle
import psutil

from pools import Pool, PoolSpec

TOKEN = "a-token-of-the-scan"
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS")
CREDENTIALS: dict[str, dict[str, str]] = {
    "without": {},
    "wrong": {"Authorization": "Bearer wrong"},
    "right": {"Authorization": f"Bearer {TOKEN}"},
}


@dataclass(frozen=True)
class Server:
    """An HTTP server of a pool: whose it is, its port, and a path for each of its routes."""

    whose: str
    port: int
    paths: tuple[str, ...]


def machine_address() -> str | None:
    """An IPv4 address of this machine that others can reach."""
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == socket.AF_INET and not one.address.startswith("127."):
                return one.address
    return None


def listening() -> dict[int, str]:
    """The ports that this process and its children listen on, and the address of each."""
    family = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    return {
        line.laddr.port: line.laddr.ip
        for line in psutil.net_connections("tcp")
        if line.status == psutil.CONN_LISTEN and line.pid in family
    }


def paths_of(application: Any) -> tuple[str, ...]:
    """A path for each route of a tornado application, those of applications within it too."""
    found: dict[str, None] = {}

    def walk(rules: Iterable[Any]) -> None:
        for rule in rules:
            pattern = getattr(getattr(rule.matcher, "regex", None), "pattern", None)
            if pattern is not None:
                found[_path(pattern)] = None
            inner = getattr(rule.target, "rules", None)
            if inner is not None:
                walk(inner)

    for one in (application, *getattr(application, "applications", ())):
        walk(one.default_router.rules)
        walk(one.wildcard_router.rules)
    return tuple(found)


def _path(pattern: str) -> str:
    """A path that a route's pattern matches, near enough: the guard does not look at it."""
    path = re.sub(r"\((\?[^)]*)?[^()]*\)", "x", pattern.rstrip("$").lstrip("^")).replace("\\", "")
    path = re.sub(r"[?*+]|\.\*", "", path)
    return path if path.startswith("/") else f"/{path}"


def servers(pool: Pool) -> Iterator[Server]:
    """The HTTP servers of a pool."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])

    def of_scheduler(dask_scheduler: Any) -> tuple[int, tuple[str, ...]]:
        return dask_scheduler.http_server.port, paths_of(dask_scheduler.http_application)

    def of_worker(dask_worker: Any) -> tuple[int, tuple[str, ...]]:
        return dask_worker.http_server.port, paths_of(dask_worker.http_application)

    yield Server("scheduler", *pool.client.run_on_scheduler(of_scheduler))
    for number, (port, paths) in enumerate(pool.client.run(of_worker).values()):
        yield Server(f"worker {number}", port, paths)


def ask(host: str, port: int, path: str, headers: dict[str, str], method: str = "GET") -> tuple[int, bytes]:
    """Status and body of an answer; status 0 of what is no HTTP."""
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        # A stream of events never ends: what it begins with is enough.
        return answer.status, answer.read(2000) if answer.status != 200 else b""
    except (http.client.HTTPException, OSError):
        return 0, b""
    finally:
        connection.close()


def main(host: str) -> None:
    logging.disable(logging.ERROR)  # paths that are made up are no news
    with Pool(PoolSpec.dedicated("scanned", nodes=2, host=host, token=TOKEN)) as pool:
        known = {server.port: server for server in servers(pool)}
        for port, address in sorted(listening().items()):
            server = known.get(port)
            if server is None:
                status, _ = ask(host, port, "/", {})
                print(f"{address}:{port} speaks {'HTTP ' + str(status) if status else 'no HTTP'}")
                continue
            for name, headers in CREDENTIALS.items():
                seen = Counter(ask(host, port, path, headers)[0] for path in server.paths)
                told = ", ".join(f"{count} x {status}" for status, count in sorted(seen.items()))
                print(f"{address}:{port} {server.whose}, {len(server.paths)} routes, {name} token: {told}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else machine_address() or "127.0.0.1")
