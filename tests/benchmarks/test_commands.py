"""The command line: what makes no sense ends in one line and code 2, what is wrong in code 1."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from benchmarks import peer as peers
from benchmarks import suites
from benchmarks.__main__ import main
from benchmarks.case import Case
from benchmarks.peer import Peer, install_peer, peer_python
from benchmarks.plan import Plan
from benchmarks.record import read_results
from engine.errors import OptionError


def is_one(answer: dict[str, object], _: object) -> str | None:
    return None if answer == {"value": 1} else "not 1"


def trouble(name: str, **settings: object) -> Case:
    return Case(
        package="tests.benchmarks.troubles",
        name=name,
        what="a trouble",
        check=is_one,
        peers=("theirs",),
        parameters={"rows": 1000, "value": 1},
        toy={"rows": 10},
        repeat=2,
        **settings,  # type: ignore[arg-type]
    )


@pytest.fixture
def troubles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(suites.SUITES, "troubles", (trouble("right"),))
    monkeypatch.setitem(suites.SUITES, "failing", (trouble("wrong"),))
    monkeypatch.setitem(peers.PEERS, "theirs", Peer("theirs", "another"))
    monkeypatch.setitem(peers.PEERS, "absent", Peer("absent", "not installed", ("some==1",)))
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path / "envs")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "nonsense"], "no suite or case 'nonsense'"),
        (["run", "pool", "--peer", "nobody"], "no peer 'nobody'"),
        (["run", "pool", "--peer", "single"], "plays in none"),
        (["run", "pool", "--rows", "5"], "number of rows"),
        (["run", "troubles", "--peer", "absent"], "plays in none"),
        (["install", "nobody"], "no peer 'nobody'"),
        (["compare", "nowhere.jsonl", "nowhere.jsonl"], "nowhere.jsonl"),
        (["report", "nowhere.jsonl"], "nowhere.jsonl"),
        (["run", "troubles", "--out", "/proc/no/out.jsonl"], "/proc/no/out.jsonl"),
    ],
)
def test_senseless_requests_end_in_one_line(
    troubles: None, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert told in said.err


@pytest.mark.parametrize("words", [[], ["run", "--rows", "0"], ["run", "--alone", "--peer", "x"]])
def test_misspelt_commands_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2


def test_a_run_is_recorded_and_reported(
    troubles: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["run", "troubles", "--rows", "7", "--repeat", "3", "--out", str(out)]) == 0
    results = read_results(out)
    assert len(results.samples) == 6
    assert {sample.parameters["rows"] for sample in results.samples} == {7}
    assert results.circumstances.versions.keys() == {"ours", "theirs"}
    assert main(["compare", str(out), str(out)]) == 0
    assert "| troubles/right | ours |" in capsys.readouterr().out
    assert main(["report", str(out), "--out", str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.svg").exists()


def test_a_wrong_answer_fails_the_run(
    troubles: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["run", "failing", "troubles", "--alone", "--toy", "--out", str(out)]) == 1
    assert "WRONG: not 1" in capsys.readouterr().err
    assert [sample.case for sample in read_results(out).samples] == ["troubles/wrong", "troubles/right"]


def test_the_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    for case in (case for cases in suites.SUITES.values() for case in cases):
        assert case.name in listed
        assert case.what in listed


def test_suites_and_cases_are_chosen_once_in_the_order_named() -> None:
    chosen = [case.id for case in Plan.make(["pool/grow", "loop", "pool/grow", "pool/start_cold"]).cases]
    assert chosen == ["pool/grow", "loop/demo", "pool/start_cold"]
    assert {case.suite for case in Plan.make([]).cases} == set(suites.SUITES)


def test_a_toy_is_small_and_played_once(troubles: None) -> None:
    plan = Plan.make(["troubles"], toy=True)
    assert [(case.parameters["rows"], case.repeat) for case in plan.cases] == [(10, 1)]
    assert plan.warm_ups == 0
    assert [case.repeat for case in Plan.make(["troubles"], toy=True, repeat=4).cases] == [4]


# -- environments ----------------------------------------------------------------------------------------


def make_wheel(folder: Path) -> Path:
    """A distribution of one module, put together by hand: installing it asks no index."""
    files = {
        "tinypeer.py": b"ANSWER = 42\n",
        "tinypeer-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tinypeer\nVersion: 1.0\n",
        "tinypeer-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    path = folder / "tinypeer-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
        wheel.writestr("tinypeer-1.0.dist-info/RECORD", record + "tinypeer-1.0.dist-info/RECORD,,\n")
    return path


def test_a_peer_gets_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path / "envs")
    tiny = Peer("tiny", "a wheel", (str(make_wheel(tmp_path)),))
    with pytest.raises(OptionError, match="not installed") as refused:
        peer_python(tiny)
    assert "install tiny" in refused.value.hint
    install_peer(tiny)
    said = subprocess.run(
        [peer_python(tiny), "-c", "import tinypeer; print(tinypeer.ANSWER)"], capture_output=True, check=True
    )
    assert said.stdout.strip() == b"42"
    with pytest.raises(OptionError, match="out of date"):
        peer_python(dataclasses.replace(tiny, requirements=("tinypeer==2.0",)))


@pytest.mark.slow
def test_half_an_environment_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path / "envs")
    broken = Peer("broken", "cannot be", (str(tmp_path / "missing-1.0-py3-none-any.whl"),))
    with pytest.raises(OptionError, match="could not be installed"):
        install_peer(broken)
    with pytest.raises(OptionError, match="not installed"):
        peer_python(broken)
