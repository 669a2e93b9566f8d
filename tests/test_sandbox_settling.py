"""The parts of a pretend cluster follow its objects: slices, counts, rules on nodes, open ports, and where CoreDNS asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import pytest

from contract.model import Effect
from contract.model import Path as Way
from sandbox.cluster import Sandbox
from sandbox.kube.objects import running
from sandbox.worlds import World, healthy, load
from sandbox.worlds.changing import changed, edited_corefile, one, without
from sandbox.worlds.pod_states import anew, crashing, unscheduled
from sandbox.worlds.settling import settled
from tests.pretend import door, lead_to, opened
from workers.cluster import CannotRead
from workers.cluster.grants import Resource

pytestmark = pytest.mark.timeout(60)

SYSTEM = "kube-system"


@pytest.fixture(scope="module")
def well() -> World:
    """The healthy world."""
    return healthy.world()


@pytest.fixture(scope="module")
def crashed() -> Iterator[Sandbox]:
    """A cluster whose CoreDNS pods end as soon as they start."""
    with Sandbox(load("corefile-syntax-crashloop")) as sandbox:
        yield sandbox


# Controllers


def test_what_is_settled_stays_as_it_is(well: World) -> None:
    """Controllers find nothing to do in the recording of a cluster at rest."""
    assert well.objects == settled(well.objects, 0)


def test_slices_and_counts_follow_the_pods(well: World) -> None:
    """A pod that is not ready, and one without a node, are told of in slices, Deployment, ReplicaSet and budget."""

    def change(pod: Any) -> None:
        name = pod["metadata"]["name"]
        anew(pod, 100)
        if name.endswith("dz8zj"):
            crashing(pod, 50, restarts=4)
        else:
            unscheduled(pod, 90, message="0/3 nodes are available")

    objects = settled(changed(well.objects, "Pod", "coredns-", change), 60)
    (endpoint,) = one(objects, "EndpointSlice", "kube-dns-")["endpoints"]
    deployment, budget = (one(objects, kind, "coredns")["status"] for kind in ("Deployment", "PodDisruptionBudget"))

    assert (["10.20.3.152"], False) == (endpoint["addresses"], endpoint["conditions"]["ready"])
    assert "coredns-68f9d58b64-jz8zd" == endpoint["targetRef"]["name"]
    assert (2, 2, None) == (
        deployment["replicas"], deployment["unavailableReplicas"], deployment.get("readyReplicas")
    )  # fmt: skip
    assert "False" == next(c["status"] for c in deployment["conditions"] if c["type"] == "Available")
    assert (0, 0) == (budget["currentHealthy"], budget["disruptionsAllowed"])


def test_a_service_that_is_gone_takes_its_slices_along(well: World) -> None:
    """And no other's."""
    left = settled(without(well.objects, "Service", "kube-dns"), 10)

    assert {"kubernetes", "api-gmmkh", "web-bkcbw"} == {
        o["metadata"]["name"] for o in left if o["kind"] == "EndpointSlice"
    }


@pytest.mark.parametrize(
    "status,expected",
    [
        ({"phase": "Running"}, {"a", "b"}),
        ({"phase": "Pending"}, set()),
        ({}, set()),
        ({"phase": "Running", "containerStatuses": [{"name": "a", "state": {"waiting": {}}}]}, {"b"}),
        ({"phase": "Running", "containerStatuses": [{"name": "b", "state": {"running": {}}}]}, {"a", "b"}),
    ],
)
def test_containers_run_as_the_status_says(status: dict[str, Any], expected: set[str]) -> None:
    """All of a running pod, but those whose own state is another."""
    pod = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}, "status": status}

    assert expected == running(pod)


# What runs, and what does not


def test_a_container_that_does_not_run_serves_nothing(crashed: Sandbox, tmp_path: Path) -> None:
    """No page and no answer comes from a crashed CoreDNS pod; the log of the container before is there."""
    name = one(crashed.kube.objects.all("Pod"), "Pod", "coredns-")["metadata"]["name"]
    dial = crashed.kube.dialler(SYSTEM, name)
    assert dial is not None
    for port in (53, 8080, 9153):
        with pytest.raises(ConnectionRefusedError):
            dial(port)
    log = Resource(verb="get", resource="pods", namespace=SYSTEM, name=name, subresource="log")
    with door(crashed, tmp_path) as api:
        text, _ = api.text(log, {"previous": "true", "container": "coredns"})

    assert text.endswith("/etc/coredns/Corefile:9 - Error during parsing: unknown property 'upstream'\n")
    assert "10.20.3.152" not in crashed.servers


def test_a_pod_that_never_ran_has_no_log(tmp_path: Path) -> None:
    """The API's own word for it is passed on."""
    with Sandbox(load("coredns-image-pull")) as sandbox:
        name = one(sandbox.kube.objects.all("Pod"), "Pod", "coredns-")["metadata"]["name"]
        log = Resource(verb="get", resource="pods", namespace=SYSTEM, name=name, subresource="log")
        with door(sandbox, tmp_path) as api, pytest.raises(CannotRead) as caught:
            api.text(log, {"container": "coredns"})

    assert "is waiting to start: ImagePullBackOff" in caught.value.reason


def test_a_node_without_kube_proxy_reaches_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the ClusterIP is silent, and every CoreDNS pod answers; elsewhere both do."""
    world = load("kube-proxy-absent-on-node")
    with Sandbox(world) as sandbox:
        lead_to(sandbox, monkeypatch)
        with opened(sandbox) as cluster:
            survey = cluster.survey()
    alone = "ip-10-20-1-10.ec2.internal"

    assert {Effect.SILENT} == {a.effect for a in survey.asked if (a.node, a.target.path) == (alone, Way.CLUSTER_IP)}
    assert {Effect.OK} == {a.effect for a in survey.asked if a.node != alone or a.target.path is Way.REPLICA}


@pytest.mark.parametrize(
    "target,rcode", [("/etc/resolv.conf", "NOERROR"), ("10.20.0.2", "NOERROR"), ("10.20.9.53 10.20.9.54", "SERVFAIL")]
)
def test_coredns_forwards_where_its_corefile_says(well: World, target: str, rcode: str) -> None:
    """To the node's own name servers, or to an address; where none is, outside names fail and the cluster's do not."""
    objects = edited_corefile(well.objects, "forward . /etc/resolv.conf", f"forward . {target}", 100)
    with Sandbox(replace(well, objects=objects)) as sandbox:
        replies = [_asked(sandbox, name) for name in ("amazon.com", "kubernetes.default.svc.cluster.local")]

    assert [rcode, "NOERROR"] == replies


def test_a_pod_that_hears_nothing_keeps_what_it_knew() -> None:
    """A Service made since is unknown to it, and known to the other; those of before are known to both."""
    with Sandbox(load("coredns-api-unreachable-or-desynced")) as sandbox:
        names = ("stock.shop.svc.cluster.local", "web.shop.svc.cluster.local")
        found = [[_asked(sandbox, name, at) for name in names] for at in ("10.20.3.134", "10.20.2.133")]

    assert [["NXDOMAIN", "NOERROR"], ["NOERROR", "NOERROR"]] == found


def _asked(sandbox: Sandbox, name: str, at: str = "10.20.3.134") -> str:
    wire = sandbox.servers[at].asked(dns.message.make_query(name, "A").to_wire(), "tcp")
    assert wire is not None
    return dns.rcode.to_text(dns.message.from_wire(wire).rcode())
