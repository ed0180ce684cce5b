"""Settings that make no sense are refused, by name."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from pools import TLS, PoolSpec, PoolSpecError
from pools.spec import memory_bytes

CERTIFICATES = TLS("ca.pem", "cert.pem", "key.pem")


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("name", {"name": "1st"}),
        ("name", {"name": "two words"}),
        ("name", {"name": 7}),
        ("nodes", {"nodes": 0}),
        ("nodes", {"nodes": True}),
        ("nodes", {"nodes": 1.5}),
        ("threads", {"threads": 0}),
        ("memory", {"memory": 0}),
        ("memory", {"memory": "2 apples"}),
        ("memory", {"memory": "-2GiB"}),
        ("memory", {"memory": "1MB"}),
        ("host", {"host": ""}),
        ("host", {"host": "127.0.0.1:80"}),
        ("dashboard_port", {"dashboard_port": 65536}),
        ("dashboard_port", {"dashboard_port": -1}),
        ("preload", {"preload": "numpy"}),
        ("preload", {"preload": [1]}),
        ("start_seconds", {"start_seconds": float("nan")}),
        ("allowed_failures", {"allowed_failures": -1}),
        ("address", {"address": "10.0.0.1:8786"}),
        ("address", {"address": "http://10.0.0.1:8786"}),
        ("tls", {"address": "tls://10.0.0.1:8786"}),
        ("tls", {"address": "tcp://10.0.0.1:8786", "tls": CERTIFICATES}),
        ("tls", {"tls": CERTIFICATES}),
        ("threads", {"address": "tcp://10.0.0.1:8786", "threads": 2}),
        ("memory", {"address": "tcp://10.0.0.1:8786", "memory": "2GiB"}),
        ("spill", {"address": "tcp://10.0.0.1:8786", "spill": "/tmp"}),
        ("dashboard_port", {"address": "tcp://10.0.0.1:8786", "dashboard_port": None}),
    ],
)
def test_a_bad_setting_is_named(field: str, options: dict[str, Any]) -> None:
    with pytest.raises(PoolSpecError, match=f"^{field}=") as refused:
        PoolSpec.dedicated(**{"name": "dw", "nodes": 1, **options})
    assert refused.value.data["field"] == field
    assert refused.value.hint


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("max_workers", {"max_workers": 0}),
        ("idle_seconds", {"idle_seconds": -1}),
        ("idle_seconds", {"idle_seconds": "60"}),
        ("threads", {"threads": "2"}),
    ],
)
def test_a_bad_serverless_setting_is_named(field: str, options: dict[str, Any]) -> None:
    with pytest.raises(PoolSpecError, match=f"^{field}="):
        PoolSpec.serverless(**{"name": "s", "max_workers": 1, **options})


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2GiB", 2 * 2**30),
        ("500MB", 500_000_000),
        ("1.5 GB", 1_500_000_000),
        ("134217728", 2**27),
        ("1T", 10**12),
    ],
)
def test_memory_as_text(text: str, count: int) -> None:
    assert memory_bytes(text) == count
    assert PoolSpec.dedicated("dw", nodes=1, memory=text).memory == count


def test_a_spec_is_a_value() -> None:
    spec = PoolSpec.serverless("s", max_workers=3, threads=2, spill="/scratch")
    assert spec == pickle.loads(pickle.dumps(spec))
    assert (spec.kind, spec.policy.widest, spec.policy.threads) == ("serverless", 3, 2)
