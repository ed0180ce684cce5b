"""The scheduler's `/metrics`: Dask's own in Prometheus' text format, and the pool's after them."""

from __future__ import annotations

from collections.abc import Callable

from distributed.http.scheduler.prometheus.core import PrometheusHandler
from tornado.web import RequestHandler

from pools.watch import Watch

# Where another's scheduler has the lines of our pools: its `/metrics` is there already.
FAR_METRICS = "/tarn/metrics"


class MetricsHandler(PrometheusHandler):  # type: ignore[misc]
    """Reads the pool's lines from its plugin on the scheduler."""

    def get(self) -> None:
        super().get()
        watch = self.server.plugins.get(Watch.name)
        if watch is not None:
            self.write(watch.metrics())


class FarMetricsHandler(RequestHandler):  # type: ignore[misc]
    """Our lines alone, on another's scheduler."""

    def initialize(self, metrics: Callable[[], str]) -> None:
        self.metrics = metrics

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; version=0.0.4")
        self.write(self.metrics())


# What `distributed.scheduler.http.routes` wants of a module.
routes: list[tuple[str, type, dict[str, object]]] = [("/metrics", MetricsHandler, {})]
