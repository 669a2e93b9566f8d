"""The pod asked about, and fresh pods on each node, have a resolv.conf that leads to the cluster's DNS whole.

What a pod really asks is in its /etc/resolv.conf, which the kubelet wrote when the pod started and never writes again: a
pod that is older than a change of kube-dns or of its kubelet keeps the old name server until it is replaced. Search lists
beyond what C libraries read lose their end.

Read: resolv.conf of fresh probe pods and, with a pod asked about, of that pod by an ephemeral container in it (a separate
grant: deploy/cluster-app-exec). A kubelet that hands out a wrong address to fresh pods too is the business of
`kubelet-cluster-dns`, a specification that asks for other servers that of `pod-dns-settings`. What it cannot tell: what a
pod that nobody asked about has; a library that reads another file.
https://man7.org/linux/man-pages/man5/resolv.conf.5.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Finding, Observation, Path, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps, Survey, ages
from workers.cluster.clients import Client, asked_client
from workers.cluster.resolv_conf import CHARACTERS, DOMAINS, OLD_CHARACTERS, OLD_DOMAINS, ResolvConf, parse
from workers.cluster.survey import NODE_LOCAL

SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A resolv.conf: of a fresh probe pod on a node, or (pod set) of the pod asked about. age: of the pod, in seconds."""

    node: str
    policy: str
    conf: ResolvConf
    pod: str = ""
    age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """right: addresses of the cluster's DNS. silent: those of the asked pod's name servers that did not answer it."""

    probes: tuple[Handed, ...]
    right: tuple[str, ...]
    asked: Handed | None = None
    client: Client | None = None
    silent: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Take the files from the surveys. Raises CannotRead where no probe ran."""
    gaps = Gaps()
    survey = cluster.survey()
    inside = gaps.of(cluster.pod_survey, None)
    service = gaps.of(lambda: cluster.service(SYSTEM, "kube-dns"), None)
    local = gaps.of(lambda: cluster.daemon_set(SYSTEM, "node-local-dns"), None)
    return Facts(
        probes=tuple(Handed(node=r.node, policy=r.policy, conf=parse(r.text)) for r in survey.resolv),
        right=(*(service.addresses if service else ()), *((NODE_LOCAL,) if local else ())),
        asked=_asked(cluster, inside),
        client=asked_client(cluster, gaps),
        silent=_silent(inside),
        gaps=(*survey.gaps, *gaps.seen()),
    )


def _asked(cluster: Cluster, inside: Survey | None) -> Handed | None:
    pod = cluster.asked_pod() if inside else None
    if pod is None or inside is None or not inside.resolv:
        return None
    one = inside.resolv[0]
    age = ages.age(pod.status.start_time, ages.clock())
    return Handed(node=one.node, policy=one.policy, conf=parse(one.text), pod=pod.key, age=age)


def _silent(inside: Survey | None) -> tuple[str, ...]:
    dead = (Effect.SILENT, Effect.UNREACHABLE)
    own = [a for a in inside.asked if a.target.path is Path.CLIENT] if inside else []
    return tuple(dict.fromkeys(a.target.address for a in own if a.effect in dead))


def diagnose(facts: Facts) -> Iterator[Observation]:
    """The asked pod against its node's fresh probe; long search lists of each node."""
    if facts.asked is not None and facts.client is not None:
        yield from _stale(facts, facts.asked, facts.client)
    yield from _long(facts)


def _stale(facts: Facts, one: Handed, client: Client) -> Iterator[Finding]:
    """Only where a fresh pod on that node would be right: else the kubelet is at fault, not the pod's age."""
    fresh = next((p for p in facts.probes if p.node == one.node and p.policy == "ClusterFirst"), None)
    by_cluster = client.policy in ("ClusterFirst", "ClusterFirstWithHostNet") and not client.from_node
    if not by_cluster or fresh is None or not facts.right or set(one.conf.used) & set(facts.right):
        return
    if not set(fresh.conf.used) & set(facts.right):
        return
    dead = set(one.conf.used) <= set(facts.silent)
    given = ", ".join(one.conf.used) or "none"
    yield Finding(
        code="kube-dns-clusterip-changed",
        severity=Severity.WARNING if dead else Severity.INFO,
        confidence=Confidence.HIGH if dead else Confidence.MEDIUM,
        subject=f"Pod {one.pod}",
        summary=f"Pod {one.pod} was made {ages.words(one.age)} ago and asks {given}; a pod made now on its node asks "
        f"{', '.join(fresh.conf.used)}.",
        evidence=(_line(one), _line(fresh), f"kube-dns (and NodeLocal DNSCache): {', '.join(facts.right)}"),
        fix="Replace the pod: its resolv.conf is from before kube-dns or the kubelet was changed.",
        commands=(f"kubectl -n {client.namespace} delete pod {one.pod.partition('/')[2]}",)
        if client.kind == "Pod"
        else (f"kubectl -n {client.namespace} rollout restart {client.kind.lower()} {client.name}",),
        scope=Scope(pods=(one.pod,)),
    )


def _long(facts: Facts) -> Iterator[Finding]:
    kept: dict[tuple[str, ...], Handed] = {}
    for one in (*facts.probes, *((facts.asked,) if facts.asked else ())):
        if one.policy != "Default":
            kept.setdefault(one.conf.search, one)
    for one in kept.values():
        alike = [p for p in facts.probes if p.policy != "Default" and p.conf.search == one.conf.search]
        nodes = tuple(sorted({p.node for p in alike}))
        count, characters = len(one.conf.search), one.conf.characters
        if count <= OLD_DOMAINS and characters <= OLD_CHARACTERS:
            continue
        over = count >= DOMAINS or characters >= CHARACTERS
        yield Finding(
            code="search-or-nameserver-overflow",
            severity=Severity.WARNING if over else Severity.INFO,
            subject=f"Pod {one.pod}" if one.pod else ", ".join(f"Node {node}" for node in nodes),
            summary=f"The search list of {one.pod or f'pods on {len(nodes)} nodes'} has {count} domains ({characters} "
            "characters); "
            + (f"the kubelet cuts it at {DOMAINS}." if over else f"old C libraries read {OLD_DOMAINS} of them."),
            evidence=(_line(one),),
            fix="Shorten the search list: the domain-name of the VPC's DHCP options, and dnsConfig of the pod.",
            scope=Scope(nodes=() if one.pod else nodes, pods=(one.pod,) if one.pod else ()),
        )


def _line(one: Handed) -> str:
    who = f"pod {one.pod}" if one.pod else f"probe pod with dnsPolicy {one.policy}"
    return (
        f"{who} on {one.node}: nameserver {' '.join(one.conf.nameservers) or 'none'}, search "
        f"{' '.join(one.conf.search)[:300] or 'none'}, options {' '.join(one.conf.options) or 'none'}"
    )


def describe(facts: Facts) -> str:
    """Which name servers were handed out to how many probes, and what the asked pod has."""
    given = [p for p in facts.probes if p.policy == "ClusterFirst"]
    servers = ", ".join(sorted({s for p in given for s in p.conf.used})) or "no name server"
    text = f"{len(given)} nodes hand out {servers}"
    return f"{text}; {facts.asked.pod} asks {', '.join(facts.asked.conf.used) or 'nobody'}" if facts.asked else text


CHECK = Check(
    name="resolv-conf",
    title="Pods have a resolv.conf that leads to the cluster's DNS",
    stage=Stage.CLIENT,
    steps=("S15", "S24", "S25"),
    source="https://man7.org/linux/man-pages/man5/resolv.conf.5.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
