"""The Service kube-dns must exist, have an address, and lead port 53 over UDP and TCP to where CoreDNS listens.

Every pod asks the ClusterIP of this Service: without it, or with a port that leads nowhere, no lookup of the cluster works,
however healthy CoreDNS is. Small answers need UDP, large ones TCP.

Read are the Service, the CoreDNS pods with the ports they declare, the Corefile (it decides on which ports CoreDNS listens),
the EKS cluster's service range, and the age of kube-system. A named target port is looked up among the pods' own names.

An address other than the tenth of the service range is no fault by itself: what counts is what the kubelets hand to pods,
and that is judged where probes show it. Here a Service much younger than the cluster with another address is only noted. A
Service that is as old as the cluster cannot have changed its address. Whether its selector and its endpoints lead to
CoreDNS is the next step's matter. Where EKS Auto Mode runs every node, no Service is needed.

With `internalTrafficPolicy: Local` kube-proxy leads no node elsewhere than to CoreDNS pods of its own: the others get nothing,
as if its rules were missing there.

https://kubernetes.io/docs/concepts/services-networking/service/
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.figures import counted
from contract.model import Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages, compute
from workers.cluster.endpoints import NamedPort, TargetedPort, corefile_ports, declared, resolved, serves, targeted
from workers.cluster.objects import Node, Pod

MISSING, PORTS, CHANGED = "kube-dns-service-missing", "kube-dns-ports-wrong", "kube-dns-clusterip-changed"
UNRULED = "iptables-kubedns-rules-missing"
SUBJECT = "Service kube-system/kube-dns"
WITH_THE_CLUSTER = 0.9
"""A Service this much of the cluster's age was made with the cluster."""
MUCH_YOUNGER = 86_400.0
SHOWN = 5
EVERYWHERE = {"spec": {"internalTrafficPolicy": "Cluster"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPorts:
    """A CoreDNS pod and the ports that it declares."""

    pod: str
    ports: tuple[NamedPort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The Service as it stands. Ages in seconds; service_cidr as EKS says it, or "".

    needed_by: the nodes that need it where EKS Auto Mode runs the others; empty: all. deployment: whether a Deployment
    coredns exists (None: not known). local: whether it leads to pods of the same node alone (internalTrafficPolicy).
    without: the nodes on which no CoreDNS pod is ready, where that matters.
    """

    exists: bool
    type: str = ""
    addresses: tuple[str, ...] = ()
    headless: bool = False
    external_name: str = ""
    selector: dict[str, str]
    ports: tuple[TargetedPort, ...] = ()
    version: str = ""
    age: float | None = None
    system_age: float | None = None
    service_cidr: str = ""
    deployment: bool | None = None
    pods: tuple[PodPorts, ...] = ()
    corefile_ports: tuple[int, ...] = ()
    needed_by: tuple[str, ...] = ()
    local: bool = False
    without: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def usual(self) -> str:
        """The address that EKS gives: the tenth of the service range, or "" where that is not known."""
        try:
            return str(ipaddress.ip_network(self.service_cidr, strict=False)[10])
        except (ValueError, IndexError):
            return ""


def collect(cluster: Cluster) -> Facts:
    """Read the Service and what it is compared with."""
    gaps, now = Gaps(), ages.clock()
    service = cluster.service("kube-system", "kube-dns")
    nodes = gaps.of(cluster.nodes, ())
    if nodes and compute.sorts(nodes) == {compute.Compute.AUTO}:
        raise DoesNotApply("EKS Auto Mode runs CoreDNS on every node itself: no Service kube-dns is needed")
    pods = gaps.of(cluster.coredns_pods, ())
    system = next((n for n in gaps.of(cluster.namespaces, ()) if n.name == "kube-system"), None)
    mixed = any(compute.compute(n) is compute.Compute.AUTO for n in nodes)
    local = service is not None and service.spec.internal_traffic_policy == "Local"
    return Facts(
        exists=service is not None,
        type=service.spec.type if service else "",
        addresses=service.addresses if service else (),
        headless=service.headless if service else False,
        external_name=service.spec.external_name if service else "",
        selector=dict(service.spec.selector) if service else {},
        ports=targeted(service) if service else (),
        version=service.metadata.resource_version if service else "",
        age=ages.age(service.metadata.creation_timestamp, now) if service else None,
        system_age=ages.age(system.metadata.creation_timestamp, now) if system else None,
        service_cidr=_service_cidr(cluster),
        deployment=gaps.of(lambda: cluster.deployment("kube-system", "coredns") is not None, None),
        pods=tuple(PodPorts(pod=p.name, ports=declared(p)) for p in pods),
        corefile_ports=corefile_ports(gaps.of(cluster.corefile, None), pods),
        needed_by=tuple(n.name for n in nodes if compute.compute(n) is not compute.Compute.AUTO) if mixed else (),
        local=local,
        without=_without(nodes, pods) if local else (),
        gaps=gaps.seen(),
    )


def _without(nodes: Sequence[Node], pods: Sequence[Pod]) -> tuple[str, ...]:
    """Nodes whose rules are kube-proxy's, and that have no ready CoreDNS pod of their own."""
    served = {p.spec.node_name for p in pods if p.ready}
    ruled = [n for n in nodes if n.ready and compute.compute(n) in (compute.Compute.EC2, compute.Compute.HYBRID)]
    return tuple(n.name for n in ruled if n.name not in served)


def _service_cidr(cluster: Cluster) -> str:
    """A comparison that the judgement can do without, so an obstacle is no gap."""
    try:
        return cluster.aws.cluster().service_cidr
    except (CannotRead, DoesNotApply):
        return ""


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Missing, without an address, ports that lead nowhere, or all is well."""
    if not facts.exists:
        yield _missing(facts)
        return
    yield Excluded(code=MISSING, because=f"the Service kube-dns exists ({', '.join(facts.addresses) or facts.type})")
    if facts.headless or facts.type == "ExternalName":
        yield _without_address(facts)
        return
    yield from _ports(facts)
    yield from _address(facts)
    if facts.without and facts.pods:
        yield _local(facts)


def _local(facts: Facts) -> Finding:
    shown = ", ".join(facts.without[:SHOWN]) + f" and {len(facts.without) - SHOWN} more" * (len(facts.without) > SHOWN)
    return Finding(
        code=UNRULED,
        severity=Severity.CRITICAL,
        summary=f"The Service kube-dns has internalTrafficPolicy Local, and {counted(len(facts.without), 'node')} "
        f"without a ready CoreDNS pod {'gets' if len(facts.without) == 1 else 'get'} no answer at its address: {shown}.",
        subject=SUBJECT,
        evidence=(
            f"{SUBJECT}, resourceVersion {facts.version}: internalTrafficPolicy Local",
            f"no CoreDNS pod is ready on {shown}",
        ),
        fix="Let the Service lead to the CoreDNS pods of every node again: internalTrafficPolicy Cluster.",
        commands=(f"kubectl -n kube-system patch service kube-dns --type=merge -p '{json.dumps(EVERYWHERE)}'",),
        scope=Scope(nodes=facts.without),
    )


def _missing(facts: Facts) -> Finding:
    removed = bool(facts.needed_by) and not facts.pods and facts.deployment is False
    address = facts.usual
    fix = "Create the Service again with the address that the pods have as name server"
    fix += f" ({address}, unless somebody chose another)." if address else " (see /etc/resolv.conf of any pod)."
    return Finding(
        code=MISSING,
        severity=Severity.INFO if removed else Severity.CRITICAL,
        summary="The Service kube-dns does not exist, so nothing answers at the address that every pod asks."
        if not removed
        else "Neither CoreDNS nor the Service kube-dns exists: EKS Auto Mode needs none, the other nodes do.",
        subject=SUBJECT,
        evidence=(
            "GET /api/v1/namespaces/kube-system/services/kube-dns: 404 not found",
            f"{len(facts.pods)} CoreDNS pods exist",
        ),
        fix=fix,
        commands=(_recreate(address),) if address else (),
        scope=Scope(nodes=facts.needed_by),
    )


def _recreate(address: str) -> str:
    ports = [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
             {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
             {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153}]  # fmt: skip
    labels = {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS", "eks.amazonaws.com/component": "kube-dns"}
    made = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
        "spec": {"clusterIP": address, "selector": {"k8s-app": "kube-dns"}, "ports": ports},
    }
    return f"kubectl create -f - <<< '{json.dumps(made)}'"


def _without_address(facts: Facts) -> Finding:
    how = "headless" if facts.headless else f"an ExternalName for {facts.external_name or 'nothing'}"
    return Finding(
        code=CHANGED,
        severity=Severity.CRITICAL,
        summary=f"The Service kube-dns is {how}: it has no ClusterIP, so nothing answers at the address that pods ask.",
        subject=SUBJECT,
        evidence=(f"{SUBJECT}, resourceVersion {facts.version}: type {facts.type}, clusterIP None",),
        fix="Delete the Service and create it with the address that the pods have as name server.",
        commands=("kubectl -n kube-system delete service kube-dns", _recreate(facts.usual)) if facts.usual else (),
    )


def _ports(facts: Facts) -> Iterator[Observation]:
    wrong = {transport: why for transport in ("UDP", "TCP") if (why := _wrong(facts, transport))}
    if not wrong:
        if facts.pods:
            led = ", ".join(p.words for p in facts.ports if p.number == 53)
            yield Excluded(code=PORTS, because=f"port 53 leads to where CoreDNS listens ({led})")
        return
    listens = sorted({f"{p.number}/{p.protocol}" for each in facts.pods for p in each.ports if p.number is not None})
    yield Finding(
        code=PORTS,
        severity=Severity.CRITICAL if "UDP" in wrong else Severity.WARNING,
        summary=f"The Service kube-dns does not lead {' and '.join(wrong)} port 53 to CoreDNS: {'; '.join(wrong.values())}.",
        subject=SUBJECT,
        evidence=(
            f"{SUBJECT}, resourceVersion {facts.version}: {'; '.join(p.words for p in facts.ports) or 'no ports'}",
            f"CoreDNS pods declare: {', '.join(listens) or 'no ports'}; Corefile: {facts.corefile_ports or 'not known'}",
        ),
        fix="Set the ports of the Service so that 53 over UDP and TCP lead to the port on which CoreDNS listens.",
        commands=(f"kubectl -n kube-system patch service kube-dns --type=merge -p '{json.dumps(_right(facts))}'",),
        scope=Scope(transports=tuple(t.lower() for t in wrong)),
    )


def _wrong(facts: Facts, transport: str) -> str:
    found = [p for p in facts.ports if p.number == 53 and p.protocol == transport]
    if not found:
        return f"it has no port 53 over {transport}"
    for port in found:
        for each in facts.pods:
            number = resolved(port.target, transport, each.ports)
            if number is None:
                return f"no port of pod {each.pod} is called {port.target!r}"
            if not serves(number, transport, each.ports, facts.corefile_ports) and (each.ports or facts.corefile_ports):
                return f"its target port {port.target} over {transport} is none that CoreDNS listens on"
    return ""


def _right(facts: Facts) -> dict[str, object]:
    """The ports as they should be: the others untouched, 53 leading to where CoreDNS listens."""
    declared_ports = [p.number or 53 for each in facts.pods for p in each.ports if p.name in ("dns", "dns-tcp")]
    known = facts.corefile_ports or tuple(declared_ports) or (53,)
    listens = 53 if 53 in known else known[0]
    ports: list[dict[str, object]] = [
        {"name": name, "port": 53, "protocol": protocol, "targetPort": listens}
        for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
    ]
    others = [p for p in facts.ports if p.number != 53 and p.name not in ("dns", "dns-tcp")]
    ports += [{"name": p.name, "port": p.number, "protocol": p.protocol, "targetPort": p.target} for p in others]
    return {"spec": {"ports": ports}}


def _address(facts: Facts) -> Iterator[Observation]:
    if facts.age is None or facts.system_age is None:
        return
    younger = facts.system_age - facts.age
    if facts.age >= WITH_THE_CLUSTER * facts.system_age and facts.usual in ("", *facts.addresses):
        yield Excluded(code=CHANGED, because=f"the Service is as old as the cluster ({ages.words(facts.age)})")
    elif facts.usual and facts.usual not in facts.addresses and younger > MUCH_YOUNGER:
        yield Finding(
            code=CHANGED,
            severity=Severity.INFO,
            summary=f"The Service kube-dns was made {ages.words(facts.age)} ago, in a cluster of "
            f"{ages.words(facts.system_age)}, and its address is not {facts.usual}.",
            subject=SUBJECT,
            evidence=(f"{SUBJECT}: clusterIP {', '.join(facts.addresses)}; service range {facts.service_cidr}",),
        )


def describe(facts: Facts) -> str:
    """Its addresses and ports."""
    if not facts.exists:
        return "there is no Service kube-dns"
    ports = ", ".join(p.words for p in facts.ports) or "no ports"
    return f"{' and '.join(facts.addresses) or facts.type or 'no address'}; {ports}"


CHECK = Check(
    name="kube-dns-service",
    title="The Service kube-dns has an address and leads port 53 to CoreDNS",
    stage=Stage.SERVICE,
    steps=("S03", "S04", "S05", "S38"),
    source="https://kubernetes.io/docs/concepts/services-networking/service/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
