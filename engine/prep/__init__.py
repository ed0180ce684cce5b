"""Preparation: plain scikit-learn transformers fitted on partitions, and run as one ONNX graph.

Names are loaded when they are asked for: a worker that only scores never imports scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.prep.apply import Crossed, Preparation
    from engine.prep.blocks import Blocks, blocks_of, blocks_of_tables
    from engine.prep.default import DefaultFeatures, default_features
    from engine.prep.fitting import FittedFeatures, fit, signature_of
    from engine.prep.inputs import InputSpec, Signature, feed, frame
    from engine.prep.plan import keeps_columns, learns_from_label
    from engine.prep.transformers import DatetimeParts, TextHasher

__all__ = [
    "Blocks",
    "Crossed",
    "DatetimeParts",
    "DefaultFeatures",
    "FittedFeatures",
    "InputSpec",
    "Preparation",
    "Signature",
    "TextHasher",
    "blocks_of",
    "blocks_of_tables",
    "default_features",
    "feed",
    "fit",
    "frame",
    "keeps_columns",
    "learns_from_label",
    "signature_of",
]

_HOMES = {
    "Crossed": "apply",
    "DatetimeParts": "transformers",
    "Preparation": "apply",
    "TextHasher": "transformers",
    "Blocks": "blocks",
    "blocks_of": "blocks",
    "blocks_of_tables": "blocks",
    "DefaultFeatures": "default",
    "default_features": "default",
    "FittedFeatures": "fitting",
    "fit": "fitting",
    "keeps_columns": "plan",
    "learns_from_label": "plan",
    "signature_of": "fitting",
    "InputSpec": "inputs",
    "Signature": "inputs",
    "feed": "inputs",
    "frame": "inputs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
