from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.lake import Storage, open_storage
from pools import Pool, PoolSpec

# The planner's random queries.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sql" / "plan"))


@pytest.fixture(scope="session")
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Of two nodes, or as many as the test's parameter says."""
    nodes = getattr(request, "param", 2)
    with Pool(PoolSpec.dedicated("sql", nodes=nodes, memory="2GiB", dashboard_port=None)) as started:
        yield started


@pytest.fixture(scope="session")
def tpch(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """TPC-H at scale 0.01, each table a folder of Parquet files of several row groups."""
    generator = Path(sys.executable).parent / "tpchgen-cli"
    if not generator.exists():
        pytest.skip("needs tpchgen-cli")
    folder = tmp_path_factory.mktemp("tpch")
    for table, parts in {"lineitem": 3, "orders": 2, "customer": 2, "part": 1, "partsupp": 2, "supplier": 1,
                         "nation": 1, "region": 1}.items():  # fmt: skip
        options = ["-s", "0.01", f"--tables={table}", f"--parts={parts}", f"--output-dir={folder}"]
        made = subprocess.run([generator, "parquet", *options], check=False, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
    return open_storage(folder)


@pytest.fixture
def lake(tmp_path: Path) -> Storage:
    return open_storage(tmp_path)
