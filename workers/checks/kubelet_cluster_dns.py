"""Every kubelet gives its pods the address of the Service kube-dns.

A kubelet writes the resolv.conf of pods with dnsPolicy ClusterFirst from its own `clusterDNS` and `clusterDomain`; nothing
keeps them in step with the Service. A fresh probe pod on each node shows what the kubelet hands out now: another address
(all lookups of new pods on that node fail), no cluster address at all (pods get the node's own name servers), or another
domain (short names fail). Where every node hands out the same other address and the Service has one that is not the tenth of
the service range, it is the Service that changed. Nodes without a probe are not judged. NodeLocal DNSCache's own address is
right where it runs.
https://docs.aws.amazon.com/eks/latest/userguide/launch-workers.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.assembled import Assembled
from workers.cluster.resolv_conf import parse as parse_resolv_conf
from workers.cluster.survey import NODE_LOCAL

SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What one kubelet hands to a ClusterFirst pod. own: the node's name servers, where a probe saw them."""

    node: str
    servers: tuple[str, ...]
    search: tuple[str, ...]
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the kubelets hand out, and what is right. right: ClusterIPs of kube-dns. expected: the tenth address of the range.

    reaching: servers that answered an internal name when a probe asked them. domains: zones of the Corefile's kubernetes
    plugin, empty where unknown.
    """

    handed: tuple[Handed, ...]
    right: tuple[str, ...]
    node_local: bool
    expected: str
    reaching: tuple[str, ...]
    domains: tuple[str, ...]
    nodes: int
    version: str
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the probes' resolv.conf and the Service. Raises CannotRead where no probe ran."""
    service = cluster.service(SYSTEM, "kube-dns")
    if service is None:
        raise DoesNotApply("there is no Service kube-dns to compare with")
    gaps = Gaps()
    survey = cluster.survey()
    own = {one.node: parse_resolv_conf(one.text).nameservers for one in survey.resolv if one.policy == "Default"}
    handed = []
    for one in survey.resolv:
        if one.policy == "ClusterFirst":
            conf = parse_resolv_conf(one.text)
            handed.append(
                Handed(node=one.node, servers=conf.nameservers, search=conf.search, own=own.get(one.node, ()))
            )
    return Facts(
        handed=tuple(handed),
        right=service.addresses,
        node_local=gaps.of(lambda: cluster.daemon_set(SYSTEM, "node-local-dns"), None) is not None,
        expected=_tenth(gaps.of(lambda: _service_range(cluster), "")),
        reaching=tuple(
            sorted({a.target.address for a in survey.asked if a.effect == "ok" and a.name.kind == "internal"})
        ),
        domains=_domains(gaps, cluster),
        nodes=len(gaps.of(cluster.nodes, ())),
        version=service.metadata.resource_version,
        gaps=(*survey.gaps, *gaps.seen()),
    )


def _service_range(cluster: Cluster) -> str:
    try:
        return cluster.aws.cluster().service_cidr
    except DoesNotApply:
        return ""


def _tenth(cidr: str) -> str:
    try:
        return str(ipaddress.ip_network(cidr)[10])
    except (ValueError, IndexError):
        return ""


def _domains(gaps: Gaps, cluster: Cluster) -> tuple[str, ...]:
    found = gaps.of(cluster.corefile, Assembled())
    if not found.whole:
        return ()
    zones: list[str] = []
    for block in found.parsed.blocks:
        for directive in block.directives:
            if directive.name == "kubernetes":
                zones += [z.rstrip(".") for z in directive.args] or [z.name.rstrip(".") for z in block.zones]
    return tuple(dict.fromkeys(z for z in zones if z and not z.endswith(".arpa")))


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Compare what each kubelet hands out with the Service."""
    good = {*facts.right, *((NODE_LOCAL,) if facts.node_local else ())}
    wrong = [one for one in facts.handed if not good & set(one.servers)]
    missing = [one for one in wrong if _without_cluster_dns(one)]
    other = [one for one in wrong if one not in missing]
    if missing:
        yield _missing(facts, missing)
    if other:
        changed = len(other) == len(facts.handed) and len(facts.handed) > 1 and _one_address(other)
        yield _changed(facts, other) if changed and not _service_as_made(facts) else _mismatch(facts, other)
    foreign = list(_foreign_domain(facts, [one for one in facts.handed if one not in wrong]))
    yield from foreign
    if not wrong and not foreign:
        yield from _excluded(facts)


def _without_cluster_dns(one: Handed) -> bool:
    """Whether the kubelet fell back to the node's settings: its own servers and no cluster search domain."""
    cluster_search = any(".svc." in f".{domain}." for domain in one.search)
    return not one.servers or not cluster_search or (bool(one.own) and set(one.servers) <= set(one.own))


def _one_address(found: list[Handed]) -> bool:
    return len({one.servers for one in found}) == 1


def _service_as_made(facts: Facts) -> bool:
    """Whether the Service has the address that EKS gives it, so that it is the kubelets that are off."""
    return bool(facts.expected) and facts.expected in facts.right


def _lines(facts: Facts, found: list[Handed]) -> tuple[str, ...]:
    service = f"Service {SYSTEM}/kube-dns clusterIPs {', '.join(facts.right)} (resourceVersion {facts.version})"
    probes = tuple(
        f"{one.node}: probe pod with dnsPolicy ClusterFirst got nameserver {', '.join(one.servers) or 'none'}, "
        f"search {' '.join(one.search) or 'none'}"
        for one in found[:10]
    )
    return (service, *probes)


def _mismatch(facts: Facts, found: list[Handed]) -> Finding:
    given = ", ".join(sorted({", ".join(one.servers) for one in found}))
    return Finding(
        code="kubelet-clusterdns-mismatch",
        severity=Severity.CRITICAL,
        summary=f"{_nodes(found)} {'gives' if len(found) == 1 else 'give'} pods the name server {given}, but kube-dns is at "
        f"{', '.join(facts.right)}.",
        subject=", ".join(f"Node {one.node}" for one in found),
        evidence=_lines(facts, found),
        fix=f"Set the kubelet's clusterDNS to {facts.right[0]} where the node is made (nodeadm: the right cluster CIDR; "
        f"bootstrap.sh: --dns-cluster-ip {facts.right[0]}), replace the node, and restart the pods that got the wrong address.",
        commands=(
            *(f"kubectl drain {one.node} --ignore-daemonsets --delete-emptydir-data" for one in found[:10]),
            f"kubectl get pods -A -o wide --field-selector spec.nodeName={found[0].node}",
        ),
        scope=Scope(nodes=tuple(one.node for one in found)),
    )


def _missing(facts: Facts, found: list[Handed]) -> Finding:
    return Finding(
        code="kubelet-clusterdns-missing",
        severity=Severity.CRITICAL,
        summary=f"{_nodes(found)} {'knows' if len(found) == 1 else 'know'} no cluster DNS address: new pods there get the "
        f"node's own name server {', '.join(found[0].servers) or '(none)'} instead of {', '.join(facts.right)}.",
        subject=", ".join(f"Node {one.node}" for one in found),
        evidence=_lines(facts, found),
        fix=f"Set clusterDNS to {facts.right[0]} (and clusterDomain) in the kubelet's configuration where the node is made, "
        "replace the node, and restart its pods.",
        commands=(
            *(f"kubectl drain {one.node} --ignore-daemonsets --delete-emptydir-data" for one in found[:10]),
            "kubectl get events -A --field-selector reason=MissingClusterDNS",
        ),
        scope=Scope(nodes=tuple(one.node for one in found)),
    )


def _changed(facts: Facts, found: list[Handed]) -> Finding:
    old = found[0].servers[0]
    why = f" (EKS gives it {facts.expected})" if facts.expected else ""
    return Finding(
        code="kube-dns-clusterip-changed",
        severity=Severity.CRITICAL,
        summary=f"The Service kube-dns is at {', '.join(facts.right)}, but every node still gives pods {old}{why}.",
        subject=f"Service {SYSTEM}/kube-dns",
        evidence=_lines(facts, found),
        fix=f"Make the Service anew with clusterIP {old}: the field cannot be changed, and every running pod asks {old}.",
        commands=(
            f"kubectl -n {SYSTEM} get service kube-dns -o yaml > kube-dns.yaml",
            f"sed -i -e '/resourceVersion:/d' -e '/uid:/d' -e 's/{facts.right[0]}/{old}/' kube-dns.yaml",
            f"kubectl -n {SYSTEM} delete service kube-dns && kubectl create -f kube-dns.yaml",
        ),
        confidence=Confidence.HIGH if facts.expected == old else Confidence.MEDIUM,
    )


def _foreign_domain(facts: Facts, right: list[Handed]) -> Iterator[Finding]:
    """A kubelet whose clusterDomain no server block serves: short names fail, full ones work."""
    if not facts.domains:
        return
    found = []
    for one in right:
        given = {d.split(".svc.", 1)[1].rstrip(".") for d in one.search if ".svc." in d}
        if given and not given & set(facts.domains):
            found.append(one)
    if found:
        given_domain = next(d.split(".svc.", 1)[1] for d in found[0].search if ".svc." in d)
        yield Finding(
            code="kubelet-clusterdns-mismatch",
            severity=Severity.CRITICAL,
            summary=f"{_nodes(found)} {'gives' if len(found) == 1 else 'give'} pods the cluster domain {given_domain}, but "
            f"CoreDNS serves {', '.join(facts.domains)}.",
            subject=", ".join(f"Node {one.node}" for one in found),
            evidence=(*_lines(facts, found), f"Corefile: kubernetes {' '.join(facts.domains)}"),
            fix=f"Set the kubelet's clusterDomain to {facts.domains[0]}, or let the Corefile serve {given_domain} too.",
            commands=(f"kubectl -n {SYSTEM} get configmap coredns -o yaml",),
            scope=Scope(nodes=tuple(one.node for one in found)),
        )


def _excluded(facts: Facts) -> Iterator[Excluded]:
    if not facts.handed:
        return
    because = (
        f"fresh pods on {len(facts.handed)} of {facts.nodes} nodes get {', '.join(facts.right)} from their kubelet"
    )
    for code in ("kubelet-clusterdns-mismatch", "kubelet-clusterdns-missing", "kube-dns-clusterip-changed"):
        yield Excluded(code=code, because=because, scope=Scope(nodes=tuple(one.node for one in facts.handed)))


def _nodes(found: list[Handed]) -> str:
    if len(found) == 1:
        return f"The kubelet of {found[0].node}"
    return f"The kubelets of {len(found)} nodes"


def describe(facts: Facts) -> str:
    """What was handed out, on how many nodes."""
    given = sorted({", ".join(one.servers) for one in facts.handed})
    return f"{len(facts.handed)} of {facts.nodes} kubelets hand out {' or '.join(given)}; kube-dns is {', '.join(facts.right)}"


CHECK = Check(
    name="kubelet-cluster-dns",
    title="Every kubelet gives pods the address of kube-dns",
    stage=Stage.NODE,
    steps=("S02", "S04", "S15"),
    source="https://docs.aws.amazon.com/eks/latest/userguide/launch-workers.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
