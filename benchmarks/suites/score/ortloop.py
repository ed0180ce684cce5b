"""What is written by hand: two processes, each with an ONNX Runtime session, and row groups dealt out."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.suites.score.data import KEY, judged, model_bytes, names, scores_in, write_rows

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters

_session: Any = None


def _begin(model: bytes) -> None:
    global _session  # noqa: PLW0603 one per process
    pa.set_cpu_count(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    _session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _score(job: tuple[str, int, str, int]) -> None:
    path, group, target, columns = job
    table = pq.ParquetFile(path).read_row_group(group, columns=[KEY, *names(columns)], use_threads=False)
    matrix = np.column_stack([table.column(name).to_numpy() for name in names(columns)])
    [scores] = _session.run(["score"], {"features": matrix})
    pq.write_table(pa.table({KEY: table.column(KEY), "score": scores.ravel()}), target)


@contextmanager
def _files(parameters: Parameters) -> Iterator[Once]:
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as home:
        raw, out = Path(home) / "raw", Path(home) / "scores"
        write_rows(raw, parameters)
        model = model_bytes(parameters, by_column=False)
        with multiprocessing.get_context("spawn").Pool(parameters["workers"], _begin, (model,)) as pool:
            pool.map(abs, range(10))

            @contextmanager
            def once() -> Iterator[Callable[[], Answer]]:
                out.mkdir()
                jobs = [
                    (str(path), group, str(out / f"{path.stem}-{group:04d}.parquet"), parameters["columns"])
                    for path in sorted(raw.glob("*.parquet"))
                    for group in range(pq.read_metadata(path).num_row_groups)
                ]
                pool.map(_score, jobs, chunksize=1)
                yield lambda: judged(scores_in(out))
                shutil.rmtree(out)

            yield once


files_100x6 = files_500x8 = _files
