"""Spark local: a pandas_udf that runs ONNX Runtime, Parquet to Parquet; the way its users score today."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.suites.score.data import KEY, judged, model_bytes, names, scores_in, write_rows

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


def _scorer(model: bytes) -> Any:
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    def score(batches: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.Series]:
        import numpy as np
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for columns in batches:
            matrix = np.column_stack([column.to_numpy() for column in columns])
            yield pd.Series(session.run(["score"], {"features": matrix})[0].ravel())

    # Spark reads the kind of the function from these, and cannot from strings.
    score.__annotations__ = {"batches": Iterator[tuple[pd.Series, ...]], "return": Iterator[pd.Series]}
    return pandas_udf(score, "float")


@contextmanager
def _files(parameters: Parameters) -> Iterator[Once]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as home:
        raw, out = Path(home) / "raw", Path(home) / "scores"
        write_rows(raw, parameters)
        spark = (
            SparkSession.builder.master(f"local[{parameters['workers']}]")
            .config("spark.driver.memory", "6g")
            .config("spark.ui.enabled", "false")
            .config("spark.local.dir", home)
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "65536")
            .getOrCreate()
        )
        try:
            udf = _scorer(model_bytes(parameters, by_column=False))

            @contextmanager
            def once() -> Iterator[Callable[[], Answer]]:
                frame = spark.read.parquet(str(raw))
                scored = frame.select(KEY, udf(*names(parameters["columns"])).alias("score"))
                scored.write.parquet(str(out))
                yield lambda: judged(scores_in(out))
                shutil.rmtree(out)

            yield once
        finally:
            spark.stop()


files_100x6 = files_500x8 = _files
