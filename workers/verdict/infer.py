"""Causes that no single step can see, read off the differential matrix: which column fails where, while which others work.

Each rule names what must be dead, what must be alive, and what must have been ruled out; without all three it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Path, Scope, Severity, Signal

from .firewalls import node_firewalls
from .match import explains
from .modes import shown
from .rules import rules_missing
from .shut_servers import shut_servers
from .view import Matrix, alive, silent, whole

AT_ONCE_SECONDS = 0.3
LATE_SECONDS = 0.9
"""What CoreDNS answers by itself comes at once; what it asked others for in vain comes after its own time-outs."""
RESENT_SECONDS = 4.5
"""The C libraries send a question again after five seconds."""


def infer(
    signals: Sequence[Signal], findings: Sequence[Finding], excluded: Sequence[Excluded], hints: Sequence[Finding] = ()
) -> Iterator[Finding]:
    """Findings from the matrix alone. hints: findings of INFO, which may speak of nodes that are odd by design."""
    modes = list(shown(hints, Matrix(signals, findings, excluded)))
    yield from modes
    matrix = Matrix(signals, [*findings, *modes], excluded)
    yield from rules_missing(matrix)
    yield from node_firewalls(matrix)
    yield from shut_servers(matrix)
    yield from _tcp_blocked(matrix)
    yield from _race(matrix)
    yield from _node_local(matrix)
    yield from _without_private_zones(matrix, hints)
    yield from _answered_at_once(matrix)


def _tcp_blocked(matrix: Matrix) -> Iterator[Finding]:
    """F52: UDP passes between nodes and TCP does not, and nothing that was read says why."""
    pairs = []
    lines: list[str] = []
    for node in matrix.nodes:
        tcp = {s.server: s for s in matrix.cells(Path.REPLICA, node=node, transport="tcp")}
        udp = {s.server: s for s in matrix.cells(Path.REPLICA, node=node, transport="udp")}
        for server, cell in tcp.items():
            over = udp.get(server)
            if over is None or over.bad or not silent([cell]) or any(explains(f, cell) for f in matrix.findings):
                continue
            pairs.append((node, server))
            lines += [*over.evidence[:1], *cell.evidence[:1]]
    if not pairs:
        return
    yield Finding(
        code="tcp-53-blocked",
        severity=Severity.WARNING,
        summary=f"DNS over TCP is not answered on {len(pairs)} ways from a node to a CoreDNS pod that answers over UDP: "
        "large answers fail.",
        subject=", ".join(dict.fromkeys(f"Node {node}" for node, _ in pairs)),
        evidence=tuple(lines[:8]),
        fix="Open TCP 53 wherever UDP 53 is open: security groups, network ACLs, network policies, the nodes' own firewall.",
        commands=("kubectl get networkpolicies -A",),
        confidence=Confidence.MEDIUM,
        scope=Scope(pairs=tuple(pairs), transports=("tcp",)),
    )


def _race(matrix: Matrix) -> Iterator[Finding]:
    """F15: a lookup that sends two questions from one socket waits five seconds, while single questions never do."""
    for node in matrix.nodes:
        lookups = [s for s in matrix.signals if s.path is Path.CLIENT and s.node == node and not s.server and not s.pod]
        upstream = matrix.cells(Path.UPSTREAM, kind=NameKind.EXTERNAL)
        outside = not upstream or any(
            s.bad and s.kind is not NameKind.INTERNAL for s in matrix.signals if s.path is not Path.CLIENT
        )
        late = [s for s in lookups if s.effect is Effect.SLOW and s.seconds >= RESENT_SECONDS]
        if outside:
            late = [s for s in late if s.kind is NameKind.INTERNAL]  # outside names wait for the servers behind CoreDNS
        lost = [s for s in lookups if s.effect is Effect.SILENT]
        # each name of the search list may lose a question of its own, so that a lookup outlasts what a probe waits for
        hung = [] if outside else [s for s in lost if s.kind is NameKind.INTERNAL]
        known = [*matrix.cells(Path.CLUSTER_IP, node=node), *(own := _own(matrix, node))]
        if (late or (hung and own)) and whole(known):
            yield _raced(node, [*late, *lost], known)


def _own(matrix: Matrix, node: str) -> list[Signal]:
    """Single questions to the name servers that pods on a node are given."""
    return [s for s in matrix.cells(Path.CLIENT, node=node) if s.server]


def _raced(node: str, waiting: Sequence[Signal], known: Sequence[Signal]) -> Finding:
    ended = any(s.effect is Effect.SLOW for s in waiting)
    return Finding(
        code="conntrack-race-5s",
        severity=Severity.WARNING,
        summary=f"Lookups on node {node} wait five seconds{'' if ended else ' and more'}, although every single question is "
        "answered at once.",
        subject=f"Node {node}",
        evidence=(
            *(line for s in waiting[:3] for line in s.evidence),
            *(s.evidence[0] for s in known[:2] if s.evidence),
        ),
        fix="Use NodeLocal DNSCache, whose traffic is not tracked, or a newer kernel; for glibc images, the option "
        "single-request-reopen in dnsConfig spares the application until then.",
        commands=(f"kubectl describe node {node}",),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,)),
    )


def _node_local(matrix: Matrix) -> Iterator[Finding]:
    """F61: the node's own DNS cache is dead, or denies what CoreDNS knows, on a node that gets answers by the Service."""
    for node in matrix.nodes:
        local = matrix.cells(Path.NODE_LOCAL, node=node)
        through = matrix.cells(Path.CLUSTER_IP, node=node)
        own = _own(matrix, node)
        if not own or not all(s.bad for s in own):
            continue
        if silent(local):
            yield _cache(node, "does not answer", BRING_BACK, [*local[:2], *own[:1], *through[:1]], sure=alive(through))
        elif local and all(s.effect in DENIES for s in local) and whole(through):
            yield _cache(node, "has no answer for what CoreDNS knows", CORRECT, [*local[:2], *own[:1], *through[:1]])


DENIES = (Effect.NXDOMAIN, Effect.NODATA, Effect.SERVFAIL, Effect.REFUSED, Effect.WRONG)
BRING_BACK = (
    "Bring the node-local-dns pod of that node back, or let the kubelets hand out the address of kube-dns again."
)
CORRECT = (
    "Correct the Corefile of node-local-dns: it must hand the cluster's zone and the reverse zones to kube-dns; then restart "
    "its pods, which drops what they keep."
)


def _cache(node: str, what: str, fix: str, shown_by: Sequence[Signal], *, sure: bool = True) -> Finding:
    return Finding(
        code="deployment-mode-mismatch",
        severity=Severity.CRITICAL,
        summary=f"NodeLocal DNSCache {what} on node {node}, and its pods are told to ask it.",
        subject=f"Node {node}",
        evidence=tuple(s.evidence[0] for s in shown_by if s.evidence),
        fix=fix,
        commands=(
            f"kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={node}",
            "kubectl -n kube-system get configmap node-local-dns -o yaml",
        ),
        confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
        scope=Scope(nodes=(node,)),
    )


def _answered_at_once(matrix: Matrix) -> Iterator[Finding]:
    """F41: CoreDNS fails the asked name at once, while all other outside names fail late: it asked nobody for it.

    A plugin of the Corefile, which the CoreDNS pods run, covers the name: then it is that plugin, whatever else is dead.
    """
    outside = matrix.cells(Path.REPLICA, kind=NameKind.EXTERNAL)
    late = bool(outside) and all(s.effect is Effect.SILENT or (s.bad and s.seconds >= LATE_SECONDS) for s in outside)
    if not late or not matrix.cleared("corefile-reload-timebomb", ""):
        return
    asked = matrix.cells(Path.REPLICA, kind=NameKind.ASKED)
    at_once = [s for s in asked if s.effect in (Effect.SERVFAIL, Effect.NXDOMAIN) and s.seconds < AT_ONCE_SECONDS]
    for one in matrix.findings:
        named = one.code == "rewrite-hosts-template-shadow" and one.scope.kinds == (NameKind.ASKED,)
        if named and at_once and at_once == asked and all(explains(one, s) for s in asked):
            lines = [line for s in (*at_once[:2], *outside[:2]) for line in s.evidence[:1]]
            yield replace(one, confidence=Confidence.HIGH, evidence=(*one.evidence, *lines))


def _without_private_zones(matrix: Matrix, hints: Sequence[Finding]) -> Iterator[Finding]:
    """F58: name servers of one's own, which DHCP hands out, deny a name that a private zone of the VPC has."""
    held = {zone: e for e in matrix.excluded if e.code == "name-really-absent" for zone in e.scope.zones}
    for hint in hints:
        if hint.code != "dhcp-options-custom-dns" or not hint.scope.servers:
            continue
        said = [
            s for s in matrix.signals if s.path is Path.UPSTREAM and s.server in hint.scope.servers and s.zone in held
        ]
        if said and all(s.effect in (Effect.NXDOMAIN, Effect.NODATA) for s in said):
            yield _denying(hint, said, held[said[0].zone])


def _denying(hint: Finding, said: Sequence[Signal], held: Excluded) -> Finding:
    servers = tuple(dict.fromkeys(s.server for s in said))
    name = said[0].zone
    return Finding(
        code=hint.code,
        severity=Severity.WARNING,
        summary=f"{', '.join(servers)}, which the VPC hands out as name server, says that {name} does not exist, while a "
        "private zone of this VPC has it.",
        subject=hint.subject,
        evidence=(*hint.evidence, held.because, *(line for s in said[:4] for line in s.evidence[:1])),
        fix="Let these servers pass the private zones on to the VPC's resolver; or let the VPC hand out AmazonProvidedDNS, and "
        "send only the company's own zones to them by Route 53 Resolver rules.",
        commands=(f"dig @{servers[0]} {name}", f"aws ec2 describe-dhcp-options --dhcp-options-ids {hint.subject}"),
        confidence=Confidence.MEDIUM,
        scope=Scope(kinds=(NameKind.ASKED,), servers=servers),
    )
