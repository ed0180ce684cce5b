"""What PREDICT of a dedicated SQL pool refuses, with its own words: for those who rehearse a migration.

There a column goes into an input of just its type, and an input is one column. The texts are those that users
of Synapse report.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import BindError, FormatError
from engine.ml.casting import sql_name
from engine.sql.meaning.types import Base

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.ml.foreign import ForeignSignature
    from engine.sql.meaning import SqlType

_TAKEN = frozenset({Base.INT, Base.BIGINT, Base.REAL, Base.FLOAT, Base.CHAR, Base.VARCHAR, Base.NVARCHAR})
_ENGINE = "Message(s) from 'PREDICT' engine: "
_UNSUPPORTED = (
    "binary, varbinary, timestamp, datetime2, datetimeoffset, time, text, ntext, image, hierarchyid, xml, "
    "sql_variant and user-defined type"
)
_OUTPUTS = 39096


def refuse_other_types(
    signature: ForeignSignature, inputs: Mapping[str, str], types: Mapping[str, SqlType]
) -> None:
    """Refuse columns that are not of just the type of the model's input, and inputs of several columns.

    Args:
        signature: What the model reads.
        inputs: For each column that it reads, the data's column.
        types: Of the data's columns.

    Raises:
        BindError: With Synapse's words; the hint has the CAST that helps.
    """
    for at, one in enumerate(signature.inputs, 1):
        given, wanted = types[inputs[one.name]], sql_name(one.dtype)
        if one.width > 1:
            raise BindError(
                f"{_ENGINE}Input column {at} (1-based) has shape [1,{one.width}] which is not supported.",
                "Export the model with an input for each column; without strict=True this pool feeds it.",
                column=one.name,
            )
        if given.base not in _TAKEN:
            raise BindError(
                f"Input data column #{at} is of type '{given}' which is not supported by 'PREDICT' function. "
                f"Unsupported types are {_UNSUPPORTED}.",
                f"Write CAST({one.name} AS {wanted}).",
                column=one.name,
            )
        if given.base.value != wanted and not (wanted == "nvarchar" and given.is_text):
            raise BindError(
                f"{_ENGINE}The type of model column '{one.tensor}' is '{wanted}'. Doesn't match the input "
                "column type.",
                f"'{inputs[one.name]}' is {given}: write CAST({one.name} AS {wanted}); without strict=True "
                "this pool casts where nothing is lost.",
                column=one.name,
                given=str(given),
                wanted=wanted,
            )


@contextmanager
def synapses_words(*, strict: bool) -> Iterator[None]:
    """Within the block a model or an output that does not fit is refused as Synapse does it."""
    try:
        yield
    except FormatError as error:
        if not strict:
            raise
        text = "Error occurred during execution of the builtin function 'PREDICT' with HRESULT 0x80070057."
        raise BindError(f"{text} Model is corrupt or invalid.", error.message) from error
    except BindError as error:
        if not strict or ("types" not in error.data and "output" not in error.data):
            raise
        text = "WITH clause specified different output columns from what 'PREDICT' function tries to return"
        raise BindError(f"{text}.", f"{error.message} {error.hint}", number=_OUTPUTS) from error
