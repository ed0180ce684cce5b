"""What a pool adds to a scheduler in another process: a sampler, and its observer's pages and metrics.

These functions run there, so that process must have Tarn installed, and must see what the pages show. Who may
open them is for the scheduler's owner to settle, as it is for Dask's own pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pools.metrics import FAR_METRICS, FarMetricsHandler
from pools.sampler import Sampler
from pools.web import add_pages

if TYPE_CHECKING:
    from pools.observer import Page, Sample


def begin_sampling(name: str, dask_scheduler: Any = None) -> None:
    """Have a sampler of this name on the scheduler."""
    sampler = Sampler(dask_scheduler)
    dask_scheduler.add_plugin(sampler, name=name)


def take_sample(name: str, dask_scheduler: Any = None) -> Sample | None:
    """What the sampler of this name has seen since it was asked before; None if it has gone."""
    sampler = dask_scheduler.plugins.get(name)
    return None if sampler is None else sampler.sample()


def end_sampling(name: str, dask_scheduler: Any = None) -> None:
    """Take the sampler of this name off the scheduler."""
    if name in dask_scheduler.plugins:
        dask_scheduler.remove_plugin(name=name)


async def show_pages(pages: Callable[[], Mapping[str, Page]], dask_scheduler: Any = None) -> None:
    """Add pages to the scheduler's dashboard, unless it has none, or has pages of these names already."""
    if "dashboard" not in dask_scheduler.services:
        return
    made = dict(pages())
    shown = dask_scheduler.__dict__.setdefault("_tarn_pages", set())
    if made and not shown & set(made):
        shown.update(made)
        add_pages(dask_scheduler, made)


def show_metrics(metrics: Callable[[], str], dask_scheduler: Any = None) -> None:
    """Add a route with our metrics to the scheduler's HTTP server, unless it has one."""
    shown = dask_scheduler.__dict__.setdefault("_tarn_pages", set())
    if FAR_METRICS not in shown:
        shown.add(FAR_METRICS)
        route = (FAR_METRICS, FarMetricsHandler, {"metrics": metrics})
        dask_scheduler.http_application.add_handlers(r".*", [route])
