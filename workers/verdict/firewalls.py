"""Nodes whose own firewall drops DNS, read off the differential matrix: port 53 is silent, and all else is ruled out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Path, Scope, Severity, Signal
from workers.cluster.outward import RESOLVERS

from .view import SILENCE, Matrix, silent, whole

TRANSPORTS = ("udp", "tcp")
NETWORK_CODES = ("sg-blocks-53-between-nodes", "nacl-blocks-53-or-return")
BESIDE = (*NETWORK_CODES, "netpol-ingress-on-coredns", "conntrack-table-full")
CUSTOM = "dhcp-options-custom-dns"
THIRD = ".2"
"""The end of the resolver's address in a VPC whose first range begins with a whole 256 addresses."""
UNWELL = ("sg-for-pods-53", "coredns-oom-or-throttled", "deployment-mode-mismatch")
"""What silences a CoreDNS pod by itself, or on its own node too."""
PROMPT = 2.0
"""Within so many seconds a process answers that is not starved, port-forward included."""
DEBUG = (
    "kubectl debug node/{node} -it --image=public.ecr.aws/amazonlinux/amazonlinux:2023 --profile=sysadmin "
    "-- chroot /host sh -c 'iptables-save; nft list ruleset'"
)
REMOVE = (
    "Look for a rule on that node that drops or rejects port 53 (iptables, nftables, a hardening script or agent), remove it, "
    "or replace the node."
)


def node_firewalls(matrix: Matrix) -> Iterator[Finding]:
    """F19, on nodes that others can be compared with, on the one that runs every CoreDNS pod, and before one of several."""
    yield from _node_firewall(matrix)
    yield from _firewall_before_all(matrix)
    yield from _firewall_before_one(matrix)
    yield from _firewall_before_resolver(matrix)


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
    across = any(s.effect not in SILENCE and s.same_node is False for s in others)
    outward = _outward_alone(matrix, node, dead)
    if not (across or outward or _shut_at_home(matrix, node, dead)):
        return  # nobody gets across the network, and nothing more is known of this node
    if not local and any(n == node for f in matrix.findings for n, _ in f.scope.pairs):
        return
    if matrix.named(("conntrack-table-full", "deployment-mode-mismatch"), node):
        return
    if matrix.named(("netpol-ingress-on-coredns",), node) and not outward:
        return  # a policy on CoreDNS is as silent, on its own node too
    if any(s.path is Path.OTHER and s.node == node and s.bad for s in matrix.signals):
        return  # it drops more than DNS
    if len(dead) == len(TRANSPORTS) and not matrix.cleared("conntrack-table-full", node):
        return  # a full connection table is as silent, and nobody saw that other connections pass
    cleared = [one for code in NETWORK_CODES if (one := matrix.cleared(code, node)) is not None]
    if not local and len(cleared) < len(NETWORK_CODES):
        return
    servers = tuple(dict.fromkeys(s.server for s in others if s.bad and _on(matrix, s.server, node)))
    elsewhere = any(s.effect not in SILENCE for s in others)
    answered = (
        "while pods on other nodes do" if elsewhere else "and none from the VPC's resolver, which answers other nodes"
    )
    yield Finding(
        code="node-firewall-drops-53",
        severity=Severity.CRITICAL,
        summary=f"Node {node} lets no DNS{over(dead)} through: its pods get no answer from any CoreDNS pod"
        f"{', not even the one on the same node' if local else ''}, {answered}.",
        subject=f"Node {node}",
        evidence=_firewall_evidence(direct, others, cleared),
        fix=REMOVE,
        commands=(
            DEBUG.format(node=node),
            f"kubectl cordon {node}",
        ),
        confidence=Confidence.HIGH if local and matrix.all_cleared(BESIDE, node) else Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=servers, transports=dead if len(dead) == 1 else ()),
    )


def _shut_at_home(matrix: Matrix, node: str, dead: Sequence[str]) -> bool:
    """Whether a node's own CoreDNS pod works and takes other connections, while another node's own answers as it should.

    No security group and no network ACL sees what stays on a node. Over UDP alone the process itself may be flooded.
    """
    if len(dead) < len(TRANSPORTS):
        return False
    for own in {s.server for s in matrix.cells(Path.REPLICA, node=node) if s.same_node}:
        open_there = [s for s in matrix.signals if s.path is Path.OTHER and s.node == node and s.server == own]
        if whole(matrix.cells(Path.FORWARD, server=own)) and whole(open_there):
            cells = [s for t in dead for s in matrix.cells(Path.REPLICA, transport=t)]
            return whole([s for s in cells if s.same_node and s.node != node])
    return False


def _outward_alone(matrix: Matrix, node: str, dead: Sequence[str]) -> bool:
    """Whether the VPC's own resolver, on whose way stand neither groups nor ACLs, answers other nodes and not this one."""
    cells = [s for t in dead for s in matrix.cells(Path.UPSTREAM, transport=t, kind=NameKind.EXTERNAL)]
    here = [s for s in cells if s.node == node]
    servers = {s.server for s in here}
    elsewhere = [s for s in cells if s.node != node and s.server in servers]
    own = all(address in RESOLVERS or address.endswith(THIRD) for address in servers)
    return silent(here) and whole(elsewhere) and own and bool(matrix.cleared(CUSTOM, node))


def _firewall_before_one(matrix: Matrix) -> Iterator[Finding]:
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
        commands=(DEBUG.format(node=node), f"kubectl cordon {node}"),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=(server,), transports=one)
        if near
        else Scope(pairs=tuple(dict.fromkeys((s.node, s.server) for s in shut)), transports=one),
    )


def _firewall_before_resolver(matrix: Matrix) -> Iterator[Finding]:
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
        if whole(matrix.cells(Path.REPLICA, node=node)) and _outward_alone(matrix, node, TRANSPORTS):
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
        commands=(DEBUG.format(node=node), f"kubectl cordon {node}"),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=servers, kinds=(NameKind.EXTERNAL, NameKind.ASKED)),
    )


def _firewall_before_all(matrix: Matrix) -> Iterator[Finding]:
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
        commands=(DEBUG.format(node=node), f"kubectl cordon {node}"),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=tuple(homes)),
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


def over(dead: tuple[str, ...]) -> str:
    """Which transport is meant, where it is not all of them."""
    return "" if len(dead) == len(TRANSPORTS) else f" over {dead[0].upper()}"
