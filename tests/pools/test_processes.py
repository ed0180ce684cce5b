"""Client processes of their own: however they end, their workers end too."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pool_cases import eventually

from pools import preloaded

# Without `if __name__ == "__main__"`: a worker that ran the script again would write lines or start pools.
SCRIPT = """
import os, sys, time
from dataclasses import dataclass
from pools import Pool, PoolSpec

@dataclass
class Box:
    number: int

def boxed(number):
    return Box(number)

print("main", flush=True)
pool = Pool(PoolSpec.dedicated("script", nodes=2, dashboard_port=None, preload=["distributed.nanny"]))
pool.start()
assert pool.map(boxed, range(3), label="boxed") == [Box(0), Box(1), Box(2)]
print("workers", *pool.client.run(os.getpid).values(), flush=True)
"""
ENDINGS = {
    "close": "pool.close()",
    "falls off its end": "",
    "falls off its end at work": "busy = [pool.submit(time.sleep, 1000) for _ in range(4)]",
    "raises": "raise SystemExit(3)",
    "waits": "pool.map(time.sleep, [1000] * 4, label='sleep')",
    "is interrupted": "try:\n    pool.map(time.sleep, [1000] * 4, label='sleep')\nfinally:\n    pool.close()",
}


def start(source: str, folder: Path, *how: str) -> subprocess.Popen[str]:
    script = folder / "script.py"
    script.write_text(source)
    arguments = [sys.executable, *(how or [str(script)])]
    return subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True)


def workers_of(client: subprocess.Popen[str]) -> list[psutil.Process]:
    assert client.stdout is not None
    assert client.stdout.readline() == "main\n"
    word, *pids = client.stdout.readline().split()
    assert (word, len(pids)) == ("workers", 2)
    alive = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):  # a client that is quick to end has ended it already
            alive.append(psutil.Process(int(pid)))
    return alive


def gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive


@pytest.mark.parametrize(
    "ending",
    [
        "close",
        "falls off its end at work",
        pytest.param("falls off its end", marks=pytest.mark.slow),
        pytest.param("raises", marks=pytest.mark.slow),
    ],
)
def test_a_script_without_a_guard_runs_once_and_leaves_nothing(tmp_path: Path, ending: str) -> None:
    with start(SCRIPT + ENDINGS[ending], tmp_path) as client:
        workers = workers_of(client)
        rest, _ = client.communicate(timeout=60)
        assert (client.returncode, rest) == (3 if ending == "raises" else 0, "")
        gone(workers)
        eventually(lambda: not in_session(client.pid))


@pytest.mark.slow
@pytest.mark.parametrize("how", [("-m", "script"), ("-c", SCRIPT + "pool.close()")])
def test_a_module_and_a_command_run_once(tmp_path: Path, how: tuple[str, ...]) -> None:
    with start(SCRIPT + "pool.close()", tmp_path, *how) as client:
        workers = workers_of(client)
        assert client.communicate(timeout=60)[0] == ""
        assert client.returncode == 0
        gone(workers)


def test_when_the_client_is_killed_its_workers_die(tmp_path: Path) -> None:
    with start(SCRIPT + ENDINGS["waits"], tmp_path) as client:
        workers = workers_of(client)
        client.send_signal(signal.SIGKILL)
        gone(workers)
        eventually(lambda: not in_session(client.pid))


def test_an_interrupt_from_the_terminal_is_for_the_client(tmp_path: Path) -> None:
    # Whoever runs the tests in the background ignores interrupts, and so would the script.
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    with start(heeds + SCRIPT + ENDINGS["is interrupted"], tmp_path) as client:
        workers = workers_of(client)
        os.killpg(client.pid, signal.SIGINT)
        client.communicate(timeout=60)
        assert client.returncode == -signal.SIGINT
        gone(workers)
        eventually(lambda: not in_session(client.pid))


def in_session(leader: int) -> list[int]:
    """Processes of the session that this client led: also those whose parents are gone."""
    return [pid for pid in psutil.pids() if pid != leader and session_of(pid) == leader]


def session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def test_a_process_that_starts_while_a_server_does_stays_what_it_is() -> None:
    """It inherits the server's request, for that is in the client's environment just then."""
    request = json.dumps({"path": sys.path, "modules": ["distributed.nanny"]})
    script = "import pools.warm, signal, sys; sys.exit(3 if signal.getsignal(signal.SIGINT) else 4)"
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, preloaded.REQUEST: request}, check=False
    )
    assert done.returncode == 3
