"""The files for containers, as far as they can be judged without an engine that runs them."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"])


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (DOCKER / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_every_service_is_our_image_without_privileges(services: dict[str, Any]) -> None:
    assert set(services) == {"scheduler", "worker", "client", "demo"}
    for service in services.values():
        assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).exists()
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["volumes"] == ["lake:/lake"]
    assert services["worker"]["deploy"]["replicas"] == 2


def test_nothing_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert port.startswith("127.0.0.1:")
        assert not port.endswith(":8786"), "the scheduler's port runs any code sent to it"


@pytest.mark.parametrize("role", ["scheduler", "worker"])
def test_the_command_lines_exist(services: dict[str, Any], role: str) -> None:
    program, command = services[role]["entrypoint"]
    assert program == "dask"
    told = subprocess.run(
        [sys.executable, "-m", "dask", command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    for word in services[role]["command"]:
        if word.startswith("--"):
            assert re.search(rf"{word}\b", told), f"dask {command} has no {word}"


def test_parts_find_each_other(services: dict[str, Any]) -> None:
    port = services["scheduler"]["command"][1]
    assert f"tcp://scheduler:{port}" in services["worker"]["command"]
    assert f"tcp://scheduler:{port}" in services["demo"]["entrypoint"]
    for name in ("worker", "client", "demo"):
        assert services[name]["depends_on"]["scheduler"]["condition"] == "service_healthy"
    assert "healthcheck" in services["scheduler"]


def test_the_image_copies_what_is_there_and_all_that_is_needed() -> None:
    copied = {source for word, rest in instructions() if word == "COPY" for source in shlex.split(rest)[:-1]}
    for source in copied:
        assert (ROOT / source).exists(), source
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packages = setup["options.packages.find"]["include"].split()
    assert {package.rstrip("*") for package in packages} <= copied
    assert setup["metadata"]["long_description"].removeprefix("file: ") in copied
    allowed = re.findall(r"^!(.+)$", (DOCKER / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert set(allowed) == copied


def test_the_image_does_not_run_as_root() -> None:
    words = [word for word, _ in instructions()]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")
    assert dict(instructions())["USER"] != "root"
    scripts = configparser.ConfigParser()
    scripts.read(ROOT / "setup.cfg")
    assert dict(instructions())["ENTRYPOINT"] == '["tarn"]'
    assert "tarn =" in scripts["options.entry_points"]["console_scripts"]
