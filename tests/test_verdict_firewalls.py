"""A node's own firewall, told from groups, ACLs and policies by what these cannot stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.model import Effect, Excluded, Finding, NameKind, Path, Question, Scope, Signal
from workers.verdict import judge

from .matrices import NODES, SERVERS, cleared, dark, finding, healthy, steps

ASKED = Question(cluster="cluster-a")
WALL = "node-firewall-drops-53"
GROUPS = ("sg-blocks-53-between-nodes", "nacl-blocks-53-or-return")
POLICY, TABLE = "netpol-ingress-on-coredns", "conntrack-table-full"
ALL = cleared(*GROUPS, POLICY, TABLE)
PAIRS = tuple((node, server) for node in NODES for server in SERVERS if SERVERS[server] != node)
GROUP = finding(GROUPS[0], scope=Scope(pairs=PAIRS))
Where = Callable[[Signal], bool]


def world() -> list[Signal]:
    """A healthy matrix with connections to another port of each CoreDNS pod."""
    first = healthy()[0]
    opened = [
        replace(
            first, path=Path.OTHER, node=node, server=server, same_node=SERVERS[server] == node,
            kind=NameKind.NONE, transport="connect",
        )
        for node in NODES
        for server in SERVERS
    ]  # fmt: skip
    return [*healthy(), *opened]


def codes(cells: list[Signal], *findings: Finding, excluded: tuple[Excluded, ...] = ALL) -> list[str]:
    """The causes of a run, first to last."""
    return [cause.code for cause in judge(ASKED, steps(cells, *findings, excluded=excluded)).causes]


def across(signal: Signal) -> bool:
    """From a node to a CoreDNS pod on another."""
    return (signal.node, signal.server) in PAIRS and signal.path is Path.REPLICA


def of_a2(signal: Signal) -> bool:
    """All that node a2 asks."""
    return signal.node == "a2" and signal.path not in (Path.OTHER, Path.CLIENT)


def to_x(signal: Signal) -> bool:
    """Questions over the network to the CoreDNS pod of node a2."""
    return signal.path is Path.REPLICA and signal.server == "pod/coredns-x"


def test_a_firewall_is_named_beside_a_closed_group_where_a_nodes_own_coredns_is_silent_too() -> None:
    """What stays on a node meets no group: the silence there is the node's, unless its CoreDNS does not work."""
    passed = cleared("nacl-blocks-53-or-return", POLICY, TABLE)
    shut = dark(dark(world(), Effect.SILENT, across), Effect.LOSSY, lambda s: s.path is Path.CLUSTER_IP)
    wall = dark(shut, Effect.SILENT, of_a2)
    hung = dark(wall, Effect.SILENT, lambda s: s.path is Path.FORWARD and s.server == "pod/coredns-x")
    closed = dark(wall, Effect.SILENT, lambda s: s.path is Path.OTHER and s.node == "a2")

    assert codes(shut, GROUP, excluded=passed) == [GROUPS[0]]
    assert codes(wall, GROUP, excluded=passed) == [GROUPS[0], WALL]
    assert codes(hung, GROUP, excluded=passed) == [GROUPS[0]]
    assert codes(closed, GROUP, excluded=passed) == [GROUPS[0]]


def test_a_firewall_is_named_beside_a_policy_on_coredns_by_what_no_policy_on_it_stops() -> None:
    """A policy on CoreDNS leaves a node's own questions to the VPC's resolver alone; a company's may know some nodes only."""
    policy = finding(POLICY)
    passed = cleared("dhcp-options-custom-dns", TABLE)
    shut = dark(world(), Effect.SILENT, lambda s: s.path is Path.REPLICA)
    wall = dark(shut, Effect.SILENT, of_a2)
    everywhere = dark(wall, Effect.SILENT, lambda s: s.path is Path.UPSTREAM)
    companys = [replace(s, server="10.1.1.53") if s.path is Path.UPSTREAM else s for s in wall]

    assert codes(shut, policy, excluded=passed) == [POLICY]
    assert codes(wall, policy, excluded=passed) == [POLICY, WALL]
    assert codes(everywhere, policy, excluded=passed) == [POLICY]
    assert codes(companys, policy, excluded=passed) == [POLICY]


CASES: tuple[tuple[str, Where, tuple[str, ...], list[str]], ...] = (
    ("nobody gets to it", to_x, (), [WALL]),
    ("its own node alone gets to it", lambda s: to_x(s) and not s.same_node, (), [WALL]),
    ("groups and ACLs not looked at, nobody gets to it", to_x, GROUPS, [WALL]),
    ("groups and ACLs not looked at, its own node does", lambda s: to_x(s) and not s.same_node, GROUPS, []),
    ("policies not looked at", to_x, (POLICY,), []),
    ("nobody saw other connections pass", to_x, (TABLE,), []),
    ("over UDP alone, which a flooded process loses too", lambda s: to_x(s) and s.transport == "udp", (), []),
    ("one of two others gets to it", lambda s: to_x(s) and s.node == "a1", (), []),
    ("the process does not answer either", lambda s: s.server == "pod/coredns-x" and s.path is not Path.OTHER, (), []),
    ("its other ports are shut too", lambda s: s.server == "pod/coredns-x" and s.path is not Path.FORWARD, (), []),
)


@pytest.mark.parametrize("title, where, unseen, expected", CASES, ids=[case[0] for case in CASES])
def test_a_firewall_before_one_coredns_pod(
    title: str, where: Where, unseen: tuple[str, ...], expected: list[str]
) -> None:
    """It is named where the pod works, takes other connections, and neither groups nor policies can be why."""
    hurt = {s.node for s in world() if where(s)}
    cells = dark(world(), Effect.LOSSY, lambda s: s.path is Path.CLUSTER_IP and s.node in hurt)
    cells = dark(cells, Effect.SILENT, where)
    excluded = tuple(one for one in ALL if one.code not in unseen)

    verdict = judge(ASKED, steps(cells, excluded=excluded))

    assert [cause.code for cause in verdict.causes] == expected, title
    assert bool(verdict.unexplained) is not bool(expected)


def test_a_firewall_before_a_coredns_pod_is_not_guessed_where_that_is_slow() -> None:
    """A process without time to work answers late over port-forward, and over the network not at all."""
    cells = dark(world(), Effect.SILENT, to_x)
    late = [replace(s, seconds=3.0) if s.path is Path.FORWARD else s for s in cells]

    assert ([WALL], []) == (codes(cells), codes(late))
