"""Export: build the graph, gate it, hand it out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto

from engine.errors import FormatError
from engine.ml.export.gate import check_parity
from engine.ml.export.graph import build_graph, read_facts
from engine.ml.export.part import Converter
from engine.ml.export.trees import AnyBooster, unwrap_booster

if TYPE_CHECKING:
    from engine.ml.export.classes import ClassValue
    from engine.ml.export.report import ParityReport

_KINDS = {TensorProto.FLOAT: "float32", TensorProto.INT64: "int64", TensorProto.STRING: "string"}


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a model.

    Attributes:
        name: `score`, `probabilities` or `label`.
        kind: `float32`, `int64` or `string`.
        width: Columns; 0 for a plain vector [N].
    """

    name: str
    kind: str
    width: int


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model that went through the parity gate.

    Attributes:
        onnx: The graph's bytes.
        report: What the gate found.
        converter: Who wrote the trees, `onnxmltools` or `tarn`.
        digest: SHA-256 of the bytes, hexadecimal.
        objective: XGBoost's objective.
        task: `regression`, `ranking`, `binary` or `multiclass`.
        rounds: Boosting rounds in the graph.
        outputs: In order.
    """

    onnx: bytes = field(repr=False)
    report: ParityReport = field(repr=False)
    converter: str
    digest: str
    objective: str
    task: str
    rounds: int
    outputs: tuple[Output, ...]


def export(
    booster: AnyBooster,
    prep: onnx.ModelProto | bytes,
    *,
    classes: Sequence[ClassValue] | None,
    sample_rows: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    tolerance: float = 1e-5,
    converter: str | None = None,
    strict: bool = True,
) -> ExportedModel:
    """Make one ONNX graph of a preparation and a booster, and prove it.

    Args:
        booster: See `build_graph`.
        prep: The preparation whose output the booster was trained on, or its bytes.
        classes: See `build_graph`.
        sample_rows: Raw columns [N] or [N, 1] for the gate, training rows among them; 10,000 are plenty.
        metadata: See `build_graph`.
        tolerance: See `check_parity`.
        converter: See `convert_trees`. None also means that our own writer has a try where the graph of
            onnxmltools does not pass.
        strict: Raise where the gate is not passed; else its report says so.

    Raises:
        ParityError: The graph does not agree with XGBoost.
        FormatError: The bytes of `prep` are not ONNX.
        TarnError: As `build_graph` and `check_parity` raise.
    """
    native, preparation = unwrap_booster(booster), _load_preparation(prep)

    def attempt(writer: str | None) -> ExportedModel:
        model = build_graph(native, preparation, classes=classes, metadata=metadata, converter=writer)
        graph = model.SerializeToString(deterministic=True)
        report = check_parity(
            graph, preparation.SerializeToString(), native, sample_rows, classes=classes, tolerance=tolerance
        )
        return _describe_model(model, graph, report)

    exported = attempt(converter)
    if converter is None and exported.converter != Converter.TARN and not exported.report.passed:
        exported = attempt(Converter.TARN)
    if strict:
        exported.report.raise_if_failed()
    return exported


def _describe_model(model: onnx.ModelProto, graph: bytes, report: ParityReport) -> ExportedModel:
    facts = read_facts(model)
    return ExportedModel(
        onnx=graph,
        report=report,
        converter=facts["converter"],
        digest=hashlib.sha256(graph).hexdigest(),
        objective=facts["objective"],
        task=facts["task"],
        rounds=int(facts["rounds"]),
        outputs=tuple(_describe_output(output) for output in model.graph.output),
    )


def _load_preparation(prep: onnx.ModelProto | bytes) -> onnx.ModelProto:
    if isinstance(prep, onnx.ModelProto):
        return prep
    try:
        return onnx.load_from_string(prep)
    except DecodeError as error:
        raise FormatError(
            f"The {len(prep):,} bytes of the preparation are not an ONNX model.",
            "Pass a serialised ModelProto.",
        ) from error


def _describe_output(output: onnx.ValueInfoProto) -> Output:
    tensor = output.type.tensor_type
    width = tensor.shape.dim[1].dim_value if len(tensor.shape.dim) > 1 else 0
    return Output(output.name, _KINDS[tensor.elem_type], width)
