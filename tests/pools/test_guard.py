"""The token in front of a pool's HTTP routes: a scan of all and of every open port, with it and without."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import scan
from scan import CREDENTIALS, METHODS, listening, machine_address, servers
from scan import ask as ask_at

from pools import Pool, PoolSpec, PoolSpecError
from pools.guard import is_loopback
from pools.observer import Observer

TOKEN = "a-token-of-the-test"
ROUTES = [
    "/",
    "/status",
    "/workers",
    "/tasks",
    "/system",
    "/profile",
    "/graph",
    "/info/main/workers.html",
    "/metrics",
    "/health",
    "/json/counts.json",
    "/json/index.html",
    "/sitemap.json",
    "/individual-plots.json",
    "/eventstream",
    "/status/ws",
    "/statics/css/base.css",
    "/static/js/bokeh.min.js",
    "/no-such-page",
    "/api/v1/retire_workers",
    "/hello",
]


def hello(document: object, extra: object) -> None:
    """A page of the pool's user."""


class WithPage(Observer):
    def pages(self) -> dict[str, object]:  # type: ignore[override]
        return {"hello": hello}

    def metrics(self) -> str:
        return "tarn_answer 42\n"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(PoolSpec.dedicated("guarded", nodes=1, token=TOKEN), observer=WithPage()) as pool:
        yield pool


def ask(port: int, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
    finally:
        connection.close()
    return answer


def port_of(pool: Pool) -> int:
    return urlsplit(str(pool.dashboard_link)).port or 0


def cookie(pool: Pool) -> dict[str, str]:
    answer = ask(port_of(pool), f"/status?token={TOKEN}")
    return {"Cookie": str(answer.headers["Set-Cookie"]).split(";")[0]}


def test_without_the_token_no_route_says_anything(pool: Pool) -> None:
    for path in ROUTES:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"tarn-{port_of(pool)}=wrong"}):
            answer = ask(port_of(pool), path, headers)
            assert answer.status == 403, path
            assert b"Dask" not in answer.body  # type: ignore[attr-defined]
    assert ask(port_of(pool), "/status?token=wrong").status == 403


def test_the_link_carries_the_token_once_and_sets_a_cookie(pool: Pool) -> None:
    assert str(pool.dashboard_link).endswith(f"?token={TOKEN}")
    answer = ask(port_of(pool), f"/status?token={TOKEN}&tab=2")
    assert (answer.status, answer.headers["Location"]) == (302, "/status?tab=2")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert TOKEN not in answer.headers["Set-Cookie"]
    assert ask(port_of(pool), "/status", cookie(pool)).status == 200
    assert ask(port_of(pool), f"//evil.example/x?token={TOKEN}").headers["Location"] == "/evil.example/x"


def test_a_program_sends_it_as_a_bearer_and_reads_the_pools_metrics(pool: Pool) -> None:
    answer = ask(port_of(pool), "/metrics", {"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200
    assert b"dask_scheduler_workers" in answer.body  # type: ignore[attr-defined]
    assert answer.body.endswith(b"tarn_answer 42\n")  # type: ignore[attr-defined]


def test_the_sitemap_names_every_page_and_route(pool: Pool) -> None:
    answer = ask(port_of(pool), "/sitemap.json", {"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200
    paths = json.loads(answer.body)["paths"]  # type: ignore[attr-defined]
    assert {"/hello", "/status", "/metrics", "/health", "/sitemap.json"} <= set(paths)


def test_another_sites_script_cannot_use_the_cookie(pool: Pool) -> None:
    foreign = {**cookie(pool), "Origin": "http://evil.example"}
    assert ask(port_of(pool), "/status", foreign).status == 403
    own = {**cookie(pool), "Origin": f"http://127.0.0.1:{port_of(pool)}"}
    assert ask(port_of(pool), "/status", own).status == 200


def test_pages_of_the_user_are_in_the_menu_of_dasks_own(pool: Pool) -> None:
    shown = ask(port_of(pool), "/status", cookie(pool)).body.decode()  # type: ignore[attr-defined]
    assert '<a href="hello">' in shown
    assert ask(port_of(pool), "/hello", cookie(pool)).status == 200


def test_what_changes_the_clusters_state_is_not_there(pool: Pool) -> None:
    for path in ("/api/v1/retire_workers", "/api/v1/get_workers", "/proxy/80/localhost/", "/jupyter/lab"):
        assert ask(port_of(pool), path, cookie(pool)).status == 404, path


@pytest.fixture(scope="module")
def reachable() -> Iterator[tuple[str, Pool]]:
    """A pool that listens where other machines can reach it."""
    host = machine_address()
    if host is None:
        pytest.skip("this machine has no address but 127.0.0.1")
    with Pool(PoolSpec.dedicated("reachable", nodes=2, host=host, token=scan.TOKEN)) as pool:
        yield host, pool


def test_no_open_port_answers_http_without_the_token(reachable: tuple[str, Pool]) -> None:
    host, pool = reachable
    known = {server.port for server in servers(pool)}
    ports = {port: address for port, address in listening().items() if address == host}
    assert len(known) == 3  # the scheduler and two workers
    assert known < set(ports)
    for port in ports:
        status, body = ask_at(host, port, "/metrics", {})
        assert status == (403 if port in known else 0), port  # no HTTP is Dask's own protocol
        assert b"dask" not in body


def test_no_route_of_any_server_answers_without_the_token(reachable: tuple[str, Pool]) -> None:
    host, pool = reachable
    for server in servers(pool):
        assert len(server.paths) > 3
        for path in server.paths:
            for method in METHODS:
                for name in ("without", "wrong"):
                    status, body = ask_at(host, server.port, path, CREDENTIALS[name], method)
                    assert (status, body[:16]) == (403, b"This dashboard w"), (server.whose, method, path)


def test_with_the_token_they_answer_and_none_changes_the_clusters_state(
    reachable: tuple[str, Pool],
) -> None:
    host, pool = reachable
    for server in servers(pool):
        right = CREDENTIALS["right"]
        assert ask_at(host, server.port, "/metrics", right)[0] == 200
        assert ask_at(host, server.port, "/health", right)[0] == 200
        assert not [path for path in server.paths if re.search("api|proxy|jupyter|retire|adaptive", path)]
        for path in server.paths:  # there is nothing that takes a change
            assert ask_at(host, server.port, path, right, "POST")[0] in (403, 404, 405), path


def test_a_pool_that_others_can_reach_has_a_token() -> None:
    assert PoolSpec.dedicated("p", nodes=1).secret is None
    opened = PoolSpec.dedicated("p", nodes=1, host="0.0.0.0")
    assert len(opened.secret or "") >= 32
    assert opened.secret not in repr(opened)
    assert PoolSpec.dedicated("p", nodes=1, token=True).secret
    with pytest.raises(PoolSpecError, match="token"):
        PoolSpec.dedicated("p", nodes=1, host="0.0.0.0", token=False)
    for bad in ("short", "with spaces in the token", 17):
        with pytest.raises(PoolSpecError, match="token") as refused:
            PoolSpec.dedicated("p", nodes=1, token=bad)  # type: ignore[arg-type]
        assert str(bad) not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("a", False),
    ],
)
def test_who_can_reach_a_host(host: str, own: bool) -> None:
    assert is_loopback(host) is own
