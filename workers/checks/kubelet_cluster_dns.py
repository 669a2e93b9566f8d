"""Every kubelet gives its pods the address of the Service kube-dns.

A kubelet writes the resolv.conf of pods with dnsPolicy ClusterFirst from its own `clusterDNS` and `clusterDomain`; nothing
keeps them in step with the Service. A fresh probe pod on each node shows what the kubelet hands out now: another address
(all lookups of new pods on that node fail), no cluster address at all (pods get the node's own name servers), or another
domain (short names fail). Where every node hands out the same other address and the Service has one that is not the tenth of
the service range, it is the Service that changed. Nodes without a probe are not judged.

What counts is the first address: the C libraries ask the next one only where that stays silent. Right are kube-dns, the
address of NodeLocal DNSCache where it runs, and any that answered a name of the cluster when a probe asked it (a cache of
another name). Where the Service is gone, the tenth address of the service range is right, else the one that most hand out.
https://docs.aws.amazon.com/eks/latest/userguide/launch-workers.html
"""

from __future__ import annotations

import ipaddress
from collections import Counter
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
    """What the kubelets hand out, and what is right. right: ClusterIPs of kube-dns; none where it is gone or headless.

    expected: the tenth address of the range. reaching: servers that answered an internal name when a probe asked them.
    domains: zones of the Corefile's kubernetes plugin, empty where unknown.
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
        right=service.addresses if service else (),
        node_local=gaps.of(lambda: cluster.daemon_set(SYSTEM, "node-local-dns"), None) is not None,
        expected=_tenth(gaps.of(lambda: _service_range(cluster), "")),
        reaching=tuple(
            sorted({a.target.address for a in survey.asked if a.effect == "ok" and a.name.kind == "internal"})
        ),
        domains=_domains(gaps, cluster),
        nodes=len(gaps.of(cluster.nodes, ())),
        version=service.metadata.resource_version if service else "",
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
    """Compare what each kubelet hands out with the Service; where that is gone, with the address that it should have."""
    good = _good(facts)
    if not good:
        return
    wrong = [one for one in facts.handed if not one.servers or one.servers[0] not in good or _as_node(one)]
    missing = [one for one in wrong if _without_cluster_dns(one)]
    if missing:
        yield _missing(facts, missing)
    stale = _from_before(facts, wrong, missing)
    if stale:
        yield _changed(facts, stale)
    other = [one for one in wrong if one not in missing and one not in stale]
    if other:
        yield _mismatch(facts, other, good)
    right = [one for one in facts.handed if one not in wrong]
    foreign = list(_foreign_domain(facts, right))
    yield from foreign
    behind = [one for one in right if not set(one.servers) <= good]
    if behind:
        yield _behind(facts, behind, good)
    if facts.right and not wrong and not foreign and not behind:
        yield from _excluded(facts)


def _good(facts: Facts) -> frozenset[str]:
    """Addresses that are right for a pod to ask: kube-dns, a cache on the node, whatever else knows the cluster's names.

    Without the Service, kubelets that all hand out the same are not judged: it may have had that address, usual or not.
    """
    proper = facts.right or tuple(filter(None, (_proper(facts),)))
    if not proper:
        return frozenset()
    given = {one.servers[:1] for one in facts.handed if not _without_cluster_dns(one)}
    agreed = next(iter(given)) if len(given) == 1 and not facts.right else ()
    return frozenset((*proper, *agreed, *((NODE_LOCAL,) if facts.node_local else ()), *facts.reaching))


def _proper(facts: Facts) -> str:
    """The address of kube-dns; without the Service the one that EKS gives it, else the one that most kubelets hand out."""
    if facts.right or facts.expected:
        return (*facts.right, facts.expected)[0]
    given = Counter(one.servers[0] for one in facts.handed if one.servers and not _without_cluster_dns(one))
    most = given.most_common(1)
    return most[0][0] if most and most[0][1] * 2 > len(facts.handed) else ""


def _without_cluster_dns(one: Handed) -> bool:
    """Whether the kubelet fell back to the node's settings, which have no search domain of the cluster."""
    return not one.servers or _as_node(one) or not (one.own or _searches(one))


def _as_node(one: Handed) -> bool:
    """Whether these are the very settings of the node, as far as a probe saw those."""
    return bool(one.own) and set(one.servers) <= set(one.own) and not _searches(one)


def _searches(one: Handed) -> bool:
    return any(".svc." in f".{domain}." for domain in one.search)


def _from_before(facts: Facts, wrong: list[Handed], missing: list[Handed]) -> list[Handed]:
    """The kubelets that hand out what was the Service's address, where it is the Service that changed.

    So it is only where no kubelet hands out a right one, and the Service has not the address that EKS gives it.
    """
    if not facts.right or facts.expected in facts.right or len(wrong) < len(facts.handed):
        return []
    usual = [one for one in wrong if one not in missing and one.servers[0] == facts.expected]
    if usual:
        return usual
    nodes_own = {server for one in facts.handed for server in one.own}
    alike = len({one.servers for one in wrong}) == 1 and len(wrong) > 1 and not missing
    return wrong if alike and wrong[0].servers[0] not in nodes_own else []


def _lines(facts: Facts, found: list[Handed]) -> tuple[str, ...]:
    service = f"Service {SYSTEM}/kube-dns clusterIPs {', '.join(facts.right)} (resourceVersion {facts.version})"
    if not facts.right:
        service = f"Service {SYSTEM}/kube-dns has no address now; its usual one is {_proper(facts)}"
    probes = tuple(
        f"{one.node}: probe pod with dnsPolicy ClusterFirst got nameserver {', '.join(one.servers) or 'none'}, "
        f"search {' '.join(one.search) or 'none'}"
        for one in found[:10]
    )
    return (service, *probes)


def _place(facts: Facts) -> str:
    return f"kube-dns is at {', '.join(facts.right)}" if facts.right else f"kube-dns belongs at {_proper(facts)}"


def _mismatch(facts: Facts, found: list[Handed], good: frozenset[str]) -> Finding:
    given = ", ".join(sorted({_first(one, good) for one in found}))
    guessed = not facts.right and not facts.expected
    return Finding(
        code="kubelet-clusterdns-mismatch",
        severity=Severity.CRITICAL,
        summary=f"{_nodes(found)} {'gives' if len(found) == 1 else 'give'} pods the name server {given}, but "
        f"{_place(facts)}.",
        subject=", ".join(f"Node {one.node}" for one in found),
        evidence=_lines(facts, found),
        fix=f"Set the kubelet's clusterDNS to {_proper(facts)} where the node is made (nodeadm: the right cluster CIDR; "
        f"bootstrap.sh: --dns-cluster-ip {_proper(facts)}), replace the node, and restart the pods that got the wrong address.",
        commands=(
            *(f"kubectl drain {one.node} --ignore-daemonsets --delete-emptydir-data" for one in found[:10]),
            f"kubectl get pods -A -o wide --field-selector spec.nodeName={found[0].node}",
        ),
        confidence=Confidence.MEDIUM if guessed else Confidence.HIGH,
        scope=Scope(nodes=tuple(one.node for one in found)),
    )


def _first(one: Handed, good: frozenset[str]) -> str:
    """The name servers that a kubelet hands out; where a right one stands behind the first, that it does."""
    behind = [server for server in one.servers[1:] if server in good]
    return f"{one.servers[0]} (which is asked before {behind[0]})" if behind else ", ".join(one.servers)


def _behind(facts: Facts, found: list[Handed], good: frozenset[str]) -> Finding:
    """The C libraries ask a second name server only where the first stays silent (musl asks all at once)."""
    foreign = ", ".join(dict.fromkeys(server for one in found for server in one.servers if server not in good))
    return Finding(
        code="kubelet-clusterdns-mismatch",
        severity=Severity.INFO,
        summary=f"{_nodes(found)} {'gives' if len(found) == 1 else 'give'} pods {foreign} as another name server behind the "
        "cluster's: it is not known to know the cluster's names, and some C libraries (musl) ask all at once.",
        subject=", ".join(f"Node {one.node}" for one in found),
        evidence=_lines(facts, found),
        fix=f"Leave only {_proper(facts)} in the kubelet's clusterDNS.",
        scope=Scope(nodes=tuple(one.node for one in found)),
    )


def _missing(facts: Facts, found: list[Handed]) -> Finding:
    return Finding(
        code="kubelet-clusterdns-missing",
        severity=Severity.CRITICAL,
        summary=f"{_nodes(found)} {'knows' if len(found) == 1 else 'know'} no cluster DNS address: new pods there get the "
        f"node's own name server {', '.join(found[0].servers) or '(none)'} instead of {_proper(facts)}.",
        subject=", ".join(f"Node {one.node}" for one in found),
        evidence=_lines(facts, found),
        fix=f"Set clusterDNS to {_proper(facts)} (and clusterDomain) in the kubelet's configuration where the node is made, "
        "replace the node, and restart its pods.",
        commands=(
            *(f"kubectl drain {one.node} --ignore-daemonsets --delete-emptydir-data" for one in found[:10]),
            "kubectl get events -A --field-selector reason=MissingClusterDNS",
        ),
        scope=Scope(nodes=tuple(one.node for one in found)),
    )


def _changed(facts: Facts, found: list[Handed]) -> Finding:
    """Of every node, or of those nodes that hand out the old address where others hand out yet another."""
    old = found[0].servers[0]
    why = f" (EKS gives it {facts.expected})" if facts.expected else ""
    every = len(found) == len(facts.handed)
    who = "every node still gives" if every else f"{_nodes(found)} still {'gives' if len(found) == 1 else 'give'}"
    return Finding(
        code="kube-dns-clusterip-changed",
        severity=Severity.CRITICAL,
        summary=f"The Service kube-dns is at {', '.join(facts.right)}, but {who} pods {old}{why}.",
        subject=f"Service {SYSTEM}/kube-dns",
        evidence=_lines(facts, found),
        fix=f"Make the Service anew with clusterIP {old}: the field cannot be changed, and every running pod asks {old}.",
        commands=(
            f"kubectl -n {SYSTEM} get service kube-dns -o yaml > kube-dns.yaml",
            f"sed -i -e '/resourceVersion:/d' -e '/uid:/d' -e 's/{facts.right[0]}/{old}/' kube-dns.yaml",
            f"kubectl -n {SYSTEM} delete service kube-dns && kubectl create -f kube-dns.yaml",
        ),
        confidence=Confidence.HIGH if facts.expected == old else Confidence.MEDIUM,
        scope=Scope() if every else Scope(nodes=tuple(one.node for one in found)),
    )


def _foreign_domain(facts: Facts, right: list[Handed]) -> Iterator[Finding]:
    """A kubelet whose clusterDomain no server block serves: short names fail, full ones work."""
    if not facts.domains:
        return
    found = []
    for one in right:
        given = {d.split(".svc.", 1)[1].rstrip(".") for d in one.search if ".svc." in d}
        if not given & set(facts.domains):
            found.append(one)
    if found:
        given_domain = next((d.split(".svc.", 1)[1] for d in found[0].search if ".svc." in d), "")
        given_words = f"the cluster domain {given_domain}" if given_domain else "no cluster domain to search"
        yield Finding(
            code="kubelet-clusterdns-mismatch",
            severity=Severity.CRITICAL,
            summary=f"{_nodes(found)} {'gives' if len(found) == 1 else 'give'} pods {given_words}, but "
            f"CoreDNS serves {', '.join(facts.domains)}.",
            subject=", ".join(f"Node {one.node}" for one in found),
            evidence=(*_lines(facts, found), f"Corefile: kubernetes {' '.join(facts.domains)}"),
            fix=f"Set the kubelet's clusterDomain to {facts.domains[0]}"
            + (f", or let the Corefile serve {given_domain} too." if given_domain else "."),
            commands=(f"kubectl -n {SYSTEM} get configmap coredns -o yaml",),
            scope=Scope(nodes=tuple(one.node for one in found)),
        )


def _excluded(facts: Facts) -> Iterator[Excluded]:
    if not facts.handed:
        return
    given = ", ".join(dict.fromkeys(server for one in facts.handed for server in one.servers))
    because = f"fresh pods on {len(facts.handed)} of {facts.nodes} nodes get {given} from their kubelet"
    for code in ("kubelet-clusterdns-mismatch", "kubelet-clusterdns-missing", "kube-dns-clusterip-changed"):
        yield Excluded(code=code, because=because, scope=Scope(nodes=tuple(one.node for one in facts.handed)))


def _nodes(found: list[Handed]) -> str:
    if len(found) == 1:
        return f"The kubelet of {found[0].node}"
    return f"The kubelets of {len(found)} nodes"


def describe(facts: Facts) -> str:
    """What was handed out, on how many nodes."""
    given = sorted({", ".join(one.servers) for one in facts.handed})
    at = ", ".join(facts.right) or "nowhere"
    return f"{len(facts.handed)} of {facts.nodes} kubelets hand out {' or '.join(given)}; kube-dns is {at}"


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
