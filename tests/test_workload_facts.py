"""Small readings that several checks share: ages, sorts of nodes, ports, owners, versions, pods."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster import ages, compute, endpoints, versions
from workers.cluster.addons import Owner
from workers.cluster.compute import Compute
from workers.cluster.endpoints import NamedPort
from workers.cluster.objects import Node, Pod, Toleration, decode
from workers.cluster.proxies import container
from workers.cluster.whole import of_coredns
from workers.cluster.workload import view


def _node(**parts: Any) -> Node:
    return decode(json.dumps(parts).encode(), Node)


@pytest.mark.parametrize(
    "stamp,age",
    [
        ("2026-11-23T16:00:00Z", 60.0),
        ("2026-11-23T16:00:00.500000Z", 59.5),
        ("2026-11-23T17:00:00+01:00", 60.0),
        ("2026-11-23T16:02:00Z", 0.0),
        ("", None),
        ("yesterday", None),
        ("0000-00-00T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
)
def test_a_time_becomes_an_age(stamp: str, age: float | None) -> None:
    """ISO times become seconds; a clock ahead of ours gives 0, and what is no time gives None."""
    now = ages.seconds("2026-11-23T16:01:00Z")

    assert now is not None
    assert age == ages.age(stamp, now)


@given(st.text())
def test_any_stamp_is_survived(stamp: str) -> None:
    """Whatever stands where a time should, it is an age or None."""
    found = ages.age(stamp, 1.8e9)

    assert found is None or found >= 0


@pytest.mark.parametrize(
    "seconds,words", [(None, "an unknown time"), (3, "3 s"), (600, "10 min"), (9000, "2 h"), (9e5, "10 days")]
)
def test_ages_have_words(seconds: float | None, words: str) -> None:
    """An age is said in the unit that people would take."""
    assert words == ages.words(seconds)


@pytest.mark.parametrize(
    "labels,system,expected",
    [
        ({}, "linux", Compute.EC2),
        ({"eks.amazonaws.com/compute-type": "fargate"}, "linux", Compute.FARGATE),
        ({"eks.amazonaws.com/compute-type": "auto"}, "linux", Compute.AUTO),
        ({"eks.amazonaws.com/compute-type": "hybrid"}, "linux", Compute.HYBRID),
        ({"eks.amazonaws.com/compute-type": "spot"}, "linux", Compute.EC2),
        ({"kubernetes.io/os": "windows"}, "", Compute.WINDOWS),
    ],
)
def test_nodes_have_their_sort(labels: dict[str, str], system: str, expected: Compute) -> None:
    """The sort of a node comes from EKS' label and the operating system."""
    node = _node(metadata={"name": "n", "labels": labels}, status={"nodeInfo": {"operatingSystem": system}})

    assert expected is compute.compute(node)


@pytest.mark.parametrize(
    "terms,left_out",
    [
        ([], False),
        ([{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}], False),
        ([{"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}], True),
        (
            [{"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, {"matchExpressions": []}],
            False,
        ),
        ([{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}], True),
        ([{"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}], False),
        ([{"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]}], False),
        ([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["other"]}]}], True),
    ],
)
def test_a_required_affinity_leaves_nodes_out(terms: list[Any], *, left_out: bool) -> None:
    """A node is left out only where no term fits it; an operator that is not known does not leave it out."""
    node = _node(metadata={"name": "n", "labels": {"zone": "a"}})
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}

    assert left_out == bool(compute.left_out_by(affinity, node))


@pytest.mark.parametrize(
    "tolerations,repelled",
    [
        ((), True),
        ((Toleration(operator="Exists"),), False),
        ((Toleration(key="team", value="a", effect="NoSchedule"),), False),
        ((Toleration(key="team", value="b"),), True),
        ((Toleration(key="team", operator="Exists", effect="NoExecute"),), True),
    ],
)
def test_a_taint_repels_what_does_not_tolerate_it(tolerations: tuple[Toleration, ...], *, repelled: bool) -> None:
    """A taint keeps a pod off unless a toleration matches it; the node's own state does not count."""
    taints = [
        {"key": "team", "value": "a", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},
    ]

    assert repelled == bool(compute.repelled(tolerations, _node(metadata={"name": "n"}, spec={"taints": taints})))


def test_a_target_port_is_resolved_by_name_and_protocol() -> None:
    """A named target port means the pod's port of that name and protocol, or nothing."""
    ports = (NamedPort(name="dns", number=1053, protocol="UDP"), NamedPort(name="dns", number=1054, protocol="TCP"))
    found = [endpoints.resolved(target, "UDP", ports) for target in ("dns", "53", 53, "domain")]

    assert [1053, 53, 53, None] == found


@pytest.mark.parametrize(
    "version,minor",
    [("v1.34.4-eks-1234", 34), ("1.30", 30), ("v1.30.4", 30), ("v2.1.0", None), ("latest", None), ("", None)],
)
def test_minor_versions_are_read(version: str, minor: int | None) -> None:
    """The minor version is the second number of a version 1."""
    assert minor == versions.minor(version)


@pytest.mark.parametrize(
    "image,minor",
    [
        ("registry.example:5000/eks/kube-proxy:v1.34.4-minimal-eksbuild.1", 34),
        ("registry.example:5000/eks/kube-proxy", None),
        ("registry.example/kube-proxy@sha256:abcd", None),
        ("registry.example/kube-proxy:v1.33.0@sha256:abcd", 33),
    ],
)
def test_the_minor_version_of_an_image_is_its_tags(image: str, minor: int | None) -> None:
    """A registry's port is no tag, and a digest has no version."""
    assert minor == versions.image_minor(image)


def test_new_values_keep_the_present_configuration() -> None:
    """Since an update replaces all values, the command holds those that are set already."""
    present = 'corefile: ".:53 {}"\nresources: {limits: {cpu: 1}}'
    merged = Owner(addon="coredns", managed=True, configuration=present).merged(
        '{"resources": {"limits": {"memory": "1Gi"}}}'
    )

    assert {"corefile": ".:53 {}", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}} == json.loads(merged)


def test_names_in_commands_are_quoted() -> None:
    """What AWS calls a version is quoted for the shell."""
    command = Owner(addon="coredns", cluster="cluster-a", region="us-east-1").update(version="v1; rm -rf /")

    assert command.endswith("--addon-version 'v1; rm -rf /'")


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"metadata": None, "spec": None, "status": {}},
        {"spec": {"containers": None}, "status": {"containerStatuses": None, "phase": "Unknown"}},
        {
            "status": {
                "containerStatuses": [{"name": "other", "state": {"waiting": {}}}],
                "conditions": [{"type": "Ready"}],
            }
        },
        {
            "metadata": {"creationTimestamp": "soon", "deletionTimestamp": "now"},
            "status": {"podIPs": [{"ip": "fd00::1"}]},
        },
    ],
)
def test_odd_pods_are_survived(raw: dict[str, Any]) -> None:
    """A pod with holes is a pod that is not ready."""
    seen = view(decode(json.dumps(raw).encode(), Pod), "coredns", 1.8e9)

    assert (False, 0) == (seen.ready, seen.restarts)
    assert seen.line.startswith("pod kube-system/")


def _pod(called: str, *, owner: str = "", phase: str = "Running", **one: Any) -> Pod:
    owners = [{"kind": "ReplicaSet", "name": owner}] if owner else []
    labels = {"k8s-app": "kube-dns"} | ({"component": "coredns"} if owner else {})
    metadata = {"name": called, "labels": labels, "ownerReferences": owners}
    made = {"metadata": metadata, "spec": {"containers": [one]}, "status": {"phase": phase}}
    return decode(json.dumps(made).encode(), Pod)


COREDNS = _pod("coredns", name="coredns", image="coredns:1.12")
MIRRORED = _pod("mirrored", owner="coredns-5d78c9869d", name="dns", image="mirror/dns:7")
CONFIGURED = _pod("configured", name="dns", image="mirror/dns:7", args=["-conf", "/etc/coredns/Corefile"])
REPORT = _pod("report", name="report", image="report:1")
ENDED = _pod("ended", phase="Failed", name="coredns", image="coredns:1.12")
UNBOUND = _pod("unbound", owner="unbound-7c9", name="unbound", image="unbound:1")


@pytest.mark.parametrize(
    "pods,selector,expected",
    [
        ((COREDNS, REPORT, ENDED), {"k8s-app": "kube-dns", "component": "coredns"}, ["coredns"]),
        ((COREDNS, REPORT), {"k8s-app": "kube-dns"}, ["coredns"]),
        ((COREDNS, MIRRORED, CONFIGURED), {"k8s-app": "none"}, ["coredns", "mirrored", "configured"]),
        ((UNBOUND, REPORT), {"component": "coredns"}, ["unbound"]),
        ((REPORT,), {"component": "coredns"}, []),
        ((REPORT,), {}, ["report"]),
    ],
)
def test_coredns_is_told_from_what_bears_its_label(
    pods: tuple[Pod, ...], selector: dict[str, str], expected: list[str]
) -> None:
    """Pods that run CoreDNS count whatever kube-dns selects; others only where it selects nothing that runs it."""
    found = [pod.name for pod in of_coredns(pods, selector)]

    assert expected == found


@pytest.mark.parametrize(
    "one,expected",
    [
        ({"name": "proxy", "image": "registry:5000/eks/kube-proxy:v1.34@sha256:1"}, "proxy"),
        ({"name": "proxy", "image": "hyperkube:1", "command": ["/usr/bin/kube-proxy", "--v=2"]}, "proxy"),
        ({"name": "proxy", "image": "base:1", "command": ["sh", "-c", "exec kube-proxy --config=/c"]}, "proxy"),
        ({"name": "debug", "image": "eks/kube-proxy:v1.34", "command": ["sleep", "60"]}, ""),
        ({"name": "web", "image": "kube-proxy-exporter:1"}, ""),
    ],
)
def test_kube_proxy_is_known_by_what_it_starts(one: dict[str, Any], expected: str) -> None:
    """A pod is a kube-proxy by its program, or by its image where that starts its own; not by its name."""
    name = container(_pod("any", **one))

    assert expected == name
