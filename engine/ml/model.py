"""A registered model: one ONNX graph with all that scoring needs inside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.inference.graphs import PlainGraph, parse, plain, ports
from engine.inference.reference import open_session
from engine.ml.foreign import ForeignSignature, signature_of
from engine.ml.spread import Spread
from engine.prep import Signature

# Keys of the ONNX metadata that we write and read back.
SIGNATURE_KEY = "tarn.signature"
LABEL_KEY = "tarn.label"
NAME_KEY = "tarn.model"
SPREAD_KEY = "tarn.scores"


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
        return {entry.key: entry.value for entry in parse(self.onnx).metadata_props}

    @cached_property
    def plain(self) -> PlainGraph:
        """The graph with tensors for outputs.

        Raises:
            FormatError: The bytes are no ONNX graph.
            PathRefusedError: It keeps weights in other files.
        """
        return plain(self.onnx)

    @property
    def is_foreign(self) -> bool:
        """Whether others exported it: then the graph alone says what it reads."""
        return SIGNATURE_KEY not in self.metadata

    @cached_property
    def _own_signature(self) -> Signature:
        return Signature.from_json(json.loads(self.metadata[SIGNATURE_KEY]))

    def signature_for(self, columns: Sequence[str]) -> Signature | ForeignSignature:
        """The columns that the graph reads.

        Args:
            columns: The columns that there are; inputs of several columns without names take them in order.

        Raises:
            FormatError: onnxruntime cannot load the graph.
            UnsupportedError: An input that no columns can feed.
            SignatureError: An input of several columns, and another number of them.
        """
        if not self.is_foreign:
            return self._own_signature
        return signature_of(self.plain.onnx, self.metadata, columns)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs of the graph that scoring asks for."""
        if not self.is_foreign:
            kinds = {"regression": ("score",), "ranking": ("score",), "binary": ("score", "label")}
            return kinds.get(self.label["kind"], ("label", "probabilities"))
        _, made = ports(open_session(self.plain.onnx, 1))
        return tuple(port.name for port in made)

    @property
    def classes(self) -> dict[str, tuple[object, ...]]:
        """For outputs with a column per class, the classes."""
        if self.is_foreign:
            return dict(self.plain.classes)
        return {"probabilities": tuple(self.label.get("classes") or ())}

    @property
    def label(self) -> dict[str, Any]:
        """Column, kind and classes of the label that it predicts; empty where others exported it."""
        return dict(json.loads(self.metadata.get(LABEL_KEY, "{}")))

    @cached_property
    def spread(self) -> Spread | None:
        """How it scores a sample of its training rows; None where nobody counted."""
        found = self.metadata.get(SPREAD_KEY)
        return None if found is None else Spread.from_text(found)

    def _repr_html_(self) -> str:
        from html import escape

        shown = {"version": self.version, "aliases": ", ".join(self.aliases), "bytes": f"{len(self.onnx):,}"}
        shown |= {
            "label": self.label.get("column", ""),
            "kind": self.label.get("kind", ""),
            "run": self.run_id,
        }
        cells = "".join(
            f"<tr><th style='text-align:left'>{name}</th><td>{escape(str(value))}</td></tr>"
            for name, value in shown.items()
        )
        return f"<p>Model <b>{escape(self.name)}</b></p><table>{cells}</table>"

    def __repr__(self) -> str:
        aliases = "".join(f" @{alias}" for alias in self.aliases)
        return f"Model({self.name!r}, version {self.version}{aliases}, {len(self.onnx):,} bytes)"
