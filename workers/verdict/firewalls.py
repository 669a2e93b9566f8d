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
DEBUG = (
    "kubectl debug node/{node} -it --image=public.ecr.aws/amazonlinux/amazonlinux:2023 --profile=sysadmin "
    "-- chroot /host sh -c 'iptables-save; nft list ruleset'"
)
REMOVE = (
    "Look for a rule on that node that drops or rejects port 53 (iptables, nftables, a hardening script or agent), remove it, "
    "or replace the node."
)


def node_firewalls(matrix: Matrix) -> Iterator[Finding]:
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
    outward = outward_alone(matrix, node, dead)
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
        commands=commands(node),
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


def outward_alone(matrix: Matrix, node: str, dead: Sequence[str]) -> bool:
    """Whether the VPC's own resolver, on whose way stand neither groups nor ACLs, answers other nodes and not this one."""
    cells = [s for t in dead for s in matrix.cells(Path.UPSTREAM, transport=t, kind=NameKind.EXTERNAL)]
    here = [s for s in cells if s.node == node]
    servers = {s.server for s in here}
    elsewhere = [s for s in cells if s.node != node and s.server in servers]
    own = all(address in RESOLVERS or address.endswith(THIRD) for address in servers)
    return silent(here) and whole(elsewhere) and own and bool(matrix.cleared(CUSTOM, node))


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


def commands(node: str) -> tuple[str, ...]:
    """What shows the rules of a node, and keeps new pods from it meanwhile."""
    return DEBUG.format(node=node), f"kubectl cordon {node}"
