"""A block of CSV records, and Arrow's reading of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv

if TYPE_CHECKING:
    from engine.lake.formats import CsvOptions

_MIN_BLOCK = 1 << 16
_TRUE = ["true", "True", "TRUE"]
_FALSE = ["false", "False", "FALSE"]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records in UTF-8, and where they come from.

    Attributes:
        file: The file's name, for messages.
        offset: Byte of the file at which they start; None in compressed or re-encoded files.
        first_row: Number of the first record, from 1; None if records before it were not counted.
    """

    data: bytes
    header: tuple[str, ...]
    file: str
    offset: int | None = 0
    first_row: int | None = 1


def read_block(
    block: Block,
    types: Mapping[str, pa.DataType],
    include: Sequence[str],
    options: CsvOptions,
    refuse: Callable[[pacsv.InvalidRow], str] | None = None,
) -> pa.Table:
    """Read the columns in `include`, of the given types or, without any, of those that Arrow guesses.

    Args:
        block: The records.
        types: By column; all columns of `include` or none.
        include: The columns; at least one.
        options: How the file is written.
        refuse: Told of a record with too many or too few fields before Arrow raises; returns "error".
    """
    return pacsv.read_csv(
        io.BytesIO(block.data),
        # One block: no record can straddle two, and types are inferred from all of the text.
        read_options=pacsv.ReadOptions(
            use_threads=False,
            column_names=list(block.header),
            block_size=max(len(block.data) + 1, _MIN_BLOCK),
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=options.delimiter,
            quote_char=options.quote or False,
            escape_char=options.escape or False,
            newlines_in_values=True,
            invalid_row_handler=refuse,
        ),
        convert_options=pacsv.ConvertOptions(
            include_columns=list(include),
            column_types=dict(types),
            null_values=list(options.null_values),
            strings_can_be_null=True,
            quoted_strings_can_be_null=options.quoted_nulls,
            # Digits are booleans only if somebody says so: in one block they may be alone, in the next not.
            true_values=[*_TRUE, "1"] if types else _TRUE,
            false_values=[*_FALSE, "0"] if types else _FALSE,
        ),
    )
