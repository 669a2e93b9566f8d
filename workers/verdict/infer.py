"""Causes that no single step can see, read off the differential matrix: which column fails where, while which others work.

Each rule names what must be dead, what must be alive, and what must have been ruled out; without all three it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Path, Scope, Severity, Signal

from .match import explains
from .modes import shown
from .view import SILENCE, Matrix, alive, silent, whole

NETWORK_CODES = ("sg-blocks-53-between-nodes", "nacl-blocks-53-or-return")
BESIDE = (*NETWORK_CODES, "netpol-ingress-on-coredns", "conntrack-table-full")
PROXY_CODES = (  # the last may go unseen, where kube-proxy does not tell its mode
    "kube-proxy-absent-on-node",
    "kube-proxy-forbidden-403",
    "kube-proxy-unauthorized-401",
    "kube-proxy-apiserver-timeout",
    "kube-proxy-mode-broken",
)
SERVICE_CODES = (
    "kube-dns-service-missing",
    "kube-dns-selector-mismatch",
    "kube-dns-ports-wrong",
    "endpointslice-stale-or-orphan",
    "coredns-scaled-to-zero",
    "coredns-pending",
    "coredns-no-ip",
    "coredns-image-pull",
    "coredns-fargate-annotation",
    "corefile-syntax-crashloop",
    "corefile-loop",
    "coredns-rbac-endpointslices",
    "coredns-oom-or-throttled",
)

TRANSPORTS = ("udp", "tcp")

SERVICE_FACTS = (
    "kube-dns-service-missing",
    "kube-dns-selector-mismatch",
    "kube-dns-ports-wrong",
    "endpointslice-stale-or-orphan",
)
"""What must be ruled out where no node gets through the Service, before its rules are blamed."""

DEBUG = (
    "kubectl debug node/{node} -it --image=public.ecr.aws/amazonlinux/amazonlinux:2023 --profile=sysadmin "
    "-- chroot /host sh -c 'iptables-save; nft list ruleset'"
)
RESENT_SECONDS = 4.5
"""The C libraries send a question again after five seconds."""


def infer(
    signals: Sequence[Signal], findings: Sequence[Finding], excluded: Sequence[Excluded], hints: Sequence[Finding] = ()
) -> Iterator[Finding]:
    """Findings from the matrix alone. hints: findings of INFO, which may speak of nodes that are odd by design."""
    modes = list(shown(hints, Matrix(signals, findings, excluded)))
    yield from modes
    matrix = Matrix(signals, [*findings, *modes], excluded)
    yield from _rules_missing(matrix)
    yield from _node_firewall(matrix)
    yield from _tcp_blocked(matrix)
    yield from _race(matrix)
    yield from _node_local(matrix)


def _rules_missing(matrix: Matrix) -> Iterator[Finding]:
    """F18: the ClusterIP is dead on a node that reaches CoreDNS directly, and kube-proxy has no other fault there."""
    for node in matrix.nodes:
        if matrix.named((*PROXY_CODES, *SERVICE_CODES), node) or not matrix.all_cleared(PROXY_CODES[:4], node):
            continue
        dead = [t for t in TRANSPORTS if silent(matrix.cells(Path.CLUSTER_IP, node=node, transport=t))]
        if dead:
            yield from _not_forwarded(matrix, node, tuple(dead))


def _not_forwarded(matrix: Matrix, node: str, dead: tuple[str, ...]) -> Iterator[Finding]:
    through, direct = (
        [s for t in dead for s in matrix.cells(path, node=node, transport=t)]
        for path in (Path.CLUSTER_IP, Path.REPLICA)
    )
    others = [n for n in matrix.nodes if n != node]
    elsewhere = [s for n in others for t in dead for s in matrix.cells(Path.CLUSTER_IP, node=n, transport=t)]
    one = len(dead) < len(TRANSPORTS)
    if not whole(direct) or not (alive(elsewhere) or (not one and matrix.all_cleared(SERVICE_FACTS, node))):
        return
    runs = matrix.cleared("kube-proxy-absent-on-node", node)
    yield Finding(
        code="iptables-kubedns-rules-missing",
        severity=Severity.CRITICAL,
        summary=f"Node {node} does not forward the address of kube-dns to CoreDNS{_over(dead)}, although it reaches every "
        "CoreDNS pod.",
        subject=f"Node {node}",
        evidence=(
            *(line for s in through[:2] for line in s.evidence[:2]),
            *(s.evidence[0] for s in direct[:2] if s.evidence),
            *((runs.because,) if runs else ()),
        ),
        fix="Restart kube-proxy on that node, so that it writes its rules again; then find what removes them (firewalld, a "
        "hardening agent, another tool that flushes tables), since they come back only until it runs again.",
        commands=(
            f"kubectl -n kube-system delete pod -l k8s-app=kube-proxy --field-selector spec.nodeName={node}",
            f"kubectl get pods -A -o wide --field-selector spec.nodeName={node}",
        ),
        confidence=Confidence.HIGH if matrix.all_cleared(PROXY_CODES, node) and not one else Confidence.MEDIUM,
        scope=Scope(nodes=(node,), transports=dead if one else ()),
    )


def _over(dead: tuple[str, ...]) -> str:
    """Which transport is meant, where it is not all of them."""
    return "" if len(dead) == len(TRANSPORTS) else f" over {dead[0].upper()}"


def _node_firewall(matrix: Matrix) -> Iterator[Finding]:
    """F19: nothing on port 53 passes a node, towards pods on any other node, while other nodes get answers."""
    for node in matrix.nodes:
        dead = [t for t in TRANSPORTS if silent(matrix.cells(Path.REPLICA, node=node, transport=t))]
        if dead:
            yield from _firewall(matrix, node, tuple(dead))


def _firewall(matrix: Matrix, node: str, dead: tuple[str, ...]) -> Iterator[Finding]:
    direct = [s for s in matrix.cells(Path.REPLICA, node=node) if s.transport in dead]
    others = [s for n in matrix.nodes if n != node for s in matrix.cells(Path.REPLICA, node=n) if s.transport in dead]
    local = any(s.same_node for s in direct)
    if not any(s.effect not in SILENCE and s.same_node is False for s in others):
        return  # nobody gets across the network
    if not local and any(n == node for f in matrix.findings for n, _ in f.scope.pairs):
        return
    if matrix.named(("netpol-ingress-on-coredns", "conntrack-table-full", "deployment-mode-mismatch"), node):
        return
    if any(s.path is Path.OTHER and s.node == node and s.bad for s in matrix.signals):
        return  # it drops more than DNS
    if len(dead) == len(TRANSPORTS) and not matrix.cleared("conntrack-table-full", node):
        return  # a full connection table is as silent, and nobody saw that other connections pass
    cleared = [one for code in NETWORK_CODES if (one := matrix.cleared(code, node)) is not None]
    if not local and len(cleared) < len(NETWORK_CODES):
        return
    servers = tuple(dict.fromkeys(s.server for s in others if s.bad and _on(matrix, s.server, node)))
    yield Finding(
        code="node-firewall-drops-53",
        severity=Severity.CRITICAL,
        summary=f"Node {node} lets no DNS{_over(dead)} through: its pods get no answer from any CoreDNS pod"
        f"{', not even the one on the same node' if local else ''}, while pods on other nodes do.",
        subject=f"Node {node}",
        evidence=_firewall_evidence(direct, others, cleared),
        fix="Look for a rule on that node that drops or rejects port 53 (iptables, nftables, a hardening script or agent), "
        "remove it, or replace the node.",
        commands=(
            DEBUG.format(node=node),
            f"kubectl cordon {node}",
        ),
        confidence=Confidence.HIGH if local and matrix.all_cleared(BESIDE, node) else Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=servers, transports=dead if len(dead) == 1 else ()),
    )


def _on(matrix: Matrix, server: str, node: str) -> bool:
    """Whether a CoreDNS pod runs on a node, by the cells that know."""
    return any(s.server == server and s.node == node and s.same_node for s in matrix.signals)


def _firewall_evidence(
    direct: Sequence[Signal], others: Sequence[Signal], cleared: Sequence[Excluded]
) -> tuple[str, ...]:
    dead = [s.evidence[0] for s in direct if s.evidence][:4]
    good = [s.evidence[0] for s in others if s.effect is Effect.OK and s.evidence][:2]
    return (*dead, *good, *(one.because for one in cleared))


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
        outside = any(s.bad and s.kind is not NameKind.INTERNAL for s in matrix.signals if s.path is not Path.CLIENT)
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
    """F61: the node's own DNS cache is dead on a node that gets answers through the Service."""
    for node in matrix.nodes:
        local = matrix.cells(Path.NODE_LOCAL, node=node)
        through = matrix.cells(Path.CLUSTER_IP, node=node)
        own = _own(matrix, node)
        if not silent(local) or not own or not all(s.bad for s in own):
            continue
        yield Finding(
            code="deployment-mode-mismatch",
            severity=Severity.CRITICAL,
            summary=f"NodeLocal DNSCache does not answer on node {node}, and its pods are told to ask it.",
            subject=f"Node {node}",
            evidence=(*(s.evidence[0] for s in (*local[:2], *own[:1], *through[:1]) if s.evidence),),
            fix="Bring the node-local-dns pod of that node back, or let the kubelets hand out the address of kube-dns again.",
            commands=(f"kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={node}",),
            confidence=Confidence.HIGH if alive(through) else Confidence.MEDIUM,
            scope=Scope(nodes=(node,)),
        )
