"""The cluster's events of the last half hour should tell of no node that hurts DNS.

Kubelets say in events when they have no cluster DNS to hand to pods or drop name servers and search domains beyond the
limits; the EKS node monitoring agent says when a node's connection table is full, packets to the VPC's resolver are dropped,
or a firewall rule rejects traffic.

Read are the events of `default` (nodes), kube-system and the application namespaces, the conditions that the agent sets at
nodes, and which of the pods that events name still exist. Where kubelets complained of a missing cluster DNS, the probes'
resolv.conf shows whether the node still does it.

Events are memories: one older than ten minutes, or about a pod or node that is gone, is only noted. A pod that was made while
its kubelet had no cluster DNS keeps the wrong name server until it is made anew, whatever the kubelet does now. A dropped
search domain works until the name needs it: a risk.

https://docs.aws.amazon.com/eks/latest/userguide/node-health.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, Gap, Gaps, ages, happenings
from workers.cluster.happenings import Happening
from workers.cluster.objects import Event, Node, Pod

NO_DNS, TRIMMED = "MissingClusterDNS", "DNSConfigForming"
MISSING, OVERFLOW, TABLE = "kubelet-clusterdns-missing", "search-or-nameserver-overflow", "conntrack-table-full"
THROTTLED, FIREWALL = "eni-pps-throttle", "node-firewall-drops-53"
AGENT = {
    "ConntrackExceededKernel": TABLE,
    "ConntrackExceeded": TABLE,
    "LinkLocalExceeded": THROTTLED,
    "UnexpectedRejectRule": FIREWALL,
    "KubeProxyNotReady": "kube-proxy-absent-on-node",
    "IPAMDNoIPs": "coredns-no-ip",
    "ClockUnsynchronized": "kube-proxy-unauthorized-401",
}
"""What the node monitoring agent says, and the code that it speaks for."""
LATELY = 1800.0
FRESH = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A pod that an event names and that exists. late: whether it was made after its kubelet began to complain."""

    pod: str
    node: str
    late: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Recent events by what they say. probed: nodes that a probe looked from, cured: those that hand out the cluster's DNS.

    coredns: (node, pod) of the CoreDNS pods, since what hurts a node hurts the lookups that its CoreDNS sends on.
    """

    happenings: tuple[Happening, ...]
    nodes: tuple[str, ...]
    pods: tuple[Named, ...] = ()
    coredns: tuple[tuple[str, str], ...] = ()
    probed: tuple[str, ...] = ()
    cured: tuple[str, ...] = ()
    read: int = 0
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read events and conditions, and what they name."""
    gaps, now = Gaps(), ages.clock()
    nodes = cluster.nodes()
    spaces = tuple(dict.fromkeys(("default", "kube-system", *cluster.app_namespaces)))
    events = [event for space in spaces for event in gaps.of(partial(cluster.events, space), ())]
    found = [
        h for e in events if _speaks(e) and (h := happenings.happening(e, now)).age is not None and h.age <= LATELY
    ]
    found += [one for node in nodes for one in _conditions(node)]
    coredns = gaps.of(cluster.coredns_pods, ()) if found else ()
    probed, cured = _cured(cluster) if any(h.reason == NO_DNS for h in found) else ((), ())
    return Facts(
        happenings=happenings.newest(found),
        nodes=tuple(node.name for node in nodes),
        pods=tuple(_named(cluster, events, now)),
        coredns=tuple((p.spec.node_name, p.name) for p in coredns if p.running),
        probed=probed,
        cured=cured,
        read=len(events),
        gaps=gaps.seen(),
    )


def _speaks(event: Event) -> bool:
    return event.reason in (NO_DNS, TRIMMED) or event.reason in AGENT


def _conditions(node: Node) -> Iterator[Happening]:
    """The agent's conditions that are false now: as fresh as can be."""
    for condition in node.status.conditions:
        if (
            condition.type in ("NetworkingReady", "KernelReady")
            and condition.status == "False"
            and condition.reason in AGENT
        ):
            yield Happening(
                reason=condition.reason,
                message=f"{condition.type} is False since {condition.last_transition_time}: {condition.message}"[:500],
                kind="Node",
                name=node.name,
                age=0.0,
                host=node.name,
            )


def _named(cluster: Cluster, events: Sequence[Event], now: float) -> Iterator[Named]:
    """The pods of recent kubelet complaints that exist, and whether they were made after the complaints began."""
    wanted: dict[str, list[Event]] = {}
    began: dict[str, float] = {}
    for event in events:
        first = ages.age(event.first_timestamp or event.last_seen, now)
        if event.reason == NO_DNS and first is not None:
            began[event.source.host] = max(began.get(event.source.host, 0.0), first)
        last, one = ages.age(event.last_seen, now), event.involved_object
        if event.reason in (NO_DNS, TRIMMED) and one.kind == "Pod" and last is not None and last <= LATELY:
            wanted.setdefault(f"{one.namespace}/{one.name}", []).append(event)
    for space in sorted({key.partition("/")[0] for key in wanted}):
        try:
            pods = cluster.pods(space)
        except CannotRead:
            continue
        for pod in pods:
            made = ages.age(pod.metadata.creation_timestamp, now)
            said = [e for e in wanted.get(pod.key, ()) if _about(e, pod, now)]
            if said and pod.running:
                late = made is not None and made <= began.get(said[0].source.host, 0.0) + 5
                yield Named(pod=pod.key, node=pod.spec.node_name, late=late)


def _about(event: Event, pod: Pod, now: float) -> bool:
    """Whether an event is about this very pod: a StatefulSet gives the name of a pod that is gone to the next one."""
    if event.involved_object.uid and pod.metadata.uid:
        return event.involved_object.uid == pod.metadata.uid
    made, last = ages.age(pod.metadata.creation_timestamp, now), ages.age(event.last_seen, now)
    return made is None or last is None or last <= made


def _cured(cluster: Cluster) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nodes on which a ClusterFirst probe ran, and those of them where it got a name server of the cluster."""
    try:
        service = cluster.service("kube-system", "kube-dns")
        told = [r for r in cluster.survey().resolv if r.policy == "ClusterFirst"]
    except CannotRead:
        return (), ()
    right = {*(service.addresses if service else ()), "169.254.20.10"}
    good = {r.node for r in told if right.intersection(r.text.split())}
    return tuple(sorted({r.node for r in told})), tuple(sorted(good))


def diagnose(facts: Facts) -> Iterator[Observation]:
    """What kubelets and the agent complain of, by code."""
    yield from _no_dns(facts)
    yield from _trimmed(facts)
    for reason, code in AGENT.items():
        said = [h for h in facts.happenings if h.reason == reason]
        if said:
            yield _agent(facts, code, said)


def _no_dns(facts: Facts) -> Iterator[Observation]:
    said = [h for h in facts.happenings if h.reason == NO_DNS]
    if not said:
        if not facts.gaps and facts.read:
            yield Excluded(code=MISSING, because=f"no kubelet says so in {facts.read} events")
        return
    ages_by_node: dict[str, float] = {}
    for h in said:
        ages_by_node.setdefault(h.host or h.name, h.age or 0.0)
    complaining = set(ages_by_node).intersection(facts.nodes) - set(facts.cured)
    still = sorted(n for n in complaining if n in facts.probed or ages_by_node[n] <= FRESH)
    pods = [p for p in facts.pods if p.late and p.node in ages_by_node]
    evidence = tuple(h.line for h in said[:8])
    if still:
        yield Finding(
            code=MISSING,
            severity=Severity.CRITICAL,
            summary=f"On {counted(len(still), 'node')} ({', '.join(still[:3])}) the kubelet has no cluster DNS for new pods.",
            subject=f"Node {still[0]}",
            evidence=evidence,
            fix="Set clusterDNS in the kubelet's configuration of these nodes (bootstrap data), and make their pods anew.",
            commands=(f"kubectl get events -A --field-selector reason={NO_DNS}",),
            confidence=Confidence.HIGH if set(still) <= set(facts.probed) else Confidence.MEDIUM,
            scope=Scope(nodes=tuple(still)),
        )
    elif pods:
        yield Finding(
            code=MISSING,
            severity=Severity.WARNING,
            summary=f"{counted(len(pods), 'pod')} made while the kubelet had no cluster DNS still ask the wrong name server.",
            subject=f"Pod {pods[0].pod}",
            evidence=evidence,
            fix="Delete these pods, so that they are made anew with the cluster's DNS.",
            commands=tuple(
                f"kubectl -n {p.pod.partition('/')[0]} delete pod {p.pod.partition('/')[2]}" for p in pods[:8]
            ),
            confidence=Confidence.MEDIUM,
            scope=Scope(pods=tuple(p.pod for p in pods)),
        )
    else:
        yield _note(MISSING, said, "Kubelets had no cluster DNS for a while; it is over.")


def _trimmed(facts: Facts) -> Iterator[Observation]:
    said = {f"{h.namespace}/{h.name}": h for h in facts.happenings if h.reason == TRIMMED and h.kind == "Pod"}
    pods = [p for p in facts.pods if p.pod in said]
    if not pods:
        if said:
            yield _note(OVERFLOW, list(said.values()), "Pods that are gone had name servers or search domains dropped.")
        return
    yield Finding(
        code=OVERFLOW,
        severity=Severity.WARNING,
        summary=f"{counted(len(pods), 'pod')} asked for more name servers or search domains than the limit: the rest is "
        "dropped.",
        subject=f"Pod {pods[0].pod}",
        evidence=tuple(said[p.pod].line for p in pods[:8]),
        fix="Shorten dnsConfig of these pods, or the domain-name of the VPC's DHCP options where the node's list is long.",
        commands=(f"kubectl -n {pods[0].pod.partition('/')[0]} get pod {pods[0].pod.partition('/')[2]} -o yaml",),
        scope=Scope(pods=tuple(p.pod for p in pods)),
    )


def _note(code: str, said: Sequence[Happening], words: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.INFO,
        summary=f"{words} ({counted(len(said), 'event')}, the last {ages.words(said[0].age)} ago)",
        subject=f"{said[0].kind} {said[0].name}",
        evidence=tuple(h.line for h in said[:6]),
    )


def _agent(facts: Facts, code: str, said: Sequence[Happening]) -> Finding:
    """A complaint of the node monitoring agent: only what is fresh, and about a node that exists, counts."""
    fresh = [h for h in said if (h.age or 0.0) <= FRESH and (h.host or h.name) in facts.nodes]
    nodes = tuple(dict.fromkeys(h.host or h.name for h in fresh))
    servers = tuple(f"pod/{pod}" for node, pod in facts.coredns if node in nodes)
    silent = code == FIREWALL and not any(word in h.message for h in fresh for word in ("53", "dns", "DNS"))
    if not fresh or silent or (code == THROTTLED and not servers) or code not in LOUD:
        return _note(code, said, f"The node monitoring agent says {said[0].reason}.")
    words, severity, fix = LOUD[code]
    scope = (
        Scope(servers=servers, kinds=(NameKind.EXTERNAL, NameKind.ASKED)) if code == THROTTLED else Scope(nodes=nodes)
    )
    return Finding(
        code=code,
        severity=Severity.WARNING if said[0].reason == "ConntrackExceeded" else severity,
        summary=f"{words} on {counted(len(nodes), 'node')} ({', '.join(nodes[:3])}), the last time "
        f"{ages.words(fresh[0].age)} ago.",
        subject=f"Node {nodes[0]}",
        evidence=tuple(h.line for h in fresh[:8]),
        fix=fix,
        commands=(f"kubectl describe node {nodes[0]}",),
        scope=scope,
    )


LOUD = {
    TABLE: (
        "The connection table is full",
        Severity.CRITICAL,
        "Raise conntrack.maxPerCore in kube-proxy's configuration, use larger nodes, or run NodeLocal DNSCache.",
    ),
    THROTTLED: (
        "Packets to the VPC's resolver are dropped, as CoreDNS sends too many from one network interface",
        Severity.CRITICAL,
        "Spread CoreDNS over more nodes, run more replicas, or NodeLocal DNSCache; lower the number of queries.",
    ),
    FIREWALL: (
        "A firewall rule that is not Kubernetes' own rejects traffic",
        Severity.CRITICAL,
        "Delete the rule, or the hardening script that writes it.",
    ),
}
"""Complaints that stand by themselves; the others are judged by the steps that see the thing itself."""


def describe(facts: Facts) -> str:
    """How many events were read, and how many speak of DNS."""
    reasons = sorted({h.reason for h in facts.happenings})
    return f"{facts.read} events read, {len(facts.happenings)} of the last half hour matter" + (
        f" ({', '.join(reasons)})" if reasons else ""
    )


CHECK = Check(
    name="node-events",
    title="No node tells of trouble that hurts DNS",
    stage=Stage.NODE,
    steps=(),
    source="https://docs.aws.amazon.com/eks/latest/userguide/node-health.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
