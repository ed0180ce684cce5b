"""A source, prepared: each partition through the exported graph, where it lies, into one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from engine.errors import OptionError
from engine.lake import Readable, write_frame, write_table
from engine.lake.frames import schema_of_frame
from engine.prep.inputs import check

if TYPE_CHECKING:
    import dask.dataframe as dd

    from engine.lake import Partition, Reader, Storage, Table
    from engine.prep.apply import Preparation


@dataclass(frozen=True)
class Transformed:
    """Makes a table of features from a table of raw rows; travels to the workers.

    Attributes:
        preparation: The graph.
        keep: Raw columns that stand beside the features.
    """

    preparation: Preparation
    keep: tuple[str, ...]

    @classmethod
    def of(cls, preparation: Preparation, schema: pa.Schema, keep: Sequence[str]) -> Self:
        """Check a preparation against the rows that it shall prepare, before anything is read.

        Raises:
            SignatureError: Columns are missing or of another kind than the preparation reads.
            OptionError: A kept column that is not there, or has the name of a feature.
        """
        check(schema, preparation.signature)
        missing = [name for name in keep if name not in schema.names]
        if missing:
            raise OptionError(
                f"keep= names {', '.join(map(repr, missing))}, which the source does not have.",
                f"It has: {', '.join(schema.names)}.",
                columns=tuple(missing),
            )
        folded = [name.casefold() for name in (*keep, *preparation.feature_names)]
        twice = sorted({name for name in folded if folded.count(name) > 1})
        if twice:
            raise OptionError(
                f"The table would have two columns {twice[0]!r}.",
                "Leave it out of keep=, or set verbose_feature_names_out=True on the ColumnTransformer.",
                columns=tuple(twice),
            )
        return cls(preparation, tuple(keep))

    @property
    def reads(self) -> list[str]:
        """Columns of the source that are needed, each once."""
        return list(dict.fromkeys([*self.keep, *self.preparation.signature.names]))

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Kept columns, then the features as float32, NaN where missing, row for row."""
        matrix = self.preparation.matrix(rows)
        features = {
            name: pa.array(np.ascontiguousarray(column))
            for name, column in zip(self.preparation.feature_names, matrix.T, strict=True)
        }
        return pa.table({**{name: rows.column(name) for name in self.keep}, **features})


@dataclass(frozen=True)
class _TransformPartition:
    reader: Reader
    make: Transformed

    def __call__(self, partition: Partition) -> pa.Table:
        return self.make(self.reader.read(partition, self.make.reads))


def transform_into(
    storage: Storage,
    preparation: Preparation,
    source: Readable | dd.DataFrame,
    *,
    into: str,
    keep: Sequence[str],
    mode: str,
    runner: Any,
    on_part: Callable[[], None],
) -> Table:
    """Prepare every row of a source and commit the features to a table, all at once.

    Args:
        storage: The workspace's files.
        preparation: The graph.
        source: A table, a dataset, or a Dask DataFrame.
        into: Table name.
        keep: Columns of the source that stand beside the features.
        mode: `overwrite`, `append` or `create`.
        runner: Who does the work.
        on_part: Called after each partition.

    Raises:
        SignatureError, OptionError: See `Transformed.of`.
        WriteError: See `engine.lake.write_table`.
    """
    metadata = {"preparation": preparation.digest}
    if isinstance(source, Readable):
        scan = source.source()
        made = Transformed.of(preparation, scan.schema, keep)
        return write_table(
            storage,
            into,
            scan.partitions,
            make=_TransformPartition(scan.reader, made),
            runner=runner,
            mode=mode,
            schema=made(scan.schema.empty_table()).schema,
            metadata=metadata,
            on_part=on_part,
            label="transform",
        )
    made = Transformed.of(preparation, schema_of_frame(source), keep)
    return write_frame(
        storage,
        source[made.reads],
        into=into,
        runner=runner,
        make=made,
        mode=mode,
        metadata=metadata,
        on_part=on_part,
    )
