"""The name servers of every private domain in the Corefile answer.

A server block such as `corp.example:53 { forward . 10.1.2.3 }` sends one domain to name servers of its own, often across a
VPN or transit gateway. When they do not answer, every name of that domain fails with SERVFAIL after some seconds, and
nothing else does.

Read: the Corefile, and what these servers answered to probes on the nodes (port 53, over UDP, or over TCP where CoreDNS is
told to use nothing else). Only nodes that got some answer from anybody count, so that a node without network is not blamed on
a server. Where CoreDNS itself still answers for the domain, the servers are reachable for it. One dead server of several is a
risk: CoreDNS asks the next, while there is one. Servers by name, over TLS or on other ports are not judged.
https://coredns.io/plugins/forward/
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, Told
from workers.cluster.addons import Owner, owner
from workers.cluster.corefile import forwards_of
from workers.cluster.names import plain, under
from workers.cluster.upstreams import Server, by_zone, servers

SYSTEM = "kube-system"
MAX_ZONES = 12
ANSWERED = (Effect.OK, Effect.NXDOMAIN, Effect.NODATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A domain with servers of its own. coredns: what a CoreDNS pod said of it over port-forward, None where not asked."""

    name: str
    servers: tuple[Server, ...]
    coredns: Effect | None = None
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The domains. nodes: how many nodes asked."""

    zones: tuple[Zone, ...]
    nodes: int
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the Corefile and the survey. Raises DoesNotApply where no domain has servers of its own."""
    gaps = Gaps()
    corefile = cluster.corefile().parsed
    names = tuple(
        dict.fromkeys(f.zone for f in forwards_of(corefile) if f.zone and f.addresses and not f.zone.endswith(".arpa"))
    )
    if not names:
        raise DoesNotApply("the Corefile sends no domain to name servers of its own")
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="stub") as pool:
        told = {name: pool.submit(_told, cluster, gaps, name) for name in names[:MAX_ZONES]}
        survey = cluster.survey()
    zones = {zone: found for zone, found in by_zone(servers(corefile, survey)).items() if zone}
    said = {name: future.result() for name, future in told.items()}
    return Facts(
        zones=tuple(_zone(zone, found, said.get(zone)) for zone, found in zones.items()),
        nodes=len(survey.nodes),
        owner=owner(cluster, "coredns"),
        gaps=(*survey.gaps, *gaps.seen()),
    )


def _zone(name: str, found: tuple[Server, ...], told: Told | None) -> Zone:
    return Zone(name=name, servers=found, coredns=told.effect if told else None, line=told.line if told else "")


def _told(cluster: Cluster, gaps: Gaps, name: str) -> Told | None:
    """What a CoreDNS pod says of the domain: it may have another way to the servers than a probe. None: it was not asked."""
    asked = plain(cluster.question.name)
    wanted, rtype = (asked, "A") if asked and under(asked, name) else (name, "SOA")
    pod = next((p for p in gaps.of(cluster.coredns_pods, ()) if p.ready), None)
    if pod is None:
        return None
    try:
        return gaps.of(lambda: cluster.ask(pod, wanted, rtype), None)
    except ValueError:  # the asked name is no DNS name, which asked-name tells
        return None


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Each domain by its servers."""
    wrong = False
    for zone in facts.zones:
        dead = [one for one in zone.servers if one.dead]
        if dead:
            wrong = True
            yield _dead(facts, zone, dead)
    judged = [one for zone in facts.zones for one in zone.servers if one.judged]
    if not wrong and judged and len(judged) == sum(len(zone.servers) for zone in facts.zones):
        names = ", ".join(zone.name for zone in facts.zones)
        yield Excluded(code="stub-domain-dead", because=f"all {len(judged)} name servers of {names} answered")


def _dead(facts: Facts, zone: Zone, dead: list[Server]) -> Finding:
    every = len(dead) == len(zone.servers)
    answered = zone.coredns in ANSWERED
    others = [one for one in zone.servers if one.judged and not one.dead]
    addresses = ", ".join(one.address for one in dead)
    over = " over TCP, by which alone CoreDNS asks (force_tcp)" if all(one.tcp_only for one in dead) else ""
    how = "refuses every query" if all(one.refused for one in dead) else f"answers nobody{over}"
    if every:
        severity = Severity.WARNING if answered else Severity.CRITICAL
        confidence = Confidence.LOW if answered else Confidence.HIGH
        summary = f"None of the {len(dead)} name servers of {zone.name} answers{over} ({addresses}), so its names fail."
        if len(dead) == 1:
            summary = f"The name server of {zone.name}, {addresses}, {how}, so its names fail."
    else:
        severity = Severity.WARNING if others else Severity.INFO
        confidence = Confidence.MEDIUM
        verb = "answers" if len(dead) == 1 else "answer"
        summary = f"{len(dead)} of the {len(zone.servers)} name servers of {zone.name} {verb} nobody: {addresses}."
    return Finding(
        code="stub-domain-dead", severity=severity, confidence=confidence, subject=f"domain {zone.name}", summary=summary,
        evidence=(f"Corefile: {zone.name} {{ forward . {' '.join(one.address for one in zone.servers)} }}",
                  *(line for one in dead for line in one.lines[:3]), *((zone.line,) if zone.line else ())),
        fix=f"Repair the way to {addresses} (the server itself, VPN or transit gateway, routes, security group of the server: "
        f"UDP and TCP 53), or let {zone.name} forward to servers that answer.",
        commands=_commands(facts, dead), scope=Scope(zones=(zone.name,)),
    )  # fmt: skip


def _commands(facts: Facts, dead: list[Server]) -> tuple[str, ...]:
    shown = f"kubectl -n {SYSTEM} get configmap coredns -o yaml"
    return (
        f"dig {'+tcp ' * dead[0].tcp_only}@{dead[0].address} {dead[0].zone} SOA",
        facts.owner.describe() if facts.owner.managed else shown,
    )


def describe(facts: Facts) -> str:
    """How many servers of which domains answer."""
    found = [one for zone in facts.zones for one in zone.servers]
    judged = [one for one in found if one.judged]
    good = sum(not one.dead for one in judged)
    left = f", {len(found) - len(judged)} could not be asked" if len(judged) < len(found) else ""
    return f"{good} of {len(judged)} name servers of {len(facts.zones)} domains answer from {facts.nodes} nodes{left}"


CHECK = Check(
    name="stub-domains",
    title="The name servers of every private domain in the Corefile answer",
    stage=Stage.UPSTREAM,
    steps=("S01", "S27"),
    source="https://coredns.io/plugins/forward/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
