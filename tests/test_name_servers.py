"""Name servers beside kube-dns, and the kubelets' warnings about the pods that ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sandbox.cluster import Sandbox
from workers.checks.pod_dns_settings import told
from workers.cluster.name_servers import beside_kube_dns, may_know, serving
from workers.cluster.objects import Event, Pod

from .pretend import healthy, lead_to, opened

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    "address,expected",
    [
        ("127.0.0.1", True), ("169.254.25.10", True), ("172.20.3.4", True), ("fe80::1", True),
        ("169.254.169.253", False), ("fd00:ec2::253", False), ("10.20.0.2", False), ("8.8.8.8", False), ("", False),
        ("dns.corp", False),
    ],
)  # fmt: skip
def test_a_server_that_may_know_the_cluster(address: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """A cache in the pod or on its node, or another Service, may well ask CoreDNS; the VPC's resolver never does."""
    assert expected == may_know(address, "172.20.0.0/16")


@pytest.mark.parametrize("cidr", ["", "nonsense", "fd00::/108"])
def test_an_address_without_a_known_range(cidr: str) -> None:
    """Where the range of the Services is not known, an address is not taken for one of theirs."""
    assert not may_know("172.20.3.4", cidr)


@pytest.mark.parametrize(
    "event,expected",
    [
        ({"involvedObject": {"uid": "new"}}, 1),
        ({"involvedObject": {"uid": "old"}}, 0),
        ({"lastTimestamp": "2026-01-01T09:00:00Z"}, 0),
        ({"lastTimestamp": "2026-01-01T11:00:00Z"}, 1),
        ({}, 1),
        ({"reason": "Pulled"}, 0),
    ],
)
def test_a_warning_is_about_this_very_pod(event: dict[str, object], expected: int) -> None:
    """What the kubelet said of a StatefulSet's former pod of the same name says nothing of the one that is there now."""
    about = {"kind": "Pod", "namespace": "shop", "name": "db-0"} | dict(event.get("involvedObject") or {})  # type: ignore[call-overload]
    raw = {"reason": "DNSConfigForming", "message": "too many", **event, "involvedObject": about}
    meta = {"name": "db-0", "namespace": "shop", "uid": "new", "creationTimestamp": "2026-01-01T10:00:00Z"}
    pod = msgspec.convert({"metadata": meta}, Pod)

    found = list(told([msgspec.convert(raw, Event)], {"shop/db-0": pod}, NOW))

    assert expected == len(found)


def _service(name: str, address: str, port: int, selector: dict[str, str]) -> dict[str, Any]:
    ports = [{"name": "p", "port": port, "protocol": "UDP"}]
    spec = {"clusterIP": address, "clusterIPs": [address], "selector": selector, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


@pytest.fixture(scope="module")
def beside() -> Iterator[Sandbox]:
    """A healthy cluster in which an application's namespace has a name server and a Service that is none."""
    with healthy() as running:
        running.kube.objects.put(_service("resolver", "172.20.9.53", 53, {"app": "resolver"}))
        running.kube.objects.put(_service("shelf", "172.20.9.80", 80, {"app": "shelf"}))
        yield running


@pytest.mark.parametrize(
    "address,expected",
    [("172.20.9.53", True), ("172.20.9.80", False), ("169.254.25.10", True), ("10.0.0.2", False), ("8.8.8.8", False)],
)
def test_an_address_that_pods_name(
    beside: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A Service for DNS may lead to CoreDNS, one for anything else does not, nor does what lies outside of the cluster."""
    lead_to(beside, monkeypatch)
    with opened(beside) as cluster:
        found = beside_kube_dns(cluster, [address])

    assert ((address,) if expected else ()) == found


@pytest.mark.parametrize(
    "labels,port,expected",
    [({"app": "resolver"}, 5353, True), ({"app": "web"}, 53, True), ({"app": "shelf"}, 80, False)],
)
def test_a_pod_that_answers_dns(
    beside: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    labels: dict[str, str],
    port: int,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A pod is a name server where it declares port 53, or where a Service leads its port 53 to it."""
    meta = {"name": "a", "namespace": "shop", "labels": labels}
    pod = msgspec.convert({"metadata": meta, "spec": {"containers": [{"ports": [{"containerPort": port}]}]}}, Pod)
    lead_to(beside, monkeypatch)
    with opened(beside) as cluster:
        found = serving(cluster, {"shop/a": pod})

    assert expected == ("shop/a" in found)
