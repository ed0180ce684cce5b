"""From a trained booster and its preparation to one ONNX graph that has been proved to agree with it.

`trees` reads the booster, `converters` has its trees written as ONNX nodes (`writer` over `branches`, or
onnxmltools), `heads` adds the outputs, `graph` joins them with the preparation, `gate` compares the whole
with XGBoost on `probes`, and `exported` hands it out.
"""

from __future__ import annotations

from engine.ml.export.exported import ExportedModel, Output, export
from engine.ml.export.gate import check_parity
from engine.ml.export.graph import build_graph
from engine.ml.export.report import Mismatch, ParityReport, ProbeResult
from engine.ml.export.trees import TreeEnsemble, parse_booster

__all__ = [
    "ExportedModel",
    "Mismatch",
    "Output",
    "ParityReport",
    "ProbeResult",
    "TreeEnsemble",
    "build_graph",
    "check_parity",
    "export",
    "parse_booster",
]
