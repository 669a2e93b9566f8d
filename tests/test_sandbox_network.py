"""The pretend network drops what its own rules drop: security groups, network ACLs, NetworkPolicies and a VPC without DNS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from contract.model import Effect, Path
from sandbox.aws import AwsData
from sandbox.aws.packets import passes
from sandbox.cluster import Sandbox
from sandbox.dns import Authority, Manners, NameServer, Zone
from sandbox.kube import Objects
from sandbox.kube.policies import Policies, chosen_by
from sandbox.replica import Replica
from sandbox.worlds import load
from sandbox.worlds.recording import ago
from tests.pretend import lead_to, opened

pytestmark = pytest.mark.timeout(60)

VPC = {"id": "vpc-1", "cidr": "10.20.0.0/16"}
ONE, TWO, FAR = "10.20.1.130", "10.20.1.140", "10.20.2.130"
ALL = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ENTRY = {"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
NO_ANSWERS = (
    {**ENTRY, "Egress": True},
    {**ENTRY, "Egress": False, "Protocol": "6"},
    {**ENTRY, "Egress": False, "RuleNumber": 110, "Protocol": "17", "PortRange": {"From": 53, "To": 53}},
)


def _network(**more: Any) -> AwsData:
    """Two nodes in two subnets, each with a pod's address; everything is open where MORE does not say otherwise."""
    instances = [
        {"id": f"i-{n}", "subnet": f"subnet-{n}", "address": f"10.20.{n}.10", "groups": [f"sg-{n}"],
         "pods": [f"10.20.{n}.130", f"10.20.{n}.140"]}
        for n in (1, 2)
    ]  # fmt: skip
    groups = [{"id": "sg-1", "name": "one", "ingress": ALL}, {"id": "sg-2", "name": "two", "ingress": ALL}]
    return AwsData(**{"vpc": VPC, "instances": instances, "groups": groups, **more})


def _group(number: int, **rules: Any) -> list[Mapping[str, Any]]:
    groups = {n: {"id": f"sg-{n}", "name": f"{n}", "ingress": ALL} for n in (1, 2)}
    groups[number].update(rules)
    return list(groups.values())


FROM_ONE_BY_UDP = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.20.1.0/24"}]}


def _from_group(number: int) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "UserIdGroupPairs": [{"GroupId": f"sg-{number}"}]}


@pytest.mark.parametrize(
    "data,source,target,transport,expected",
    [
        (_network(), ONE, FAR, "udp", True),
        (_network(groups=_group(2, ingress=[])), ONE, FAR, "udp", False),
        (_network(groups=_group(2, ingress=[])), FAR, ONE, "udp", True),
        (_network(groups=_group(1, ingress=[], egress=[])), ONE, TWO, "udp", True),
        (_network(groups=_group(1, egress=[])), ONE, FAR, "tcp", False),
        (_network(groups=_group(2, ingress=[FROM_ONE_BY_UDP])), ONE, FAR, "udp", True),
        (_network(groups=_group(2, ingress=[FROM_ONE_BY_UDP])), ONE, FAR, "tcp", False),
        (_network(groups=_group(2, ingress=[_from_group(1)])), ONE, FAR, "tcp", True),
        (_network(groups=_group(2, ingress=[_from_group(2)])), ONE, FAR, "tcp", False),
        (_network(acls=[{"id": "acl-1", "subnets": ["subnet-1"], "entries": NO_ANSWERS}]), ONE, FAR, "udp", False),
        (_network(acls=[{"id": "acl-1", "subnets": ["subnet-1"], "entries": NO_ANSWERS}]), ONE, FAR, "tcp", True),
        (_network(acls=[{"id": "acl-1", "subnets": ["subnet-1"], "entries": NO_ANSWERS}]), ONE, TWO, "udp", True),
        (_network(acl=[{**ENTRY, "Egress": True}]), ONE, FAR, "udp", False),
        (_network(), ONE, "10.20.0.2", "udp", True),
        (_network(vpc={**VPC, "dns_support": False}), ONE, "10.20.0.2", "udp", False),
        (_network(vpc={**VPC, "dns_support": False}), ONE, "169.254.169.253", "tcp", False),
        (_network(groups=_group(1, egress=[])), ONE, "198.51.100.1", "udp", True),
    ],
)  # fmt: skip
def test_a_vpc_lets_pass_what_its_rules_let_pass(
    data: AwsData, source: str, target: str, transport: str, *, expected: bool
) -> None:
    """Both security groups, and ACLs between subnets in both directions, decide; the VPC's resolver has its own switch."""
    assert expected is passes(data, source, target, transport, 53)


def _pod(name: str, namespace: str, address: str, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "labels": {"app": name}, "creationTimestamp": ago(3600)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {"podIP": address}}


def _policy(namespace: str, **spec: Any) -> dict[str, Any]:
    meta = {"name": "p", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


DNS = [{"protocol": "UDP", "port": 53}]
ANYWHERE: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"]}
SYSTEM = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
ON_DNS = {"podSelector": {"matchLabels": {"app": "coredns"}}}


@pytest.mark.parametrize(
    "policy,transport,expected",
    [
        (_policy("shop", **ANYWHERE), "udp", False),
        (_policy("other", **ANYWHERE), "udp", True),
        (_policy("shop", podSelector={"matchLabels": {"app": "api"}}, policyTypes=["Egress"]), "udp", True),
        (_policy("shop", **ANYWHERE, egress=[{}]), "udp", True),
        (_policy("shop", **ANYWHERE, egress=[{"ports": DNS}]), "udp", True),
        (_policy("shop", **ANYWHERE, egress=[{"ports": DNS}]), "tcp", False),
        (_policy("shop", **ANYWHERE, egress=[{"to": [SYSTEM]}]), "udp", True),
        (_policy("shop", **ANYWHERE, egress=[{"to": [{"podSelector": {}}]}]), "udp", False),
        (_policy("shop", **ANYWHERE, egress=[{"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}]), "udp", True),
        (
            _policy("shop", **ANYWHERE,
                    egress=[{"to": [{"ipBlock": {"cidr": "10.20.0.0/16", "except": ["10.20.3.0/24"]}}]}]),
            "udp", False,
        ),
        (_policy("kube-system", **ON_DNS), "udp", False),
        (_policy("kube-system", **ON_DNS, ingress=[{"from": [SYSTEM]}]), "udp", False),
        (_policy("kube-system", **ON_DNS, ingress=[{"from": [{"namespaceSelector": {}}], "ports": DNS}]), "udp", True),
    ],
)  # fmt: skip
def test_policies_let_pass_what_they_allow(policy: dict[str, Any], transport: str, *, expected: bool) -> None:
    """Whoever a policy selects may do only what some policy allows, by peer, port and protocol."""
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "kube-system")
    ]
    pods = [_pod("web", "shop", "10.20.1.130"), _pod("coredns", "kube-system", "10.20.3.134")]
    objects = Objects([*namespaces, *pods, policy])

    assert expected is Policies(objects).let("shop/web", "10.20.3.134", transport, 53)


def test_policies_do_not_hold_in_a_nodes_network_or_at_once() -> None:
    """A pod in its node's network, and one that was made a moment ago, get out whatever the policies say."""
    new = _pod("new", "shop", "10.20.1.131")
    new["metadata"]["creationTimestamp"] = ago(1)
    objects = Objects([_pod("agent", "shop", "10.20.1.10", hostNetwork=True), new, _policy("shop", **ANYWHERE)])
    policies = Policies(objects)

    assert (True, True) == tuple(policies.let(f"shop/{who}", "10.20.3.134", "udp", 53) for who in ("agent", "new"))


@pytest.mark.parametrize(
    "operator,values,expected",
    [
        ("In", ["a"], True),
        ("In", ["b"], False),
        ("NotIn", ["a"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_expressions_choose_labels(operator: str, values: list[str], *, expected: bool) -> None:
    """The four operators mean what they mean to Kubernetes."""
    selector = {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}

    assert expected is chosen_by(selector, {"app": "a"})


def test_a_vpc_without_dns_darkens_outside_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is silent to probes and to CoreDNS, which goes on answering the cluster's names."""
    well = load("healthy")
    assert well.account.network is not None
    network = replace(well.account.network, vpc={**well.account.network.vpc, "dns_support": False})
    with Sandbox(replace(well, account=replace(well.account, network=network))) as running:
        lead_to(running, monkeypatch)
        with opened(running) as cluster:
            survey = cluster.survey()
    effects = {
        (one.target.path, one.name.name): one.effect for one in survey.asked if one.target.path is not Path.OTHER
    }

    assert Effect.SILENT is effects[Path.UPSTREAM, "amazon.com"]
    assert Effect.SERVFAIL is effects[Path.REPLICA, "amazon.com"]
    assert Effect.OK is effects[Path.REPLICA, "kubernetes.default.svc.cluster.local"]


# Name servers


def _asked(manners: Manners, name: str, transport: str, **more: Any) -> dns.message.Message:
    many = tuple(("A", f"10.20.4.{n}") for n in range(10, 70))
    known = Zone(origin="shop.example", records={"many.shop.example": many, "new.shop.example": many[:1]})
    server = NameServer(Authority((known,), manners))
    try:
        wire = server.asked(dns.message.make_query(name, "A", **more).to_wire(), transport)
    finally:
        server.close()
    assert wire is not None
    return dns.message.from_wire(wire)


@pytest.mark.parametrize("transport,payload,cut", [("udp", None, True), ("udp", 1232, False), ("tcp", None, False)])
def test_a_large_answer_is_cut_to_the_askers_buffer(transport: str, payload: int | None, *, cut: bool) -> None:
    """What does not fit comes with TC over UDP, and whole over TCP."""
    more = {} if payload is None else {"use_edns": 0, "payload": payload}
    reply = _asked(Manners(), "many.shop.example", transport, **more)
    count = sum(len(rrset) for rrset in reply.answer)

    assert (cut, not cut) == (bool(reply.flags & dns.flags.TC), count == 60)


@pytest.mark.parametrize("left,expected", [(600, "NXDOMAIN"), (-1, "NOERROR")])
def test_an_answer_of_before_is_kept_until_it_is_forgotten(left: int, expected: str) -> None:
    """A cache says what it remembers, with what is left of its time, and then what is true."""
    old = Zone(origin="shop.example", absent=("new.*",), until=time.time() + left)
    reply = _asked(Manners(kept=(old,)), "new.shop.example", "udp")
    ttls = [rrset.ttl for rrset in (*reply.answer, *reply.authority)]

    assert expected == dns.rcode.to_text(reply.rcode())
    assert ttls == [60] or 0 < ttls[0] <= left


def test_a_replica_loses_every_so_manyth_question() -> None:
    """What a CoreDNS pod loses is counted over all of its questions."""
    service = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"clusterIP": "172.20.50.21"}}
    kinds = {"Service": [service]}
    replica = Replica(lambda kind: kinds.get(kind, []), lambda: None, Manners(drop=("*",), every=2))
    asked = dns.message.make_query("web.shop.svc.cluster.local", "A")

    assert [True, False, True, False] == [replica.answer(asked, "udp") is not None for _ in range(4)]


# What a pod's own resolv.conf says


GRANT = {"apiGroups": [""], "resources": ["pods/ephemeralcontainers", "pods/log"], "verbs": ["get", "patch"]}


def _may_look_into_pods() -> list[dict[str, Any]]:
    """The role that lets probes into the shop's pods, and its binding."""
    meta, api = {"name": "dnsmedic-app-exec", "namespace": "shop"}, "rbac.authorization.k8s.io"
    group = {"apiGroup": api, "kind": "Group", "name": "dnsmedic:read"}
    bound = {"kind": "Role", "name": "dnsmedic-app-exec"}
    return [
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": meta, "rules": [GRANT]},
        {"apiVersion": f"{api}/v1", "kind": "RoleBinding", "metadata": meta, "roleRef": bound, "subjects": [group]},
    ]


@pytest.mark.parametrize(
    "world,servers",
    [
        ("pod-dnspolicy-default", ["10.20.0.2"]),
        ("hostnetwork-needs-clusterfirstwithhostnet", ["10.20.0.2"]),
        ("dnsconfig-none-wrong", ["10.20.0.2"]),
        ("name-really-absent", ["172.20.0.10"]),
    ],
)
def test_a_pod_asks_whom_its_settings_name(world: str, servers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe in a pod's network has the resolv.conf that the kubelet wrote for that pod."""
    made = load(world)
    with Sandbox(made, more=_may_look_into_pods()) as running:
        lead_to(running, monkeypatch)
        with opened(running, name=made.asked, pod=made.pod) as cluster:
            survey = cluster.pod_survey()

    assert survey is not None
    assert [servers] == [
        [line.split()[1] for line in one.text.splitlines() if line.startswith("nameserver")] for one in survey.resolv
    ]


def test_a_policy_holds_for_a_probe_in_the_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a policy shuts a pod in, nothing that is asked from inside is answered."""
    made = load("netpol-egress-denies-53")
    with Sandbox(made, more=_may_look_into_pods()) as running:
        lead_to(running, monkeypatch)
        with opened(running, pod=made.pod) as cluster:
            survey = cluster.pod_survey()

    assert survey is not None
    assert {Effect.SILENT} == {one.effect for one in survey.asked}
