"""Which layer a symptom points at: the rows of the differential matrix, as a pure function of all its cells.

A symptom alone says little. What counts is which other ways the same question took, and what came back there: CoreDNS asked
past the network, past the Service, on the same node and on another, for other names, over the other transport.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from contract.model import Effect, NameKind, Path, Signal

from .explains import DEAD
from .view import Matrix, alive, dead, whole

RESENT_SECONDS = 4.5
DENIED = (Effect.NXDOMAIN, Effect.NODATA)


class Layer(StrEnum):
    """Where to look."""

    CLIENT = "client"
    """What pods are given as resolv.conf, or their resolver."""
    LOST = "lost"
    """Single packets of a lookup are lost on the node, and sent again after five seconds."""
    RULES = "rules"
    """kube-proxy and its rules on some nodes."""
    SERVICE = "service"
    """The Service kube-dns, its endpoints, or kube-proxy everywhere."""
    NOBODY = "nobody"
    """Nothing listens behind the Service."""
    NETWORK = "network"
    """The network between nodes and CoreDNS pods: security groups, network ACLs, policies, routes."""
    NODE = "node"
    """One node lets no DNS through, or not to a server that answers others."""
    POLICY = "policy"
    """CoreDNS is cut off from everybody, though it works: a policy on it."""
    POD = "pod"
    """What one pod may send: a network policy or a security group of its own."""
    REPLICA = "replica"
    """One CoreDNS pod, or an endpoint that is no CoreDNS pod."""
    TCP = "tcp"
    """DNS over TCP alone."""
    COREDNS = "coredns"
    """CoreDNS itself."""
    UPSTREAM = "upstream"
    """The name servers that CoreDNS forwards to."""
    NAME = "name"
    """The one name that somebody asked about."""
    RECORDS = "records"
    """CoreDNS' copy of the API server's records."""
    ZONE = "zone"
    """The cluster's zone in the Corefile."""
    REFUSAL = "refusal"
    """CoreDNS refuses: a limit, or no server for the zone."""
    ANSWER = "answer"
    """An answer that is wrong."""
    NODE_LOCAL = "node-local"
    """NodeLocal DNSCache on the node."""


def layer_of(symptom: Signal, matrix: Matrix) -> Layer:
    """The layer that a symptom points at, given all cells."""
    if symptom.path is Path.OTHER:
        return Layer.NODE
    if symptom.effect is Effect.WRONG or symptom.kind is NameKind.CANARY:
        return Layer.ANSWER
    if symptom.effect is Effect.REFUSED:
        return Layer.REFUSAL
    if _over_tcp_alone(symptom, matrix):
        return Layer.TCP
    if symptom.kind is NameKind.ASKED and _others_work(symptom, matrix):
        return Layer.NAME
    if symptom.pod:
        return _in_pod(symptom, matrix)
    return COLUMNS[symptom.path](symptom, matrix)


def _over_tcp_alone(symptom: Signal, matrix: Matrix) -> bool:
    if symptom.transport != "tcp" or symptom.effect not in DEAD or symptom.path is Path.FORWARD:
        return False
    twins = [s for s in _like(symptom, matrix) if s.transport == "udp" and s.kind is symptom.kind]
    return whole(twins)


def _like(symptom: Signal, matrix: Matrix) -> list[Signal]:
    """Cells of the same way: column, asker and server."""
    place = (symptom.path, symptom.node, symptom.pod, symptom.server)
    return [s for s in matrix.signals if (s.path, s.node, s.pod, s.server) == place]


def _others_work(symptom: Signal, matrix: Matrix) -> bool:
    """Whether the usual names are answered on the way on which the asked one fails; anywhere, where it has no twin."""
    usual = [s for s in _like(symptom, matrix) if s.kind is not NameKind.ASKED]
    usual = usual or [s for s in matrix.signals if s.path is symptom.path and s.kind is not NameKind.ASKED]
    return whole(usual) if usual else True


def _in_pod(symptom: Signal, matrix: Matrix) -> Layer:
    own = [s for s in matrix.signals if s.pod == symptom.pod and s.kind is not NameKind.ASKED]
    raw = [s for s in own if s.path in (Path.CLUSTER_IP, Path.REPLICA)]
    if symptom.path is Path.CLIENT and (not raw or alive(raw)):
        return Layer.CLIENT
    from_node = matrix.cells(Path.CLUSTER_IP, node=symptom.node)
    if symptom.effect in DEAD and (alive(from_node) or not from_node):
        return Layer.POD
    return COLUMNS[symptom.path](symptom, matrix)


def _client(symptom: Signal, matrix: Matrix) -> Layer:
    through = matrix.cells(Path.CLUSTER_IP, node=symptom.node)
    if _outside(symptom, matrix) and not dead(through) and not _works_outside(matrix):
        return Layer.UPSTREAM
    raw = [s for s in matrix.cells(Path.CLIENT, node=symptom.node) if s.server]
    if symptom.effect is Effect.SLOW and symptom.seconds >= RESENT_SECONDS and not symptom.server and whole(raw):
        return Layer.LOST
    bad = [s for s in through if s.bad]
    alike = [s for s in bad if symptom.effect in DEAD or symptom.effect is s.effect]
    if symptom.effect in DENIED:  # the C library says the same of a refusal
        alike = alike or [s for s in bad if s.effect is Effect.REFUSED]
    return layer_of(alike[0], matrix) if alike else Layer.CLIENT


def _works_outside(matrix: Matrix) -> bool:
    """Whether outside names are answered past the clients' own settings; taken for granted where nobody asked."""
    if dead(matrix.cells(Path.UPSTREAM, kind=NameKind.EXTERNAL)):
        return False
    cells = [
        *matrix.cells(Path.FORWARD, kind=NameKind.EXTERNAL),
        *matrix.cells(Path.CLUSTER_IP, kind=NameKind.EXTERNAL),
    ]
    return alive(cells) or not cells


def _through(symptom: Signal, matrix: Matrix) -> Layer:
    if symptom.effect not in DEAD or _outside_alone(symptom, matrix):
        return _said(symptom, matrix)
    direct = matrix.cells(Path.REPLICA, node=symptom.node)
    if not direct:
        return Layer.NOBODY if not matrix.cells(Path.FORWARD) else Layer.SERVICE
    bad = [s for s in direct if s.bad and s.transport == symptom.transport] or [s for s in direct if s.bad]
    if bad:
        return _direct(bad[0], matrix)
    column = matrix.cells(Path.CLUSTER_IP, transport=symptom.transport)
    elsewhere = [s for s in column if s.node != symptom.node]
    return Layer.RULES if alive(elsewhere) else Layer.SERVICE


def _outside_alone(symptom: Signal, matrix: Matrix) -> bool:
    return _outside(symptom, matrix) and whole([s for s in _like(symptom, matrix) if s.kind is NameKind.INTERNAL])


def _outside(symptom: Signal, matrix: Matrix) -> bool:
    """Whether the name is an outside one; an asked one is where it fails as outside names do on the same way."""
    if symptom.kind is not NameKind.ASKED:
        return symptom.kind is NameKind.EXTERNAL
    alike = DEAD if symptom.effect in DEAD else {symptom.effect}
    return any(s.kind is NameKind.EXTERNAL and s.effect in alike for s in _like(symptom, matrix))


def _direct(symptom: Signal, matrix: Matrix) -> Layer:
    if symptom.effect not in DEAD or _outside_alone(symptom, matrix):
        return _said(symptom, matrix)
    process = matrix.cells(Path.FORWARD, server=symptom.server)
    if dead(process):
        others = [s for s in matrix.cells(Path.FORWARD) if s.server != symptom.server]
        return Layer.REPLICA if alive(others) or not others else Layer.COREDNS
    over = symptom.transport
    to_it = matrix.cells(Path.REPLICA, server=symptom.server, transport=over)
    column = matrix.cells(Path.REPLICA, node=symptom.node, transport=over)
    anywhere = matrix.cells(Path.REPLICA, transport=over)
    if dead(anywhere):
        return Layer.POLICY if len(matrix.nodes) > 1 or any(s.same_node for s in anywhere) else Layer.NETWORK
    if dead(to_it) and len({s.node for s in to_it}) > 1:
        return Layer.REPLICA if not process else Layer.NETWORK
    if dead(column) and any(s.same_node for s in column):
        return Layer.NODE
    return Layer.NETWORK


def _said(symptom: Signal, matrix: Matrix) -> Layer:
    """What an answer of CoreDNS itself points at, by the sort of name that gets it."""
    inside = [s for s in _like(symptom, matrix) if s.kind is NameKind.INTERNAL]
    outside = [s for s in _like(symptom, matrix) if s.kind is NameKind.EXTERNAL]
    if _outside(symptom, matrix) and (whole(inside) or not inside):
        return Layer.UPSTREAM
    if symptom.kind is NameKind.INTERNAL and (alive(outside) or not outside or symptom.effect in DENIED):
        return Layer.ZONE if symptom.effect in DENIED and not _known_elsewhere(symptom, matrix) else Layer.RECORDS
    return Layer.COREDNS


def _known_elsewhere(symptom: Signal, matrix: Matrix) -> bool:
    """Whether another CoreDNS pod knows what this one denies."""
    return any(
        s.effect is Effect.OK and s.kind is symptom.kind and s.server != symptom.server
        for s in matrix.signals
        if s.path is symptom.path
    )


def _process(symptom: Signal, matrix: Matrix) -> Layer:
    if symptom.effect in DEAD and not _outside_alone(symptom, matrix):
        others = [s for s in matrix.cells(Path.FORWARD) if s.server != symptom.server]
        return Layer.REPLICA if alive(others) else Layer.COREDNS
    return _said(symptom, matrix)


def _upstream(symptom: Signal, matrix: Matrix) -> Layer:
    """A server that answers another node is well: what this node sends it, or gets back, is lost."""
    alike = [
        s for s in matrix.signals if s.path is symptom.path and s.server == symptom.server and s.kind is symptom.kind
    ]
    others = [s for s in alike if s.node != symptom.node and s.transport == symptom.transport]
    return Layer.NODE if symptom.effect in DEAD and whole(others) else Layer.UPSTREAM


COLUMNS: dict[Path, Callable[[Signal, Matrix], Layer]] = {
    Path.CLIENT: _client,
    Path.CLUSTER_IP: _through,
    Path.REPLICA: _direct,
    Path.FORWARD: _process,
    Path.UPSTREAM: _upstream,
    Path.NODE_LOCAL: lambda _symptom, _matrix: Layer.NODE_LOCAL,
}


def localise(signals: Sequence[Signal]) -> tuple[tuple[Layer, tuple[Signal, ...]], ...]:
    """The layers that the symptoms among the signals point at, each with its symptoms, in the order of the layers."""
    matrix = Matrix(signals)
    found: dict[Layer, list[Signal]] = {}
    for one in signals:
        if one.bad:
            found.setdefault(layer_of(one, matrix), []).append(one)
    return tuple((layer, tuple(found[layer])) for layer in Layer if layer in found)
