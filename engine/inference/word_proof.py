"""Whether a part of a graph that reads one column of texts says of many what it says of each alone.

A list of operators tells which parts may; here each is tried, on texts that it names and on others, in
several orders and numbers: what mixes rows, or counts them, shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError
from engine.inference.stages import reads

if TYPE_CHECKING:
    import onnx

    from engine.inference.words import WordPart

# Texts of an attribute that are tried.
_NAMED = 16


def probe_words(model: onnx.ModelProto, part: WordPart) -> list[str]:
    """Texts on which a part is tried: those that it names itself, and some that it does not."""
    import onnx

    read = {name for node in part.nodes for name in reads(node)}
    tensors = [one for one in model.graph.initializer if one.name in read]
    found = dict.fromkeys(["", "a", "two words", "0", "3.5", "ä"])
    for node in part.nodes:
        for attribute in node.attribute:
            found |= dict.fromkeys(one.decode(errors="replace") for one in attribute.strings[:_NAMED])
            tensors += [attribute.t] if attribute.HasField("t") else []
    for tensor in tensors:
        if tensor.data_type == onnx.TensorProto.STRING:
            found |= dict.fromkeys(one.decode(errors="replace") for one in tensor.string_data[:_NAMED])
    return list(found)


def holds(run: Any, words: Sequence[str], *, flat: bool) -> bool:
    """Whether a part says of many texts what it says of each alone, bit for bit.

    Args:
        run: The part, from texts to its answers; raises DataError where it refuses one.
        words: What to try.
        flat: Whether texts are `[N]`.
    """

    def asked(texts: Sequence[str]) -> list[np.ndarray]:
        rows = np.array(texts, dtype=object)
        return list(run(rows if flat else rows.reshape(-1, 1)))

    alone = {}
    for word in words:
        try:
            alone[word] = asked([word])
        except DataError:
            continue  # it refuses what it does not know
    taken = list(alone)
    for texts in (taken, taken[::-1], taken[:2] * 3, taken[:3]):
        if not texts:
            return False
        together = asked(texts)
        for at, found in enumerate(together):
            wanted = [alone[word][at] for word in texts]
            if any(one.shape != (1, *found.shape[1:]) for one in wanted):
                return False  # as wide as its own words, or not a row for each text
            if not _same(found, np.concatenate(wanted)):
                return False
    return True


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool((one == other).all() if one.dtype.kind == "O" else one.tobytes() == other.tobytes())
