"""A scheduler and workers that others have started, in processes of their own: plain and with TLS."""

from __future__ import annotations

import datetime
import ipaddress
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster, cluster
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pool_cases import in_background
from waiting import eventually

from pools import TLS, Pool, PoolCapacityError, PoolSpec, PoolStartError, PoolStateError, WorkCancelledError
from pools.meter import Usage
from pools.observer import Observer, Sample
from pools.worker import count, native_threads


def certificate(
    folder: Path, name: str, signer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None
) -> tuple:
    """Write NAME.pem and NAME.key, signed by the signer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = signer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(host, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(*private))
    return subject, key


def certificates(folder: Path) -> TLS:
    signer = certificate(folder, "ca", None)
    certificate(folder, "node", signer)
    return TLS(folder / "ca.pem", folder / "node.pem", folder / "node.key")


@pytest.fixture(scope="module", params=["tcp", "tls"])
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp(request.param)
    tls = certificates(folder) if request.param == "tls" else None
    with cluster(folder, tls, modules=Path(__file__).parent) as there:
        yield there


def begin_and_wait(path: str) -> None:
    from time import sleep

    Path(path).with_name("begun").touch()
    while not Path(path).exists():
        sleep(0.01)


def square(number: int) -> int:
    count(squares=1)
    return number * number


def remark(document: Any, extra: Any) -> None:
    """A page of the pool's user."""


def far_pages() -> dict[str, Any]:
    return {"remark": remark}


def far_metrics() -> str:
    return "tarn_answer 42\n"


class Told(Observer):
    samples = True

    def __init__(self) -> None:
        self.tasks: Counter[str] = Counter()
        self.workers: list[str] = []

    def joined(self, worker: str, address: str, threads: int, memory: int) -> None:
        self.workers.append(worker)

    def sampled(self, sample: Sample, usage: Usage) -> None:
        self.tasks.update({name: one.tasks for name, one in sample.totals.items()})

    def pages_elsewhere(self) -> Any:
        return far_pages

    def metrics_elsewhere(self) -> Any:
        return far_metrics


@pytest.mark.usefixtures("no_leaks")
def test_a_far_scheduler_is_sampled_and_shows_pages(far: Cluster) -> None:
    for _ in range(2):  # the second pool finds the pages there, and samples by itself
        told = Told()
        with Pool(far.spec(2), observer=told) as pool:
            assert len(told.workers) == 2
            pool.map(square, range(20), label="square")
            eventually(lambda told=told: told.tasks["square"] == 20)
            page = str(pool.dashboard_link).replace("/status", "/remark")
            with urllib.request.urlopen(page) as answer:
                assert answer.status == 200
            with urllib.request.urlopen(page.replace("/remark", "/tarn/metrics")) as answer:
                assert answer.read() == b"tarn_answer 42\n"
            plugins = pool.client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.plugins))
            assert sum(name.startswith("tarn-sampler") for name in plugins) == 1


@pytest.mark.usefixtures("no_leaks")
def test_work_is_done_and_counted(far: Cluster) -> None:
    assert far.address.startswith("tls" if far.tls else "tcp")
    with Pool(far.spec(2)) as pool:
        assert (pool.worker_count, repr(pool)) == (
            2,
            f"<Pool 'far' dedicated running: 2 of 2 workers x 1 threads at {far.address}>",
        )
        assert pool.map(square, range(50), label="square") == [number * number for number in range(50)]
        assert pool.map(lambda item, common: item + len(common), [1], label="c", common=bytes(6_000_000)) == [
            6_000_001
        ]
        assert pool.map(lambda _: native_threads(), [0], label="threads") == [1]
        assert pool.usage().counts == {"squares": 50.0}
        with urllib.request.urlopen(str(pool.dashboard_link)) as page:
            assert page.status == 200


def test_what_others_count_on_the_same_scheduler_is_not_ours(far: Cluster) -> None:
    with Pool(far.spec(2)) as ours, Pool(far.spec(1)) as theirs:
        theirs.map(square, range(5), label="square")
        ours.map(square, range(3), label="square")
        assert (ours.usage().counts["squares"], theirs.usage().counts["squares"]) == (3.0, 5.0)


def test_its_workers_are_others_to_size(far: Cluster) -> None:
    with Pool(far.spec(1)) as pool:
        with pytest.raises(PoolCapacityError, match="'far' belong to others"):
            pool.scale(1)
        with pool.hold():
            assert pool.worker_count == 2


def test_a_pause_cancels_our_work_and_leaves_the_workers_to_others(far: Cluster, tmp_path: Path) -> None:
    never = str(tmp_path / "never")

    with Pool(far.spec(2)) as pool, Pool(far.spec(2)) as other:

        def told() -> None:
            with pytest.raises(WorkCancelledError, match=r"Pool 'far' was paused"):
                pool.map(begin_and_wait, [never], label="wait")

        with in_background(told):
            eventually((tmp_path / "begun").exists)
            pool.pause()
        assert (pool.state, pool.worker_count, other.worker_count) == ("paused", 0, 2)
        with pytest.raises(PoolStateError):
            pool.map(square, [1], label="square")
        pool.resume()
        (tmp_path / "never").touch()
        assert pool.map(square, [3], label="square") == [9]


def test_fewer_workers_than_nodes_are_a_failed_start(far: Cluster) -> None:
    with pytest.raises(PoolStartError, match=r"'far' was not up after 1 s: 2 of 3 workers"):
        Pool(far.spec(3, start_seconds=1)).start()


def test_a_serverless_pool_there_takes_the_workers_as_they_are(far: Cluster) -> None:
    with Pool(
        PoolSpec.serverless("far", max_workers=2, idle_seconds=0, address=far.address, tls=far.tls)
    ) as pool:
        assert pool.map(square, [2], label="square") == [4]
        assert pool.worker_count == 2
        assert pool.usage().worker_seconds > 0


@pytest.mark.usefixtures("no_leaks")
def test_where_nobody_answers_is_a_failed_start() -> None:
    with pytest.raises(PoolStartError, match=r"'far' gets no answer from a scheduler at tcp://127.0.0.1:9"):
        Pool(PoolSpec.dedicated("far", nodes=1, address="tcp://127.0.0.1:9", start_seconds=1)).start()


def test_the_wrong_certificates_are_not_let_in(far: Cluster, tmp_path: Path) -> None:
    if far.tls is None:
        pytest.skip("a plain scheduler asks for none")
    strangers = certificates(tmp_path)
    with pytest.raises(PoolStartError, match=f"no answer from a scheduler at {far.address}"):
        Pool(PoolSpec.dedicated("far", nodes=1, address=far.address, tls=strangers, start_seconds=2)).start()
    missing = TLS(tmp_path / "no.pem", strangers.cert, strangers.key)
    with pytest.raises(PoolStartError, match=r"has no certificate file .*no.pem"):
        Pool(PoolSpec.dedicated("far", nodes=1, address=far.address, tls=missing)).start()


def test_a_scheduler_that_dies_ends_the_work_with_a_word(tmp_path: Path) -> None:
    with cluster(tmp_path, None) as there, Pool(there.spec(2, start_seconds=10)) as pool:

        def told() -> None:
            with pytest.raises(WorkCancelledError, match="Work 'wait' was cancelled"):
                pool.map(begin_and_wait, [str(tmp_path / "never")], label="wait")

        with in_background(told):
            eventually((tmp_path / "begun").exists)
            for process in there.processes:
                process.kill()
