"""No network policy stops pods from asking CoreDNS, or CoreDNS from being asked, on port 53 over UDP and TCP.

A pod that any policy selects for a direction may do only what some policy allows. A policy sees the CoreDNS pod's own
address, not the ClusterIP, which was replaced before: a rule that allows the ClusterIP alone allows nothing. UDP alone is not
enough either, since large answers come over TCP. Several policies add up; none takes away what another allows.

Read: the NetworkPolicies of kube-system and of the applications' namespaces (ApplicationNetworkPolicies too), the pods and
namespaces by their labels, and whether an agent makes policies hold: without one they change nothing, and are only told.
It cannot see pods of other namespaces; it says so where a policy of another kind exists that it does not judge. From security
groups it is told by the rules themselves: policies also stop pods of one node from one another.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.app_pods import app_pods, owner_of
from workers.cluster.enforcement import Enforcer, enforcer
from workers.cluster.network_policy import Judged, Peer, Policy, Rulebook
from workers.cluster.objects import LabelSelector, PolicySpec
from workers.cluster.policy_objects import Asker, allow_commands, not_judged, peer_of, policies_of

SOURCE = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
SYSTEM = "kube-system"
TRANSPORTS = ("udp", "tcp")
LINES = 8
NODE_LOCAL = "169.254.20.10"
QUIET = ("kube-system", "kube-public", "kube-node-lease", "dnsmedic")
"""Namespaces that hold no applications."""
OWN = Peer(name="probe", namespace="dnsmedic", labels={"app.kubernetes.io/managed-by": "dnsmedic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The policies and all that they are judged by. service: the ClusterIPs of kube-dns.

    strange: policies of kinds that are not judged. node_local: whether pods ask a cache on their node.
    """

    policies: tuple[Policy, ...]
    askers: tuple[Asker, ...]
    servers: tuple[Peer, ...]
    enforcer: Enforcer
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    service: tuple[str, ...] = ()
    node_local: bool = False
    strange: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def rules(self) -> Rulebook:
        """The policies with what they need to be judged."""
        return Rulebook(policies=self.policies, namespaces=self.namespaces, strict=self.enforcer.strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """One way that policies close."""

    asker: Asker
    server: Peer
    transport: str
    judged: Judged


def collect(cluster: Cluster) -> Facts:
    """Read policies, pods and labels. Raises CannotRead, and DoesNotApply without CoreDNS pods."""
    gaps = Gaps()
    servers = [peer_of(p) for p in cluster.coredns_pods() if p.running and p.addresses and not p.spec.host_network]
    if not servers:
        raise DoesNotApply("no CoreDNS pod runs here that a policy could be about")
    pods = [p for p in app_pods(cluster, gaps) if p.running and not p.spec.host_network]
    homes = dict.fromkeys((SYSTEM, *cluster.app_namespaces, *(p.namespace for p in pods)))
    service = gaps.of(lambda: cluster.service(SYSTEM, "kube-dns"), None)
    return Facts(
        policies=policies_of(cluster, gaps, tuple(homes)),
        askers=tuple(Asker(peer=peer_of(p), workload=owner_of(p)) for p in pods),
        servers=tuple(servers), enforcer=enforcer(cluster),
        namespaces={n.name: dict(n.metadata.labels) for n in gaps.of(cluster.namespaces, ())},
        service=service.addresses if service else (),
        node_local=gaps.of(lambda: cluster.daemon_set(SYSTEM, "node-local-dns"), None) is not None,
        strange=not_judged(cluster, gaps), gaps=gaps.seen(),
    )  # fmt: skip


def diagnose(facts: Facts) -> Iterator[Observation]:
    """F51 for what CoreDNS' policies close, F50 for what the askers' own close, F52 where it is TCP alone."""
    inward, outward = list(_inward(facts)), list(_outward(facts))
    yield from _about_coredns(facts, inward)
    for workload in dict.fromkeys(d.asker.workload for d in outward):
        yield _about_asker(facts, [d for d in outward if d.asker.workload == workload], outward)
    if facts.gaps or facts.strange:
        return
    told = (
        f"{len(facts.policies)} policies were judged for {len(facts.askers)} pods and {len(facts.servers)} CoreDNS pods"
    )
    nobody = f"nothing makes policies hold here: {facts.enforcer.because}"
    because = told if facts.enforcer.name else nobody
    if not any(d.transport == "udp" for d in outward) or not facts.enforcer.name:
        yield Excluded(code="netpol-egress-denies-53", because=because)
    if not any(d.transport == "udp" for d in inward) or not facts.enforcer.name:
        yield Excluded(code="netpol-ingress-on-coredns", because=because)


def _port(server: Peer, transport: str) -> int:
    """The port that CoreDNS listens on, behind the Service's 53."""
    named = (n for name, n, how in server.ports if name.startswith("dns") and how.lower() == transport)
    return next(named, 53)


def _others(facts: Facts) -> list[Asker]:
    """One pod for each namespace that could hold applications and whose pods are not known: its labels are not either."""
    seen = {a.peer.namespace for a in facts.askers}
    names = [name for name in facts.namespaces if name not in seen and name not in QUIET]
    return [Asker(peer=Peer(name="*", namespace=name), workload=f"Namespace {name}") for name in names]


def _inward(facts: Facts) -> Iterator[Denied]:
    rules = facts.rules
    for server in facts.servers:
        for asker in (*facts.askers, *_others(facts)):
            for transport in TRANSPORTS:
                judged = rules.ingress(asker.peer, server, transport, _port(server, transport))
                if judged.allowed is False:
                    yield Denied(asker=asker, server=server, transport=transport, judged=judged)


def _outward(facts: Facts) -> Iterator[Denied]:
    rules = facts.rules
    cache = Peer(name="node-local-dns", addresses=(NODE_LOCAL,))
    service = Peer(name="kube-dns", addresses=facts.service)
    for asker in facts.askers:
        for transport in TRANSPORTS:
            near = [cache, service] if facts.node_local else []
            if any(rules.egress(asker.peer, one, transport, 53).allowed for one in near):
                continue
            for server in facts.servers:
                judged = rules.egress(asker.peer, server, transport, _port(server, transport))
                if judged.allowed is False:
                    yield Denied(asker=asker, server=server, transport=transport, judged=judged)


def _transports(denied: Sequence[Denied]) -> tuple[str, ...]:
    return tuple(t for t in TRANSPORTS if any(d.transport == t for d in denied))


def _severity(facts: Facts, severity: Severity) -> Severity:
    return severity if facts.enforcer.name else Severity.INFO


def _closing(denied: Sequence[Denied]) -> tuple[Policy, ...]:
    found = {(p.kind, p.key): p for d in denied for p in d.judged.policies}
    return tuple(found.values())


def _evidence(facts: Facts, denied: Sequence[Denied]) -> tuple[str, ...]:
    policies = _closing(denied)
    lines = [f"{p.line}: {msgspec.json.encode(p.spec).decode()[:500]}" for p in policies[:LINES]]
    if not policies:
        lines.append("mode strict: a pod that no policy selects is closed")
    held = f"policies are held by {facts.enforcer.name}" if facts.enforcer.name else "nothing makes policies hold"
    return (*lines, f"{held}: {facts.enforcer.because}")


PORTS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def _about_coredns(facts: Facts, denied: Sequence[Denied]) -> Iterator[Finding]:
    """What the policies on CoreDNS close: for all that is known of, or for some."""
    closed = [s for s in facts.servers if _probes_denied(facts, s)]
    if closed and not any(d.asker in facts.askers for d in denied) and len(_shut(facts, denied)) < _all(facts):
        yield _probes_alone(facts, closed)
    if denied:
        yield _closed_in(facts, denied)


def _probes_denied(facts: Facts, server: Peer) -> bool:
    """Whether this run's own probes are among those that are closed out, so that they show it."""
    return facts.rules.ingress(OWN, server, "udp", _port(server, "udp")).allowed is False


def _shut(facts: Facts, denied: Sequence[Denied]) -> list[Asker]:
    return [a for a in (*facts.askers, *_others(facts)) if any(d.asker == a for d in denied)]


def _all(facts: Facts) -> int:
    return len(facts.askers) + len(_others(facts))


def _closed_in(facts: Facts, denied: Sequence[Denied]) -> Finding:
    transports = _transports(denied)
    tcp_alone = transports == ("tcp",)
    shut = _shut(facts, denied)
    all_shut = len(shut) == _all(facts)
    shown = "udp" in _transports(denied) and all(
        _probes_denied(facts, s) for s in {d.server.name: d.server for d in denied}.values()
    )
    names = tuple(dict.fromkeys(a.peer.namespace for a in shut))
    seen = tuple(a.peer.key for a in shut if a in facts.askers)
    servers = tuple(dict.fromkeys(f"pod/{d.server.name}" for d in denied))
    policies = _closing(denied)
    named = " and ".join(t.upper() for t in transports)
    who = "from the pods of any application" if all_shut else f"from {_shown(names)}"
    subject = f"{policies[0].kind} {policies[0].key}" if policies else "NetworkPolicy mode strict"
    selector = LabelSelector(match_labels={"k8s-app": "kube-dns"})
    # Namespaces whose pods nobody may look at can be closed on purpose.
    severe = (Severity.WARNING if tcp_alone else Severity.CRITICAL) if all_shut or seen else Severity.INFO
    return Finding(
        code="tcp-53-blocked" if tcp_alone else "netpol-ingress-on-coredns",
        severity=_severity(facts, severe),
        summary=f"{subject} lets no {named} 53 {who} in to {len(servers)} of {len(facts.servers)} CoreDNS pods"
        + ("" if facts.enforcer.name else ", but nothing makes policies hold here"),
        subject=subject,
        evidence=_evidence(facts, denied),
        fix="Allow UDP and TCP 53 to the CoreDNS pods from all namespaces.",
        commands=allow_commands(
            policies, Policy(namespace=SYSTEM, name="coredns", spec=PolicySpec(pod_selector=selector)),
            {"ingress": [{"ports": PORTS}]},
        ),
        confidence=Confidence.HIGH if facts.enforcer.sure else Confidence.MEDIUM,
        # Probes that are let in show nothing of it: then it is about the pods that are not.
        scope=Scope(
            servers=servers, transports=transports, pods=() if shown else seen or tuple(a.peer.key for a in shut)
        ),
    )  # fmt: skip


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"namespace {', '.join(names[:4])}{more}" if names else "nobody"


def _probes_alone(facts: Facts, servers: Sequence[Peer]) -> Finding:
    """Applications are let in, the probes of this run are not: their silence would say nothing."""
    policies = _closing(
        [
            Denied(
                asker=Asker(peer=OWN, workload=""),
                server=s,
                transport="udp",
                judged=facts.rules.ingress(OWN, s, "udp", _port(s, "udp")),
            )
            for s in servers
        ]
    )
    subject = f"{policies[0].kind} {policies[0].key}" if policies else ""
    return Finding(
        code="netpol-ingress-on-coredns",
        severity=Severity.INFO,
        summary="A policy lets the applications ask CoreDNS, but not the probes of this check: their silence says nothing",
        subject=subject,
        evidence=tuple(p.line for p in policies),
        fix="Let the namespace dnsmedic in as well, so that the probes see what applications see.",
        scope=Scope(servers=tuple(f"pod/{s.name}" for s in servers)),
    )


def _about_asker(facts: Facts, denied: Sequence[Denied], every: Sequence[Denied]) -> Finding:
    transports = _transports(denied)
    tcp_alone = transports == ("tcp",)
    asker, policies = denied[0].asker, _closing(denied)
    pods = tuple(dict.fromkeys(d.asker.peer.key for d in denied))
    servers = tuple(dict.fromkeys(f"pod/{d.server.name}" for d in denied))
    named = " and ".join(t.upper() for t in transports)
    subject = f"{policies[0].kind} {policies[0].key}" if policies else asker.workload
    many = len({d.asker.workload for d in every if d.transport == "udp"}) > 1
    fallback = Policy(namespace=asker.peer.namespace, name="pods")
    to = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SYSTEM}},
          "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}  # fmt: skip
    some = "" if len(servers) == len(facts.servers) else f" to {len(servers)} of {len(facts.servers)} CoreDNS pods"
    return Finding(
        code="tcp-53-blocked" if tcp_alone else "netpol-egress-denies-53",
        severity=_severity(facts, Severity.CRITICAL if many and not tcp_alone else Severity.WARNING),
        summary=f"{subject} lets no {named} 53 out{some} from {counted(len(pods), 'pod')} of {asker.workload}"
        + _why(facts, denied)
        + ("" if facts.enforcer.name else ", but nothing makes policies hold here"),
        subject=subject,
        evidence=(*_evidence(facts, denied), f"pods: {', '.join(pods[:LINES])}"),
        fix=f"Add a policy in {asker.peer.namespace} that lets the same pods out to CoreDNS by UDP and TCP 53.",
        commands=allow_commands(policies, fallback, {"egress": [{"to": [to], "ports": PORTS}]}),
        confidence=Confidence.MEDIUM if facts.node_local or not facts.enforcer.sure else Confidence.HIGH,
        scope=Scope(
            pods=pods, transports=transports, servers=servers if len(servers) < len(facts.servers) else ()
        ),
    )  # fmt: skip


def _why(facts: Facts, denied: Sequence[Denied]) -> str:
    """The misunderstanding behind a rule, where there is a usual one."""
    service = Peer(name="kube-dns", addresses=facts.service)
    first = denied[0]
    if facts.service and facts.rules.egress(first.asker.peer, service, first.transport, 53).allowed:
        return f" (it allows the Service's {facts.service[0]}, but a policy sees the addresses of the pods behind it)"
    return ""


def describe(facts: Facts) -> str:
    """How many policies there are, who holds them, and whom they were judged for."""
    by = f"held by {facts.enforcer.name}" if facts.enforcer.name else "held by nobody"
    return (
        f"{len(facts.policies)} policies, {by}; {len(facts.askers)} pods and {len(facts.servers)} CoreDNS pods judged"
    )


CHECK = Check(
    name="network-policies",
    title="No network policy stops DNS",
    stage=Stage.POLICY,
    steps=("S08", "S44"),
    source=SOURCE,
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
