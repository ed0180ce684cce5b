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
        Peer("optuna", "a plain loop: Optuna's TPE and median pruner over XGBoost with early stopping"),
        Peer("daskml", "dask-ml's RandomizedSearchCV over XGBClassifier on a LocalCluster"),
        Peer(
            "ray",
            "Ray Tune with ASHA over XGBoost",
            ("ray[tune]==2.49.2", "xgboost==3.2.0", "numpy", "pandas", "scikit-learn"),
        ),
        Peer("single", "one process: pandas, XGBoost and ONNX Runtime, no cluster"),
        Peer("onnxruntime", "onnxruntime runs the whole graph, in memory"),
        Peer("xgboost", "XGBoost's own predictor, in memory"),
        Peer("duckdb", "DuckDB in one process, with all cores"),
        Peer("spark", "Spark local, with all cores; needs Java 17", ("pyspark==4.0.4", "tpchgen-cli==4.0.0")),
        Peer("memory", "our own runner over rows in memory: what no files and no tables would cost"),
        Peer("ortloop", "a hand-written loop over row groups: ONNX Runtime in two processes"),
        Peer(
            "sparkonnx",
            "Spark local, pandas_udf with ONNX Runtime; needs Java 17",
            ("pyspark==4.0.4", "onnxruntime==1.31.1", "onnx==1.23.2", "pandas==2.3.3", "pyarrow==21.0.0"),
        ),
        Peer("silent", "Tarn itself with an event log that writes nothing"),
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
    if not is_installed(peer):
        state = "out of date" if _receipt(peer).exists() else "not installed"
        raise OptionError(f"Peer {peer.name!r} is {state}.", f"python -m benchmarks install {peer.name}")
    return _folder(peer) / "bin" / "python"


def is_installed(peer: Peer) -> bool:
    """Whether its environment is there, whole and of its requirements; one that needs none always is."""
    return peer.requirements is None or (
        _receipt(peer).exists() and _receipt(peer).read_text() == _list(peer)
    )


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
