"""Where things lie below the root of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.lake.names import TableName, encode, fold

if TYPE_CHECKING:
    from engine.lake.storage import Storage

TABLES = "tables"
DELTA_LOG = "_delta_log"
DATASETS = "catalog/datasets"
JOBS = "jobs/scoring"


def table_location(storage: Storage, name: TableName) -> str:
    return storage.resolve(f"{TABLES}/{name.folder}")


def dataset_location(storage: Storage, name: str) -> str:
    """The folder that holds one file per version of a dataset's definition."""
    return storage.resolve(f"{DATASETS}/{encode(fold(name))}")
