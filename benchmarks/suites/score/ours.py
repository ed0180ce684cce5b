"""Our side: `pool.score` from a dataset into a Delta table, the key kept beside the scores."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.suites.score.data import KEY, judged, model_bytes, names, write_rows
from benchmarks.suites.score.peaks import mark_memory, peak_memory
from engine import Workspace
from engine.ml.model import LABEL_KEY, SIGNATURE_KEY, Model

if TYPE_CHECKING:
    from benchmarks.case import Answer, Once, Parameters


@contextmanager
def _files(parameters: Parameters) -> Iterator[Once]:
    with tempfile.TemporaryDirectory(prefix="tarn-bench-") as home:
        write_rows(Path(home) / "raw", parameters)
        signature = [{"name": name, "kind": "number"} for name in names(parameters["columns"])]
        metadata = {
            SIGNATURE_KEY: json.dumps(signature),
            LABEL_KEY: json.dumps({"column": "target", "kind": "regression"}),
        }
        model = Model("trees", 1, model_bytes(parameters, by_column=True, metadata=metadata))
        workspace = Workspace(home)
        with workspace.dedicated("bench", nodes=parameters["workers"], progress=False) as pool:
            before = pool.client.run(mark_memory)

            @contextmanager
            def once() -> Iterator[Callable[[], Answer]]:
                job = pool.score(model, workspace.dataset("raw"), into="dbo.scores", keep=[KEY], force=True)

                def answer() -> Answer:
                    peaks = pool.client.run(peak_memory)
                    grown = max(peak - before[worker] for worker, peak in peaks.items())
                    scores = job.table.to_arrow(["score"]).column(0).to_numpy()
                    return {**judged(scores), "worker_bytes": [grown, max(peaks.values())]}

                yield answer
                before.update(pool.client.run(mark_memory))

            yield once


files_100x6 = files_500x8 = _files
