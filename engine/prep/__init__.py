"""Preparation: plain scikit-learn transformers fitted on partitions, and run as one ONNX graph.

Names are loaded when they are asked for: a worker that only scores never imports scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.prep.apply import Preparation
    from engine.prep.blocks import Blocks, blocks_of, blocks_of_tables
    from engine.prep.default import DefaultFeatures, default_features
    from engine.prep.fitting import FittedFeatures, fit
    from engine.prep.inputs import InputSpec, Signature, feed, frame

__all__ = [
    "Blocks",
    "DefaultFeatures",
    "FittedFeatures",
    "InputSpec",
    "Preparation",
    "Signature",
    "blocks_of",
    "blocks_of_tables",
    "default_features",
    "feed",
    "fit",
    "frame",
]

_HOMES = {
    "Preparation": "apply",
    "Blocks": "blocks",
    "blocks_of": "blocks",
    "blocks_of_tables": "blocks",
    "DefaultFeatures": "default",
    "default_features": "default",
    "FittedFeatures": "fitting",
    "fit": "fitting",
    "InputSpec": "inputs",
    "Signature": "inputs",
    "feed": "inputs",
    "frame": "inputs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
