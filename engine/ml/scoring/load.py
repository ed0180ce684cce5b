"""A job as it was written down, ready to run: in the process that planned it or in any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.ml.scoring.plan import Request, Scorers
from engine.ml.scoring.store import JobStore

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.lake import Reader, Storage
    from engine.ml.model import Model
    from engine.ml.scoring.spec import Spec
    from engine.ml.scoring.units import Unit


@dataclass(frozen=True)
class Loaded:
    """A job and all that it needs.

    Attributes:
        store: Its folder.
        spec: What it is.
        parts: Units of each part.
        schema: Columns of the source.
        reader: Of the source's files; None for a Dask DataFrame.
        scorers: Its models.
        model: The champion.
    """

    store: JobStore
    spec: Spec
    parts: list[tuple[Unit, ...]]
    schema: pa.Schema
    reader: Reader | None
    scorers: Scorers
    model: Model

    @classmethod
    def of(cls, storage: Storage, job: str) -> Loaded:
        """Read a job.

        Raises:
            NotFoundError: There is no such job.
        """
        store = JobStore(storage, job)
        spec = store.spec()
        parts, schema, reader = store.plan()
        model = store.model(spec.model, "model.onnx")
        request = Request(
            model,
            spec.into,
            spec.keep,
            spec.rename,
            limit=spec.limit,
            shadow=None if spec.shadow is None else store.model(spec.shadow, "shadow.onnx"),
            tolerance=spec.tolerance,
            runtime=spec.runtime,  # type: ignore[arg-type] # it was checked when it was written down
        )
        return cls(store, spec, parts, schema, reader, Scorers.of(request, schema), model)
