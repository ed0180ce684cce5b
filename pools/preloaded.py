"""Imported by the warm fork server alone: loads what every worker needs, once, before the first fork.

What is loaded must bear being forked. Tried with numpy 2.4, pandas 3.1, pyarrow 25, scikit-learn 1.9,
xgboost 3.2, onnxruntime 1.31, duckdb 2.0, deltalake 1.6 and numba 0.68: all of `pools.spec.PRELOAD` takes
2.7 s and 350 MB resident (shared), and leaves three threads that a fork does not carry along: jemalloc's
cleaners (pyarrow's and deltalake's; jemalloc restarts them after a fork) and one of onnxruntime's. OpenBLAS
and OpenMP start none, because the server's environment holds them to one thread. In forked children with 1
and 2 threads, matrix products, Parquet and Delta writes and reads, DuckDB scans, XGBoost training, ONNX
sessions and scikit-learn fits all worked and agreed (`tests/pools/test_worker.py` repeats that).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import sys
import warnings

REQUEST = "TARN_WARM"


def load(modules: list[str]) -> None:
    """Import what is installed of `modules`; what fails here fails again in the task that needs it."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            continue
        except Exception as error:  # noqa: BLE001 - a module that cannot be imported must not end the server
            sys.stderr.write(f"pools: {module} was not preloaded: {error}\n")


def become_server() -> None:
    """Take over the client's import path, load its modules, and become cheap to fork from."""
    request = json.loads(os.environ.pop(REQUEST))
    sys.path[:] = request["path"]
    # An interrupt from the terminal reaches the whole process group. It is for the client, which then
    # closes its workers; children inherit this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load(request["modules"])
    # Python 3.12 warns of threads in a process that forks; the module's docstring says which there are.
    warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
    # Torn down, the interpreter would report what libraries leak (nanobind, in DuckDB, 30 lines).
    server = os.getpid()
    atexit.register(lambda: os._exit(0) if os.getpid() == server else None)
    gc.collect()
    gc.freeze()  # the collector then never touches these objects, so their pages stay shared


def _asked() -> bool:
    """Whether this process was started to be a server.

    The request stands in the client's environment while a server starts. A process that another thread of
    the client starts just then inherits it, and would end with 0 whatever happens in it.
    """
    return REQUEST in os.environ and any(f"[{__name__!r}]" in argument for argument in sys.orig_argv)


if _asked():
    become_server()
