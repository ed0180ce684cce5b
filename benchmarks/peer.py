"""The other sides: what people use today, in an environment of its own where it needs one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import OptionError

ENVIRONMENTS: Final = Path(__file__).resolve().parent / ".envs"


@dataclass(frozen=True, slots=True)
class Peer:
    """One other side.

    Attributes:
        name: Also the name of its module in each suite.
        what: One line for the list.
        requirements: Pinned, as pip takes them; None where our own environment will do.
    """

    name: str
    what: str
    requirements: tuple[str, ...] | None = None


PEERS: Final = {
    peer.name: peer
    for peer in (
        Peer("localcluster", "distributed.LocalCluster as it comes"),
        Peer("single", "one process: pandas, XGBoost and ONNX Runtime, no cluster"),
    )
}


def find_peer(name: str) -> Peer:
    """Raises OptionError where there is none of that name."""
    if name not in PEERS:
        raise OptionError(f"There is no peer {name!r}.", f"Peers are {', '.join(sorted(PEERS))}.", peer=name)
    return PEERS[name]


def peer_python(peer: Peer) -> Path:
    """The interpreter that plays a peer.

    Raises:
        OptionError: Its environment is missing, unfinished or of other requirements.
    """
    if peer.requirements is None:
        return Path(sys.executable)
    receipt = _receipt(peer)
    if not receipt.exists() or receipt.read_text() != _list(peer):
        state = "out of date" if receipt.exists() else "not installed"
        raise OptionError(f"Peer {peer.name!r} is {state}.", f"python -m benchmarks install {peer.name}")
    return _folder(peer) / "bin" / "python"


def install_peer(peer: Peer) -> None:
    """Makes a peer's environment anew; the receipt comes last, so that half an environment is none.

    Raises:
        OptionError: pip could not install the requirements.
    """
    if peer.requirements is None:
        return
    shutil.rmtree(_folder(peer), ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", _folder(peer)], check=True)
    pip = [
        str(_folder(peer) / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    if peer.requirements and subprocess.run([*pip, *peer.requirements], check=False).returncode:
        raise OptionError(f"Peer {peer.name!r} could not be installed.", "pip's own words are above.")
    _receipt(peer).write_text(_list(peer))


def _folder(peer: Peer) -> Path:
    return ENVIRONMENTS / peer.name


def _receipt(peer: Peer) -> Path:
    return _folder(peer) / "installed.txt"


def _list(peer: Peer) -> str:
    return "\n".join(peer.requirements or ())
