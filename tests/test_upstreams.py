"""Name servers behind CoreDNS are called dead only where they could have answered and did not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model import Effect, NameKind, Path
from workers.cluster.corefile import Corefile, parse
from workers.cluster.survey import Asked, Name, Survey, Target
from workers.cluster.upstreams import by_zone, servers

COREFILE = ".:53 {{\n  forward . /etc/resolv.conf\n}}\ncorp.example:53 {{\n  forward . {0} {{\n    {1}\n  }}\n}}\n"


def _asked(
    address: str, effect: Effect, *, node: str = "a", path: Path = Path.UPSTREAM, transport: str = "udp"
) -> Asked:
    return Asked(
        node=node, policy="ClusterFirst", pod="", target=Target(path=path, address=address, label=address),
        name=Name(kind=NameKind.EXTERNAL, name="corp.example", rtype="SOA"), transport=transport, effect=effect,
    )  # fmt: skip


def _survey(*asked: Asked) -> Survey:
    alive = (_asked("172.20.0.10", Effect.OK, path=Path.CLUSTER_IP),)
    return Survey(nodes=("a",), missing=(), asked=(*alive, *asked), looked=(), resolv=())


@pytest.mark.parametrize(
    "target,option,asked,dead",
    [
        ("10.0.0.1", "policy random", (_asked("10.0.0.1", Effect.SILENT),), True),
        ("10.0.0.1", "policy random", (_asked("10.0.0.1", Effect.REFUSED),), True),
        ("10.0.0.1", "policy random", (_asked("10.0.0.1", Effect.NXDOMAIN),), False),
        ("10.0.0.1", "policy random", (_asked("10.0.0.1", Effect.SILENT, node="cut-off"),), False),
        ("10.0.0.1", "force_tcp", (_asked("10.0.0.1", Effect.SILENT),), False),
        ("10.0.0.1", "force_tcp", (_asked("10.0.0.1", Effect.UNREACHABLE, transport="tcp"),), True),
        ("10.0.0.1", "force_tcp", (_asked("10.0.0.1", Effect.OK, transport="tcp"),), False),
        ("10.0.0.1", "policy random", (_asked("10.0.0.1", Effect.SILENT, transport="tcp"),), False),
        ("10.0.0.1:5353", "policy random", (_asked("10.0.0.1", Effect.SILENT),), False),
        ("10.0.0.1", "policy random", (), False),
    ],
)
def test_a_dead_server(target: str, option: str, asked: tuple[Asked, ...], dead: bool) -> None:  # noqa: FBT001 - a column
    """Silence counts from a node that reaches anybody, by the transport that CoreDNS uses, on port 53; so does REFUSED."""
    found = by_zone(servers(parse(COREFILE.format(target, option)), _survey(*asked)))

    assert [("corp.example", dead)] == [(zone, one.dead) for zone, each in found.items() for one in each]


def test_a_corefile_that_cannot_be_parsed_names_no_server() -> None:
    """Nothing is judged of a Corefile that is broken: other checks tell."""
    assert () == servers(Corefile(()), _survey())


def test_what_no_probe_can_ask_is_named_and_not_judged() -> None:
    """A server over TLS, on another port or in a file of one's own is none of the node's own name servers."""
    text = ".:53 {\n  forward . tls://9.9.9.9 10.0.0.1:5353 /etc/own.conf\n}\n"
    own = replace(_asked("10.0.0.1", Effect.OK), policy="Default")

    found = servers(parse(text), _survey(own))

    assert [(one.shown, one.judged) for one in found] == [
        ("tls://9.9.9.9", False),
        ("10.0.0.1:5353", False),
        ("/etc/own.conf", False),
    ]


def test_the_nodes_own_servers_count_beside_others() -> None:
    """CoreDNS goes on where a dead server stands beside resolv.conf; resolv.conf alone is no choice of the Corefile."""
    asked = (_asked("10.0.0.1", Effect.SILENT), replace(_asked("10.20.0.2", Effect.OK), policy="Default"))

    both = servers(parse(".:53 {\n  forward . 10.0.0.1 /etc/resolv.conf\n}\n"), _survey(*asked))
    alone = servers(parse(".:53 {\n  forward . /etc/resolv.conf\n}\n"), _survey(*asked))

    assert [(one.address, one.dead) for one in both] == [("10.0.0.1", True), ("10.20.0.2", False)]
    assert alone == ()
