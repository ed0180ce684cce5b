"""The tensor types of ONNX that rows have here, and what numpy calls them."""

from __future__ import annotations

from typing import Any

from engine.errors import UnsupportedError

# onnxruntime's name -> numpy's; texts are Python objects.
DTYPES: dict[str, str] = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16",
    "tensor(uint32)": "uint32",
    "tensor(uint64)": "uint64",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


def dtype_of(kind: str) -> Any:
    """The numpy dtype of a tensor type as onnxruntime spells it.

    Raises:
        UnsupportedError: A type that no column has.
    """
    import numpy as np

    if kind not in DTYPES:
        raise UnsupportedError(
            f"A model's tensor is {kind}, which no column is.", f"Columns are: {', '.join(DTYPES)}."
        )
    return np.dtype(DTYPES[kind])


def onnx_type_of(kind: str) -> int:
    """The element type of `onnx.TensorProto` for a tensor type as onnxruntime spells it.

    Raises:
        UnsupportedError: A type that no column has.
    """
    import onnx

    name = str(dtype_of(kind))
    if name == "object":
        return int(onnx.TensorProto.STRING)
    return int(onnx.helper.np_dtype_to_tensor_dtype(dtype_of(kind)))
