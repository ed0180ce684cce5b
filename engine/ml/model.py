"""A registered model: one ONNX graph with all that scoring needs inside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.errors import FormatError
from engine.prep import Signature

# Keys of the ONNX metadata that we write and read back.
SIGNATURE_KEY = "tarn.signature"
LABEL_KEY = "tarn.label"
NAME_KEY = "tarn.model"


@dataclass(frozen=True)
class Model:
    """A version of a model, ready to score.

    Attributes:
        name: Registered name.
        version: From 1.
        onnx: The graph's bytes.
        aliases: Names that point at this version, such as `champion`.
        run_id: The MLflow run it came from.
    """

    name: str
    version: int
    onnx: bytes = field(repr=False)
    aliases: tuple[str, ...] = ()
    run_id: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the graph's bytes, hexadecimal."""
        return hashlib.sha256(self.onnx).hexdigest()

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """The graph's own metadata."""
        import onnx

        return {entry.key: entry.value for entry in onnx.load_from_string(self.onnx).metadata_props}

    @cached_property
    def signature(self) -> Signature:
        """The columns that the graph reads, with their kinds.

        Raises:
            FormatError: The graph was not made by this engine.
        """
        text = self.metadata.get(SIGNATURE_KEY)
        if text is None:
            raise FormatError(
                f"Model '{self.name}' carries no '{SIGNATURE_KEY}': it was not exported by Tarn.",
                "Export it with models.register(name, trained_model).",
                name=self.name,
            )
        return Signature.from_json(json.loads(text))

    @property
    def label(self) -> dict[str, Any]:
        """Column, kind and classes of the label that it predicts."""
        return dict(json.loads(self.metadata.get(LABEL_KEY, "{}")))

    def __repr__(self) -> str:
        aliases = "".join(f" @{alias}" for alias in self.aliases)
        return f"Model({self.name!r}, version {self.version}{aliases}, {len(self.onnx):,} bytes)"
