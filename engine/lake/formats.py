"""What the lake knows of a file format: its suffixes, how a file is planned, how a partition is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from engine.errors import OptionError
from engine.lake.promotion import Promote, promote

if TYPE_CHECKING:
    from engine.lake.globs import FoundFile
    from engine.lake.partition import ColumnFacts, Partition
    from engine.lake.salvage import BadRow, RowBatch
    from engine.lake.storage import Storage

PARTITION_BYTES = 64 << 20
# measured: Arrow infers types at 100-150 MB/s on one core, so that this much takes seconds, not minutes.
INSPECT_BYTES = 1 << 30

# zlib's `.deflate`, what Hadoop calls DefaultCodec, is told from gzip by its first bytes.
COMPRESSIONS = {".gz": "gzip", ".deflate": "gzip", ".bz2": "bz2", ".zst": "zstd"}

# What pandas takes for a missing value, so that a file reads the same here and there.
NULL_VALUES = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Separators:
    """The marks of a text file that Arrow cannot read: several characters, or rows that end in no newline.

    Such a file is rewritten with the marks of its `CsvOptions` as it is read, as a whole.

    Attributes:
        field: Between fields.
        row: Behind each row; "" for a newline.
        quote: Around fields; "" for none.
    """

    field: str
    row: str = ""
    quote: str = '"'


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How a CSV file is written.

    Attributes:
        delimiter: One character between fields.
        quote: The character around fields that hold delimiters, quotes or newlines; "" for none.
        escape: A character that takes the next one literally, if the file has such; slows splitting down.
        header: Whether the first record names the columns. Without it and `names`, they are c1, c2, ...
        names: Column names to use, in place of the header where there is one.
        skip_rows: Lines to leave out at the top, before the header.
        null_values: Texts that stand for a missing value, quoted or not; the default is what pandas takes.
        quoted_nulls: Whether such a text stands for a missing value inside quotes too.
        separators: What the file really has, where it is to be rewritten with the marks above.
        compression: "gzip", "bz2" or "zstd", "" for none; None to go by the file's suffix.
        encoding: Any codec of Python. Ones in which a newline byte is not always a newline prevent splitting.
        quoted_newlines: Whether quoted fields may hold newlines. Saying no lets a large file be split by
            looking at a few kilobytes around each cut instead of reading all of it.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    header: bool = True
    names: tuple[str, ...] | None = None
    skip_rows: int = 0
    null_values: tuple[str, ...] = NULL_VALUES
    quoted_nulls: bool = True
    separators: Separators | None = None
    compression: str | None = None
    encoding: str = "utf-8"
    quoted_newlines: bool = True

    def __post_init__(self) -> None:
        marks = {"delimiter": self.delimiter, "quote": self.quote, "escape": self.escape}
        for name, mark in marks.items():
            if len(mark.encode()) > 1 or mark in ("\r", "\n") or (name == "delimiter" and not mark):
                raise OptionError(f"{name}={mark!r} is not one ASCII character", "give a single character")
        given = [mark for mark in marks.values() if mark]
        if len(set(given)) < len(given):
            raise OptionError("delimiter, quote and escape must differ", "give each another character")
        if self.skip_rows < 0:
            raise OptionError(f"skip_rows={self.skip_rows} is negative", "give 0 or more")
        try:
            "".encode(self.encoding)
        except LookupError:
            hint = "give a codec of Python, such as latin-1"
            raise OptionError(f"there is no encoding {self.encoding!r}", hint) from None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the files of a source are read.

    Attributes:
        format: "csv", "parquet" or "json"; None to go by the suffixes.
        schema: Types that the user declares, by column name; the other columns keep what is inferred.
        csv: How CSV files are written.
        inspect_bytes: Text files of up to so many bytes in all are looked through from end to end for the
            types of their columns, so that no value can surprise a later read; larger ones are sampled.
        path_columns: Whether `key=value` folders are columns.
        partition_bytes: Wanted size of a partition: decoded bytes for Parquet, bytes of text for the others.
    """

    format: str | None = None
    schema: pa.Schema | None = None
    csv: CsvOptions = field(default_factory=CsvOptions)
    inspect_bytes: int = INSPECT_BYTES
    partition_bytes: int = PARTITION_BYTES
    path_columns: bool = True

    def __post_init__(self) -> None:
        if self.partition_bytes < 1:
            raise OptionError(f"partition_bytes={self.partition_bytes} is not positive", "leave it out")
        if self.inspect_bytes < 0:
            raise OptionError(f"inspect_bytes={self.inspect_bytes} is negative", "leave it out")


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What one file holds and the partitions that read it. A file without even a header has no schema."""

    file: FoundFile
    schema: pa.Schema | None
    partitions: tuple[Partition, ...]


Stream = Callable[["Storage", "Partition", pa.Schema, ReadOptions, int], Iterator["RowBatch | BadRow"]]
"""Storage, partition, wanted columns, options, rows of a batch."""


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    Attributes:
        suffixes: File name endings, lower case, without those of compression.
        plan: Looks at a file on the driver, without reading more of it than it must.
        read: Reads the wanted columns that the file has, in any order; runs on workers. Types as near to
            `wanted` as the format can tell; the caller casts the rest and adds missing columns.
        promote: How two types of one column meet.
        is_text: Whether the file is text: its types are guesses, and it may be compressed as a whole
            (`.csv.gz`).
        stream: As `read`, in batches of about so many rows, with the rows that cannot be parsed in between;
            None where `read` finds no row that it cannot parse.
        facts: What the file itself tells of the columns of a partition; None where it tells nothing.
    """

    name: str
    suffixes: tuple[str, ...]
    plan: Callable[[Storage, FoundFile, ReadOptions], FilePlan]
    read: Callable[[Storage, Partition, pa.Schema, ReadOptions], pa.Table]
    promote: Promote = promote
    is_text: bool = False
    stream: Stream | None = None
    facts: Callable[[Storage, Partition], tuple[ColumnFacts, ...]] | None = None
