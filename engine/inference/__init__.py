"""Running ONNX graphs over rows: `load_runner(graph, outputs).run(feeds)` is the one way there is."""

from __future__ import annotations

from engine.inference.ranges import InputRange
from engine.inference.runner import RUNTIMES, Runner, Runtime, load_runner
from engine.inference.used import used_inputs

__all__ = ["RUNTIMES", "InputRange", "Runner", "Runtime", "load_runner", "used_inputs"]
