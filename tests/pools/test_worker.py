"""What tasks may ask of their worker, and what forked workers are like."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import threadpoolctl

from pools import Pool, PoolSpec
from pools.worker import count, native_threads, usable_cores


def kernels(_: object) -> dict[str, Any]:
    """How many threads this task's kernels would take."""
    import numpy as np
    import pyarrow as pa

    np.ones((4, 4)) @ np.ones((4, 4))
    threads = {kind: set[int]() for kind in ("blas", "openmp")}
    for pool in threadpoolctl.threadpool_info():
        threads[pool["user_api"]].add(pool["num_threads"])
    later = os.environ["OMP_NUM_THREADS"]
    return {"share": native_threads(), "arrow": pa.cpu_count(), "later": later, **threads}


def in_both(pool: Pool, fn: Any) -> dict[str, Any]:
    """The answer of each worker."""
    return dict(pool.client.run(fn))


@pytest.mark.parametrize("nodes", [1, 2])
def test_the_cores_are_shared_out_among_all_tasks_that_run_at_a_time(nodes: int) -> None:
    with Pool(PoolSpec.dedicated("dw", nodes=nodes)) as pool:
        share = max(1, usable_cores() // nodes)
        (seen,) = pool.map(kernels, [0], label="kernels")
        assert seen["share"] == seen["arrow"] == share
        assert seen["blas"] == {share}
        assert max(seen["openmp"]) <= share
        assert seen["later"] == str(share)


def test_the_shares_follow_the_number_of_workers() -> None:
    with Pool(PoolSpec.dedicated("dw", nodes=1)) as pool:
        for nodes in (2, 1):
            pool.scale(nodes)
            shares = in_both(pool, native_threads)
            assert list(shares.values()) == [max(1, usable_cores() // nodes)] * nodes


def test_a_serverless_pool_shares_out_for_its_most_workers() -> None:
    with Pool(PoolSpec.serverless("s", max_workers=2, threads=2)) as pool:
        assert pool.map(lambda _: native_threads(), [0], label="share") == [max(1, usable_cores() // 4)]


def test_outside_of_a_worker_all_cores_are_free_and_nothing_is_counted() -> None:
    assert native_threads() == usable_cores() >= 1
    count(rows_read=1)


def test_what_was_counted_is_there_when_the_results_are(dedicated_pool: Pool) -> None:
    def read(rows: int) -> int:
        count(rows_read=rows, bytes_read=10 * rows)
        return rows

    for _ in range(5):
        before = dedicated_pool.usage()
        dedicated_pool.map(read, range(30), label="read")
        used = dedicated_pool.usage() - before
        assert (used.counts["rows_read"], used.counts["bytes_read"]) == (435.0, 4350.0)


def test_what_tasks_of_a_bare_client_count_is_there_too(dedicated_pool: Pool) -> None:
    def read(rows: int) -> int:
        count(rows_read=rows)
        return rows

    before = dedicated_pool.usage()
    dedicated_pool.client.gather(dedicated_pool.client.map(read, range(30)))
    assert (dedicated_pool.usage() - before).counts["rows_read"] == 435.0


def test_counts_of_two_pools_do_not_mix(dedicated_pool: Pool) -> None:
    def read(rows: int) -> None:
        count(rows_read=rows)

    before = dedicated_pool.usage()
    with Pool(PoolSpec.serverless("s", max_workers=1)) as other:
        other.map(read, [1, 2], label="read")
        assert other.usage().counts["rows_read"] == 3.0
    assert dedicated_pool.usage().counts == before.counts


def test_heavy_modules_are_loaded_before_the_first_task(dedicated_pool: Pool) -> None:
    def loaded() -> set[str]:
        return set(sys.modules)

    for modules in in_both(dedicated_pool, loaded).values():
        assert {
            "dask.dataframe",
            "xgboost.dask",
            "sklearn.pipeline",
            "onnxruntime",
            "pyarrow.dataset",
        } <= modules


def test_forked_workers_draw_different_random_numbers(dedicated_pool: Pool) -> None:
    def draw() -> tuple[float, float]:
        import random

        import numpy as np

        return float(np.random.rand()), random.random()

    assert len(set(in_both(dedicated_pool, draw).values())) == 2


def test_strings_hash_alike_in_all_workers(dedicated_pool: Pool) -> None:
    assert len(set(in_both(dedicated_pool, lambda: hash("tarn")).values())) == 1


def matrix_product(threads: int) -> bool:
    import numpy as np

    with threadpoolctl.threadpool_limits(threads):
        ones = np.ones((600, 600))
        return bool((ones @ ones == 600).all())


def boosting(threads: int) -> bool:
    import numpy as np
    import xgboost as xgb

    rows = np.random.default_rng(0).random((5000, 5))
    label = (rows[:, 0] > 0.5).astype(int)
    matrix = xgb.QuantileDMatrix(rows, label, nthread=threads)
    booster = xgb.train({"nthread": threads, "objective": "binary:logistic"}, matrix, 5)
    return bool(((booster.predict(matrix) > 0.5) == label).mean() > 0.99)


def arrow_files(threads: int) -> bool:
    import tempfile

    import deltalake
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    table = pa.table({"n": range(50_000)})
    pa.set_cpu_count(threads)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(table, Path(folder) / "part.parquet", row_group_size=5000)
        deltalake.write_deltalake(Path(folder) / "delta", table)
        read = ds.dataset(Path(folder) / "part.parquet").to_table(use_threads=True)
        return bool(read == table == deltalake.DeltaTable(Path(folder) / "delta").to_pyarrow_table())


def duckdb_query(threads: int) -> bool:
    import duckdb

    with duckdb.connect(config={"threads": threads}) as connection:
        return bool(connection.execute("SELECT sum(range) FROM range(1000000)").fetchone() == (499999500000,))


def onnx_session(threads: int) -> bool:
    import numpy as np
    import onnxruntime as ort
    from onnx import TensorProto, helper

    square = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [200, 200]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "x"], ["y"])], "g", square[:1], square[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model.SerializeToString(), options)
    (product,) = session.run(None, {"x": np.ones((200, 200), dtype="float32")})
    return bool((product == 200).all())


def estimator(threads: int) -> bool:
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = np.random.default_rng(0).random((2000, 4))
    label = rows[:, 0] > 0.5
    with threadpoolctl.threadpool_limits(threads):
        return bool(HistGradientBoostingClassifier(max_iter=5).fit(rows, label).score(rows, label) > 0.99)


needs_duckdb = pytest.mark.skipif(find_spec("duckdb") is None, reason="duckdb is not installed")
KERNELS = [matrix_product, boosting, arrow_files, onnx_session, estimator]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kernel", [*KERNELS, pytest.param(duckdb_query, marks=needs_duckdb)])
def test_what_is_loaded_before_the_fork_works_after_it(
    dedicated_pool: Pool, kernel: Any, threads: int
) -> None:
    assert dedicated_pool.map(kernel, [threads] * 4, label="kernel") == [True] * 4
