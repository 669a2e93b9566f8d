"""NetworkPolicies by the rules of Kubernetes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.network_policy import Peer, Policy, Rulebook, selects
from workers.cluster.objects import LabelSelector, PolicySpec

DNS = Peer(
    name="coredns-1", namespace="kube-system", labels={"k8s-app": "kube-dns"}, addresses=("10.0.2.5",),
    ports=(("dns", 53, "UDP"), ("dns-tcp", 53, "TCP")),
)  # fmt: skip
WEB = Peer(name="web-1", namespace="shop", labels={"app": "web", "tier": "front"}, addresses=("10.0.1.5",))
NAMESPACES = {"shop": {"team": "a"}, "kube-system": {}}
TO_DNS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
BOTH = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def _policy(spec: dict[str, Any], namespace: str = "shop", name: str = "p") -> Policy:
    return Policy(namespace=namespace, name=name, spec=msgspec.convert(spec, PolicySpec))


def _egress(*specs: dict[str, Any], transport: str = "udp", strict: bool = False, server: Peer = DNS) -> bool | None:
    policies = tuple(_policy(spec, name=f"p{n}") for n, spec in enumerate(specs))
    return Rulebook(policies=policies, namespaces=NAMESPACES, strict=strict).egress(WEB, server, transport, 53).allowed


def _ingress(*specs: dict[str, Any], transport: str = "udp", client: Peer = WEB) -> bool | None:
    policies = tuple(_policy(spec, "kube-system", f"p{n}") for n, spec in enumerate(specs))
    return Rulebook(policies=policies, namespaces=NAMESPACES).ingress(client, DNS, transport, 53).allowed


def test_without_a_policy_all_is_open() -> None:
    """A pod that nothing selects may do all, except in mode strict."""
    assert _egress() is True
    assert _egress({"podSelector": {"matchLabels": {"app": "cart"}}, "policyTypes": ["Egress"]}) is True
    assert _egress(strict=True) is False


def test_default_deny_closes() -> None:
    """A policy without rules allows nothing."""
    assert _egress({"podSelector": {}, "policyTypes": ["Egress"]}) is False
    assert _egress({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": []}) is False


def test_the_types_default() -> None:
    """Without policyTypes a policy is about ingress, and about egress where it has egress rules."""
    assert _egress({"podSelector": {}}) is True
    assert _egress({"podSelector": {}, "egress": [{"ports": [{"protocol": "TCP", "port": 443}]}]}) is False
    assert _ingress({"podSelector": {}}) is False
    assert _ingress({"podSelector": {}, "policyTypes": ["Egress"]}) is True


def test_several_policies_add_up() -> None:
    """What one allows, no other takes away."""
    deny = {"podSelector": {}, "policyTypes": ["Egress"]}

    assert (
        _egress(deny, {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [TO_DNS], "ports": BOTH}]})
        is True
    )


@pytest.mark.parametrize(
    "ports,udp,tcp",
    [
        ([{"protocol": "UDP", "port": 53}], True, False),
        ([{"port": 53}], False, True),
        (BOTH, True, True),
        ([], True, True),
        ([{"protocol": "UDP"}], True, False),
        ([{"protocol": "UDP", "port": 50, "endPort": 60}], True, False),
        ([{"protocol": "UDP", "port": 54, "endPort": 60}], False, False),
        ([{"protocol": "UDP", "port": "dns"}], True, False),
        ([{"protocol": "TCP", "port": "dns"}], False, False),
        ([{"protocol": "TCP", "port": "dns-tcp"}], False, True),
        ([{"protocol": "UDP", "port": "²"}], False, False),
        ([{"protocol": "SCTP", "port": 53}], False, False),
    ],
)
def test_ports(ports: list[dict[str, Any]], udp: bool, tcp: bool) -> None:  # noqa: FBT001 - a table
    """Protocol defaults to TCP; ranges and named ports count."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [TO_DNS], "ports": ports}]}

    assert udp is _egress(spec, transport="udp")
    assert tcp is _egress(spec, transport="tcp")


@pytest.mark.parametrize(
    "peer,allowed",
    [
        ({"podSelector": {}}, False),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}, False),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "coredns"}}}, False),
        ({"ipBlock": {"cidr": "10.0.2.0/24"}}, True),
        ({"ipBlock": {"cidr": "10.0.2.0/24", "except": ["10.0.2.5/32"]}}, False),
        ({"ipBlock": {"cidr": "172.20.0.10/32"}}, False),
        ({"ipBlock": {"cidr": "rubbish"}}, False),
        ({}, False),
    ],
)
def test_peers(peer: dict[str, Any], allowed: bool) -> None:  # noqa: FBT001 - a table
    """Selectors of pods count in the policy's own namespace, ranges against the pod's own address."""
    assert allowed is _egress({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [peer]}]})


def test_ingress_is_judged_by_the_asker() -> None:
    """Namespace and pod labels of the asker, in one peer together and in two apart."""
    together = [{"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": {"matchLabels": {"app": "cart"}}}]
    apart = [{"namespaceSelector": {"matchLabels": {"team": "a"}}}, {"podSelector": {"matchLabels": {"app": "cart"}}}]

    assert _ingress({"podSelector": {}, "ingress": [{"from": together}]}) is False
    assert _ingress({"podSelector": {}, "ingress": [{"from": apart}]}) is True
    assert _ingress({"podSelector": {}, "ingress": [{}]}) is True
    assert (
        _ingress(
            {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}], "ports": BOTH[:1]}]}, transport="tcp"
        )
        is False
    )


def test_what_is_not_known_of_a_pod_is_not_denied() -> None:
    """A namespace whose pods nobody may see is closed only if no label and no address could open it."""
    unknown = Peer(name="*", namespace="shop")

    def allowed(peer: dict[str, Any]) -> bool | None:
        return _ingress({"podSelector": {}, "ingress": [{"from": [peer]}]}, client=unknown)

    assert allowed({"namespaceSelector": {"matchLabels": {"team": "b"}}}) is False
    assert allowed({"namespaceSelector": {"matchLabels": {"team": "a"}}}) is True
    assert allowed({"namespaceSelector": {}, "podSelector": {"matchLabels": {"dns": "yes"}}}) is None
    assert allowed({"ipBlock": {"cidr": "10.0.0.0/8"}}) is None


@pytest.mark.parametrize(
    "expression,matched",
    [
        (("tier", "In", ["front", "back"]), True),
        (("tier", "In", ["back"]), False),
        (("tier", "NotIn", ["back"]), True),
        (("tier", "NotIn", ["front"]), False),
        (("absent", "NotIn", ["x"]), True),
        (("tier", "Exists", []), True),
        (("absent", "Exists", []), False),
        (("absent", "DoesNotExist", []), True),
        (("tier", "DoesNotExist", []), False),
        (("tier", "Gt", ["1"]), False),
    ],
)
def test_expressions(expression: tuple[str, str, list[str]], matched: bool) -> None:  # noqa: FBT001 - a table
    """All operators of a label selector; one that does not exist matches nothing."""
    key, operator, values = expression
    made = {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}

    assert matched is selects(msgspec.convert(made, LabelSelector), WEB.labels or {})


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=3)


@given(LABELS, LABELS)
def test_match_labels_is_a_subset(wanted: dict[str, str], labels: dict[str, str]) -> None:
    """A selector by labels matches whoever has them all."""
    assert (wanted.items() <= labels.items()) is selects(LabelSelector(match_labels=wanted), labels)
