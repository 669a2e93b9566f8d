"""A node without kube-proxy's rules beside something that hurts every node: named where chance cannot silence it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.model import Effect, Finding, NameKind, Path, Question, Scope, Signal
from workers.verdict import judge

from .matrices import PROXY, SERVERS, dark, finding, healthy, steps

ASKED = Question(cluster="cluster-a")
RULES = "iptables-kubedns-rules-missing"
STRAYS = ("10.20.2.201", "10.20.3.202")
SLICE = finding("endpointslice-stale-or-orphan", scope=Scope(servers=STRAYS))
PAIRS = tuple((node, server) for node in ("a1", "a2", "b1") for server in SERVERS if SERVERS[server] != node)
GROUP = finding("sg-blocks-53-between-nodes", scope=Scope(pairs=PAIRS))


def codes(cells: list[Signal], *findings: Finding) -> list[str]:
    """The causes of a run, first to last."""
    return [cause.code for cause in judge(ASKED, steps(cells, *findings, excluded=PROXY)).causes]


def counted(cells: list[Signal], silent: Callable[[Signal], bool], answered: int, attempts: int) -> list[Signal]:
    """The cells, those through the Service with that many questions: none answered where silent, some elsewhere."""
    done = []
    for one in cells:
        if one.path is not Path.CLUSTER_IP:
            done.append(one)
        elif silent(one):
            done.append(replace(one, effect=Effect.SILENT, attempts=attempts, answered=0))
        else:
            effect = Effect.OK if answered == attempts else Effect.LOSSY
            done.append(replace(one, effect=effect, attempts=attempts, answered=answered))
    return done


def strays() -> list[Signal]:
    """Each node's question to each endpoint that nobody has."""
    known = [s for s in healthy() if s.path is Path.REPLICA and s.server == "pod/coredns-x" and s.transport == "udp"]
    inside = [s for s in known if s.kind is NameKind.INTERNAL]
    return [replace(s, server=a, same_node=None, effect=Effect.SILENT) for s in inside for a in STRAYS]


@pytest.mark.parametrize(
    "answered, attempts, named",
    [(3, 4, [RULES]), (1, 4, []), (4, 4, []), (2, 4, [RULES]), (1, 2, [])],
    ids=["others lose few", "others lose most", "others lose none", "others lose half", "they were asked seldom"],
)
def test_a_node_beside_dead_endpoints_stands_out_by_more_than_chance(
    answered: int, attempts: int, named: list[str]
) -> None:
    """Its rules are blamed where the others' loss cannot have silenced it, and is seen to hit single questions."""
    cells = counted([*healthy(), *strays()], lambda s: s.node == "a1", answered, attempts)
    cells = dark(cells, Effect.SILENT, lambda s: s.path is Path.CLIENT and s.node == "a1")

    assert codes(cells, SLICE) == ["endpointslice-stale-or-orphan", *named]


def test_a_wrong_port_over_udp_hides_no_missing_rules_over_tcp() -> None:
    """Over the transport that the Service gets right, one silent node is told from the others."""
    ports = finding("kube-dns-ports-wrong", scope=Scope(transports=("udp",)))
    cells = dark(
        healthy(), Effect.UNREACHABLE, lambda s: s.path in (Path.CLUSTER_IP, Path.CLIENT) and s.transport != "tcp"
    )
    alone = dark(cells, Effect.SILENT, lambda s: s.path is Path.CLUSTER_IP and s.node == "a1")

    often = counted(alone, lambda s: s.node == "a1" or s.transport == "udp", 9, 9)

    assert (["kube-dns-ports-wrong"], ["kube-dns-ports-wrong", RULES]) == (codes(cells, ports), codes(alone, ports))
    told = judge(ASKED, steps(often, ports, excluded=PROXY)).causes[1]
    assert (RULES, "over TCP" in told.summary) == (told.code, True)


def test_coredns_pods_that_were_never_endpoints_hide_no_missing_rules() -> None:
    """A replica that waits for a node takes no question; one that crashes may take some, and nothing is guessed."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.path in (Path.CLUSTER_IP, Path.CLIENT) and s.node == "a1")

    assert sorted(codes(cells, finding("coredns-pending"))) == ["coredns-pending", RULES]
    assert codes(cells, finding("corefile-loop")) == ["corefile-loop"]


def test_a_node_that_reaches_its_own_coredns_alone_gets_some_answers_through_the_service() -> None:
    """Behind a closed security group it loses what leads elsewhere; where nothing comes, it does not forward at all."""
    shut = dark(healthy(), Effect.SILENT, lambda s: (s.node, s.server) in PAIRS)
    lossy = counted(shut, lambda s: s.node == "a1", 3, 4)
    silent = counted(shut, lambda s: s.node in ("a1", "b1"), 3, 4)

    assert codes(lossy, GROUP) == ["sg-blocks-53-between-nodes"]
    assert codes(silent, GROUP) == ["sg-blocks-53-between-nodes", RULES]
