"""While a job is planned its workers load what they will score with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.inference import Runtime, load_runner

if TYPE_CHECKING:
    from engine.ml.model import Model
    from pools import Pool

# A larger model is sent with the job alone: it would be as long on its way here as there.
_MOST_BYTES = 8 << 20


@contextmanager
def loading_ahead(pool: Pool, models: Sequence[Model], runtime: Runtime) -> Iterator[list[Any]]:
    """Within the block every worker that is there loads the kernels, and proves them on the models.

    Gives their futures; nobody need wait for them.

    measured: a new worker takes 0.5 s for that, about as long as the client for the first plan of a process.
    """
    sent = [(one.onnx, one.outputs, runtime) for one in models if len(one.onnx) <= _MOST_BYTES]
    if pool.state != "running" or not sent:
        yield []
        return
    client = pool.client
    graphs = client.submit(list, sent, key=f"models-{uuid.uuid4().hex}", pure=False)
    futures = [
        client.submit(_load, graphs, key=f"load-{uuid.uuid4().hex}", workers=[worker], pure=False)
        for worker in client.nthreads()
    ]
    try:
        yield futures
    finally:
        for future in [graphs, *futures]:
            future.release()


def _load(graphs: Sequence[tuple[bytes, tuple[str, ...], Runtime]]) -> None:
    """What goes wrong here goes wrong again in the part that needs it, and is told there."""
    import engine.ml.scoring.work  # noqa: F401
    from engine.errors import TarnError

    for graph, outputs, runtime in graphs:
        try:
            load_runner(graph, outputs, runtime)
        except TarnError:
            continue
