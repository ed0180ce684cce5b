"""The scheduler's `/metrics`: Dask's own in Prometheus' text format, and the pool's after them."""

from __future__ import annotations

from distributed.http.scheduler.prometheus.core import PrometheusHandler

from pools.watch import Watch


class MetricsHandler(PrometheusHandler):  # type: ignore[misc]
    """Reads the pool's lines from its plugin on the scheduler."""

    def get(self) -> None:
        super().get()
        watch = self.server.plugins.get(Watch.name)
        if watch is not None:
            self.write(watch.metrics())


# What `distributed.scheduler.http.routes` wants of a module.
routes: list[tuple[str, type, dict[str, object]]] = [("/metrics", MetricsHandler, {})]
