"""What the matrix of a training set takes in a worker's memory, and whether a worker can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import UnsupportedError
from engine.ml.matrix import DEFAULT_MAX_BIN
from engine.prep import FittedFeatures, keeps_columns, signature_of
from engine.prep.inputs import kind_of

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Readable
    from engine.ml.label import Label
    from engine.ml.training_set import Columns, TrainingSet
    from engine.ml.tuning.plan import SearchPlan
    from pools import Pool

# Of a worker's memory: the rest is for Python, Dask, and one block of raw rows.
USABLE = 0.6
# Per row, output and fit: gradients, and the margins of the rows.
_BYTES_OF_FIT = 16


def quantised_bytes(rows: int, width: int, max_bin: int = DEFAULT_MAX_BIN) -> int:
    """Bytes of a quantised matrix: XGBoost keeps it by rows and by columns, a byte a value up to 256 bins."""
    return rows * width * (2 if max_bin <= DEFAULT_MAX_BIN else 4)


def fit_bytes(data: TrainingSet, params: Mapping[str, Any]) -> int:
    """Bytes that one fit on all rows takes."""
    rows = int(data.rows.sum())
    max_bin = int(params.get("max_bin", DEFAULT_MAX_BIN))
    return quantised_bytes(rows, data.blocks.width, max_bin) + rows * _BYTES_OF_FIT * _outputs(data.label)


def search_bytes(data: TrainingSet, plan: SearchPlan, fits: int) -> int:
    """Bytes that a search takes in each worker: a matrix per turn of the split, and so many fits on them."""
    rows, turns = int(data.rows.sum()), data.split.rounds
    max_bin = max(*plan.outer, int(plan.params.get("max_bin", 0)), 0) or DEFAULT_MAX_BIN
    of_fits = rows * _BYTES_OF_FIT * _outputs(data.label) * fits
    return turns * (quantised_bytes(rows, data.blocks.width, max_bin) + of_fits)


def worker_memory(pool: Pool) -> int:
    """Bytes of memory of the smallest worker, or of the workers to come where there are none."""
    from distributed.system import MEMORY_LIMIT

    workers = pool.client.scheduler_info(n_workers=-1)["workers"].values()
    there = [int(worker["memory_limit"] or MEMORY_LIMIT) for worker in workers]
    return min(there, default=int(pool.spec.memory or MEMORY_LIMIT // pool.width))


def check_search(pool: Pool, data: TrainingSet, plan: SearchPlan) -> None:
    """Refuse a search whose matrix a worker cannot hold: all trials of a worker share one.

    Raises:
        UnsupportedError: Says what is needed and what there is.
    """
    _refuse(pool, search_bytes(data, plan, pool.spec.threads), data.lineage.source)


def check_source(pool: Pool, source: Readable, features: Any, columns: Columns) -> None:
    """Refuse a search by what file footers alone say: not a row is read.

    Where they do not tell the rows, or the features cannot be counted before they are fitted, `check_search`
    says it later.

    Args:
        pool: Where the search shall run.
        source: A table or a dataset.
        features: A transformer, fitted features, or None for the default.
        columns: What the source's columns are.

    Raises:
        UnsupportedError: Says what is needed and what there is; or the features cannot be honoured.
    """
    scan = source.source()
    counts = [partition.rows for partition in scan.partitions]
    if counts and None not in counts:
        rows = sum(count or 0 for count in counts)
        least = quantised_bytes(rows, _least_width(scan.schema, features, columns)) + rows * _BYTES_OF_FIT
        _refuse(pool, least, source.name)


def _refuse(pool: Pool, needed: int, name: str) -> None:
    memory = worker_memory(pool)
    if needed > USABLE * memory:
        raise UnsupportedError(
            f"A search on '{name}' takes {needed / 2**20:,.0f} MiB in every worker of pool "
            f"'{pool.spec.name}', which has {memory / 2**20:,.0f} MiB of memory each.",
            "Search on a sample of the rows and give the best parameters to pool.train, which trains on all "
            "workers together; or give workers more memory: fewer of them, or memory=.",
            needed=needed,
            memory=memory,
        )


def _outputs(label: Label) -> int:
    return len(label.classes or ()) if label.kind == "multiclass" else 1


def _least_width(schema: pa.Schema, features: Any, columns: Columns) -> int:
    """Columns that the matrix will have at least, were none of them always the same; 0 where none can say."""
    if isinstance(features, FittedFeatures):
        return len(features.preparation.feature_names)
    if features is not None:
        used = signature_of(features, schema, columns.target).names
        return len(used) if keeps_columns(features) else 0
    return sum(kind_of(field.type) == "number" for field in schema if field.name not in columns.named)
