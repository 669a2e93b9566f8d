"""Nodes whose own firewall keeps questions from one server, or from all: read off the differential matrix by that server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract.model import Confidence, Effect, Finding, NameKind, Path, Scope, Severity, Signal

from .firewalls import BESIDE, NETWORK_CODES, REMOVE, TRANSPORTS, commands, outward_alone, over
from .view import Matrix, silent, whole

UNWELL = ("sg-for-pods-53", "coredns-oom-or-throttled", "deployment-mode-mismatch")
"""What silences a CoreDNS pod by itself, or on its own node too."""
PROMPT = 2.0
"""Within so many seconds a process answers that is not starved, port-forward included."""


def shut_servers(matrix: Matrix) -> Iterator[Finding]:
    """F19: before every CoreDNS pod where one node runs them all, before one of several, and before the VPC's resolver."""
    yield from _before_all(matrix)
    yield from _before_some(matrix)
    yield from _before_resolvers(matrix)


def _before_all(matrix: Matrix) -> Iterator[Finding]:
    """F19 on the one node that runs every CoreDNS pod: nobody is left to compare with, but what else it could be is ruled out.

    No group and no ACL sees what stays on the node, other ports of the same pods are open, no policy selects them, and the
    node's own questions to the servers outside are as silent.
    """
    cells = matrix.cells(Path.REPLICA)
    homes = {s.server: s.node for s in cells if s.same_node}
    if not silent(cells) or len(set(homes.values())) != 1 or {s.server for s in cells} != set(homes):
        return
    node = next(iter(homes.values()))
    outward = [s for s in matrix.signals if s.path is Path.UPSTREAM and s.node == node]
    open_there = [s for s in matrix.signals if s.path is Path.OTHER and s.node == node]
    inside = matrix.cells(Path.FORWARD)
    if not (whole(inside) and silent(outward) and whole(open_there) and matrix.all_cleared(BESIDE, node)):
        return
    if matrix.named(("deployment-mode-mismatch",), node):
        return
    here = [s for s in cells if s.node == node]
    yield Finding(
        code="node-firewall-drops-53",
        severity=Severity.CRITICAL,
        summary=f"Node {node}, which runs every CoreDNS pod, lets no DNS through: not even its own pods get an answer from "
        "them, although they work and their other ports are open.",
        subject=f"Node {node}",
        evidence=tuple(s.evidence[0] for s in (*here[:2], *outward[:2], *inside[:1], *open_there[:1]) if s.evidence),
        fix=REMOVE,
        commands=commands(node),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=tuple(homes)),
    )


def _before_some(matrix: Matrix) -> Iterator[Finding]:
    """F19 towards the CoreDNS pod of a node: it works and takes other connections, and no question gets to it.

    Either not even its own node's do, which neither groups nor ACLs can stop, or no other's, though these let them pass. All
    the other CoreDNS pods answer everybody, and no policy selects this one.
    """
    cells = matrix.cells(Path.REPLICA)
    homes = {s.server: s.node for s in cells if s.same_node}
    for server, node in homes.items():
        to_it = [s for s in cells if s.server == server]
        dead = tuple(t for t in TRANSPORTS if _unheard([s for s in to_it if s.transport == t]))
        if "udp" in dead and _rest_is_well(matrix, server, dead):
            yield _before_one(matrix, server, node, dead)


def _unheard(cells: Sequence[Signal]) -> bool:
    """Whether nobody's question to a CoreDNS pod came back, or only its own node's; at least two other nodes asked."""
    far, near = ([s for s in cells if s.same_node is same] for same in (False, True))
    mute = len(far) > 1 and all(s.effect is Effect.SILENT for s in far)
    return mute and (whole(near) or (bool(near) and all(s.effect is Effect.SILENT for s in near)))


def _rest_is_well(matrix: Matrix, server: str, dead: Sequence[str]) -> bool:
    """Whether process, other ports and all the other CoreDNS pods are well, and nothing else that was read explains it."""
    cells = [s for t in dead for s in matrix.cells(Path.REPLICA, transport=t) if s.server.startswith("pod/")]
    near = [s for s in cells if s.server == server and s.same_node]
    askers = {s.node for s in cells if s.server == server}
    process = matrix.cells(Path.FORWARD, server=server)
    open_there = [s for s in matrix.signals if s.path is Path.OTHER and s.server == server]
    codes = ["netpol-ingress-on-coredns", *(NETWORK_CODES if whole(near) else ())]
    codes += ["conntrack-table-full"] if len(dead) == len(TRANSPORTS) else []
    return (
        (whole(near) or len(dead) == len(TRANSPORTS))  # a process that is flooded loses UDP alone, for everybody
        and whole([s for s in cells if s.server != server])
        and whole(process)
        and all(s.seconds < PROMPT for s in process)
        and whole(open_there)
        and askers <= {s.node for s in open_there}
        and all(matrix.all_cleared(codes, asker) for asker in askers)
        and not any(matrix.named((*BESIDE, *UNWELL), asker) for asker in askers)
    )


def _before_one(matrix: Matrix, server: str, node: str, dead: tuple[str, ...]) -> Finding:
    cells = [s for t in dead for s in matrix.cells(Path.REPLICA, server=server, transport=t)]
    shut = [s for s in cells if s.effect is Effect.SILENT]
    near = any(s.same_node for s in shut)
    shown = [*shut[:4], *matrix.cells(Path.FORWARD, server=server)[:1]]
    shown += [s for s in matrix.signals if s.path is Path.OTHER and s.server == server][:2]
    one = dead if len(dead) == 1 else ()
    return Finding(
        code="node-firewall-drops-53",
        severity=Severity.CRITICAL,
        summary=f"Node {node} lets no DNS{over(dead)} through to the CoreDNS pod that runs there ({server}): "
        f"{'not even its own pods get' if near else 'only its own pods get'} an answer from it, although it works and "
        "its other ports are open.",
        subject=f"Node {node}",
        evidence=tuple(s.evidence[0] for s in shown if s.evidence),
        fix=REMOVE,
        commands=commands(node),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=(server,), transports=one)
        if near
        else Scope(pairs=tuple(dict.fromkeys((s.node, s.server) for s in shut)), transports=one),
    )


def _before_resolvers(matrix: Matrix) -> Iterator[Finding]:
    """F19 towards the VPC's resolver alone: it answers other nodes and not this one, which reaches every CoreDNS pod."""
    for node in matrix.nodes:
        outward = matrix.cells(Path.UPSTREAM, node=node, kind=NameKind.EXTERNAL)
        dropped = matrix.named((*BESIDE, "eni-pps-throttle", "deployment-mode-mismatch"), node)
        if (
            dropped
            or not matrix.cleared("conntrack-table-full", node)
            or {s.transport for s in outward} != {*TRANSPORTS}
        ):
            continue
        if whole(matrix.cells(Path.REPLICA, node=node)) and outward_alone(matrix, node, TRANSPORTS):
            yield _before_resolver(matrix, node, outward)


def _before_resolver(matrix: Matrix, node: str, outward: Sequence[Signal]) -> Finding:
    servers = tuple(dict.fromkeys(s.server for s in matrix.cells(Path.REPLICA, node=node) if s.same_node))
    well = [s for s in matrix.cells(Path.UPSTREAM, kind=NameKind.EXTERNAL) if s.node != node]
    named = ", ".join(dict.fromkeys(s.server for s in outward))
    return Finding(
        code="node-firewall-drops-53",
        severity=Severity.CRITICAL,
        summary=f"Node {node} lets no DNS through to the VPC's resolver {named}, which answers other nodes: "
        f"{'the CoreDNS pods there cannot look up outside names' if servers else 'nobody there can ask it'}.",
        subject=f"Node {node}",
        evidence=tuple(s.evidence[0] for s in (*outward[:3], *well[:2]) if s.evidence),
        fix=REMOVE,
        commands=commands(node),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=servers, kinds=(NameKind.EXTERNAL, NameKind.ASKED)),
    )
