"""Fitted preparations as ONNX graphs."""

from __future__ import annotations

from engine.prep.graph.export import feature_names, to_onnx

__all__ = ["feature_names", "to_onnx"]
