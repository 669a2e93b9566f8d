"""Nodes that do not forward the address of kube-dns, read off the differential matrix: it is dead there, CoreDNS is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract.model import Confidence, Effect, Finding, NameKind, Path, Scope, Severity, Signal

from .firewalls import TRANSPORTS, over
from .view import SILENCE, Matrix, alive, silent, whole

RULES = "iptables-kubedns-rules-missing"
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

NO_ENDPOINTS = (
    "coredns-scaled-to-zero",
    "coredns-pending",
    "coredns-no-ip",
    "coredns-image-pull",
    "coredns-fargate-annotation",
)
"""Of CoreDNS pods that never became endpoints: they take no question from those that did."""
SERVICE_FACTS = (
    "kube-dns-service-missing",
    "kube-dns-selector-mismatch",
    "kube-dns-ports-wrong",
    "endpointslice-stale-or-orphan",
)
"""What must be ruled out where no node gets through the Service, before its rules are blamed."""


NEGLIGIBLE = 0.005
"""So unlikely must it be that one of the nodes met nothing but dead endpoints, before its rules are blamed beside them."""


def rules_missing(matrix: Matrix) -> Iterator[Finding]:
    """F18: the ClusterIP is dead on a node that reaches CoreDNS directly, and kube-proxy has no other fault there."""
    for node in matrix.nodes:
        if matrix.named((RULES, *PROXY_CODES), node) or not matrix.all_cleared(PROXY_CODES[:4], node):
            continue
        dead = tuple(t for t in TRANSPORTS if silent(matrix.cells(Path.CLUSTER_IP, node=node, transport=t)))
        apart = _stands_out(matrix, node, dead)
        told = tuple(t for t in dead if t in apart or _open(matrix, node, t))
        if told:
            yield from _not_forwarded(matrix, node, told)


def _open(matrix: Matrix, node: str, transport: str) -> bool:
    """Whether nothing is known of the Service, or of CoreDNS, that could silence a node over a transport."""
    known = [
        f
        for f in matrix.findings
        if f.code in SERVICE_CODES
        and not f.scope.pods
        and (not f.scope.nodes or node in f.scope.nodes)
        and (not f.scope.transports or transport in f.scope.transports)
    ]
    elsewhere = [s for s in matrix.cells(Path.CLUSTER_IP, transport=transport) if s.node != node]
    return not known or (all(f.code in NO_ENDPOINTS and not f.scope.nodes for f in known) and whole(elsewhere))


def _stands_out(matrix: Matrix, node: str, dead: Sequence[str]) -> tuple[str, ...]:
    """The transports over which a node meets silence alone and others meet it now and then: too often for the same cause.

    Others count that reach CoreDNS, and no more of its pods than this node does. One of them must have been answered and
    not answered, which shows that each question finds an endpoint of its own.
    """
    if any(f.code in SERVICE_CODES and node in f.scope.nodes for f in matrix.findings):
        return ()
    reached = _reached(matrix, node, dead)
    rivals = [n for n in matrix.nodes if n != node and 0 < _reached(matrix, n, dead) <= reached]
    over_each = {t: [_asked(matrix, n, t) for n in rivals] for t in dead}
    some = tuple(t for t in dead if any(_came_back(s) for cells in over_each[t] for s in cells))
    own = [s for t in some for s in _asked(matrix, node, t)]
    if not silent(own) or not any(_mixed(cells) for t in some for cells in over_each[t]):
        return ()
    every = [s for t in some for cells in over_each[t] for s in cells]
    asked, lost = sum(s.attempts for s in every), sum(s.attempts - _came_back(s) for s in every)
    share = (lost + 1) / (asked + 2)  # of a sample, with what it may have missed
    unlikely = len(matrix.nodes) * share ** sum(s.attempts for s in own) < NEGLIGIBLE
    return some if unlikely else ()


def _asked(matrix: Matrix, node: str, transport: str) -> list[Signal]:
    """What a node asked through the Service, for whichever name."""
    return [s for kind in NameKind for s in matrix.cells(Path.CLUSTER_IP, node=node, transport=transport, kind=kind)]


def _reached(matrix: Matrix, node: str, transports: Sequence[str]) -> int:
    """How many CoreDNS pods answer a node over some transports."""
    good = [{s.server for s in _direct(matrix, node, (t,)) if s.effect is Effect.OK} for t in transports]
    return len(set.intersection(*good)) if good else 0


def _direct(matrix: Matrix, node: str, transports: Sequence[str]) -> list[Signal]:
    """What a node asked of CoreDNS pods. Other endpoints are no measure: dead ones are so for everybody."""
    cells = [s for t in transports for s in matrix.cells(Path.REPLICA, node=node, transport=t)]
    return [s for s in cells if s.server.startswith("pod/")]


def _mixed(cells: Sequence[Signal]) -> bool:
    back, asked = sum(map(_came_back, cells)), sum(s.attempts for s in cells)
    return any(s.effect is Effect.LOSSY for s in cells) or 0 < back < asked


def _came_back(signal: Signal) -> int:
    """How many of the questions came back, with whatever answer."""
    if signal.effect in SILENCE:
        return 0
    return signal.answered if signal.effect is Effect.LOSSY else signal.attempts


def _not_forwarded(matrix: Matrix, node: str, dead: tuple[str, ...]) -> Iterator[Finding]:
    through = [s for t in dead for s in matrix.cells(Path.CLUSTER_IP, node=node, transport=t)]
    direct = _direct(matrix, node, dead)
    others = [n for n in matrix.nodes if n != node]
    elsewhere = [s for n in others for t in dead for s in matrix.cells(Path.CLUSTER_IP, node=n, transport=t)]
    one = len(dead) < len(TRANSPORTS)
    apart = _stands_out(matrix, node, dead) == dead
    if not whole(direct) and (any(s.effect is Effect.LOSSY for s in direct) or not apart):
        return  # a node that loses packets on every way has more than rules that are missing
    if not (apart or alive(elsewhere) or (not one and matrix.all_cleared(SERVICE_FACTS, node))):
        return
    runs = matrix.cleared("kube-proxy-absent-on-node", node)
    good = [s for s in direct if s.effect is Effect.OK]
    yield Finding(
        code=RULES,
        severity=Severity.CRITICAL,
        summary=f"Node {node} does not forward the address of kube-dns to CoreDNS{over(dead)}, although it reaches "
        f"{'every CoreDNS pod' if whole(direct) else 'CoreDNS directly'}.",
        subject=f"Node {node}",
        evidence=(
            *(line for s in through[:2] for line in s.evidence[:2]),
            *(s.evidence[0] for s in good[:2] if s.evidence),
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
