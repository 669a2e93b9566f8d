"""The name servers to which CoreDNS forwards outside names answer.

CoreDNS sends every name that it does not know to the name servers of its node's resolv.conf (on EKS the VPC's resolver), or
to addresses that the Corefile names. Dead ones make every outside name fail with SERVFAIL while cluster names go on.

Read: the Corefile; answers of its forward addresses to probes on the nodes; answers of the node's own name servers to probes
beside CoreDNS that have its resolv.conf. An address in the Corefile that answers nobody while the node's own servers do is a
mistake in the Corefile; where only some of them are dead, that is a risk: CoreDNS goes past them. Where the Corefile leaves
it to resolv.conf and these servers are silent, that is a symptom: the VPC's DNS switch, its DHCP options and the packet limit
(other checks) tell why. Servers by name, over TLS, on other ports or in the CoreDNS pod itself cannot be asked by a probe:
where there are no others, it counts whether CoreDNS, which answers the cluster's names, gets outside names from them. Where
CoreDNS asks over TCP alone, so do the probes.
https://coredns.io/plugins/forward/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps
from workers.cluster.addons import Owner, owner
from workers.cluster.assembled import Assembled
from workers.cluster.matrix import Cell, absent_names, cells, signals
from workers.cluster.survey import Asked, Survey
from workers.cluster.upstreams import PORT, Server, inward, servers

SYSTEM = "kube-system"
CODE = "corefile-no-or-bad-forward"
FAILING = (Effect.SERVFAIL, Effect.REFUSED, Effect.SILENT, Effect.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """servers: those that the root's forward names. cells: outside names asked of all upstream servers.

    Where no server of the forward answers a probe, and some can be asked by none, the cells hold what CoreDNS pods said of
    them, too: pods that answered the cluster's name in the same way.
    own: the node's own name servers, and whether they answered.
    """

    servers: tuple[Server, ...]
    cells: tuple[Cell, ...]
    own: tuple[tuple[str, bool], ...]
    name: str
    nodes: int
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the Corefile and the survey. Raises CannotRead where no probe ran."""
    gaps = Gaps()
    survey = cluster.survey()
    corefile = gaps.of(cluster.corefile, Assembled()).parsed
    root = [one for one in servers(corefile, survey) if not one.zone]
    wanted = cluster.entry.names_external
    found = [
        a for a in survey.asked
        if a.target.path is Path.UPSTREAM and a.target.port == PORT and _is(a, wanted)
    ]  # fmt: skip
    unknown = any(not _judged(one) for one in root) and not any(_judged(one) and not one.dead for one in root)
    through = _through(survey, wanted) if unknown else []
    own: dict[str, bool] = {}
    for a in found:
        if a.policy == "Default":
            own[a.target.address] = own.get(a.target.address, False) or a.reply is not None
    return Facts(
        servers=tuple(root),
        cells=cells((*found, *through), absent=absent_names(survey.asked)),
        own=tuple(own.items()),
        name=wanted,
        nodes=len(survey.nodes),
        owner=owner(cluster, "coredns"),
        gaps=(*survey.gaps, *gaps.seen()),
    )


def _is(asked: Asked, wanted: str) -> bool:
    return asked.name.kind is NameKind.EXTERNAL and asked.name.name == wanted


def _through(survey: Survey, wanted: str) -> list[Asked]:
    """What CoreDNS pods said of the outside name, on ways on which they answered the cluster's name."""
    asked = [a for a in survey.asked if a.target.path is Path.REPLICA]
    good = {_way(a) for a in asked if a.name.kind is NameKind.INTERNAL and a.effect is Effect.OK}
    return [a for a in asked if _is(a, wanted) and _way(a) in good]


def _way(asked: Asked) -> tuple[str, str, str]:
    return asked.node, asked.target.label, asked.transport


def _judged(server: Server) -> bool:
    return server.judged and not inward(server.address)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Signals of those servers that CoreDNS uses; a finding where the Corefile names dead ones."""
    named = {one.address for one in facts.servers if one.port == PORT}
    behind = [c for c in facts.cells if c.path is Path.UPSTREAM and not inward(c.address)]
    used = [c for c in behind if not facts.servers or c.address in named]
    dead = [one for one in facts.servers if one.dead and not inward(one.address)]
    # What could not be judged may well answer. Where it does not, CoreDNS' own answers are the symptom.
    spared = {one.address for one in dead} if len(dead) < len(facts.servers) else set()
    yield from signals(cell for cell in used if cell.address not in spared)
    unheard = list(_unheard(facts)) if len(dead) < len(facts.servers) and not _others(facts) else []
    if unheard:
        yield from unheard
    elif dead:
        yield _part(facts, dead) if _others(facts) else _dead(facts, dead)
    elif used and all(cell.effect in (Effect.OK, Effect.SLOW) for cell in used) and all(map(_judged, facts.servers)):
        shown = ", ".join(sorted({cell.address for cell in used}))
        because = f"{shown} answered {facts.name} on every question"
        yield Excluded(code=CODE, because=because)


def _others(facts: Facts) -> list[Server]:
    """The servers that answer. CoreDNS asks them where another one fails: a dead one is then no symptom by itself."""
    return [one for one in facts.servers if _judged(one) and not one.dead]


def _part(facts: Facts, dead: list[Server]) -> Finding:
    """Some answer: CoreDNS' own health checks lead it past the dead ones, until nobody is left to ask."""
    addresses, good = _list(dead), _list(_others(facts))
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        subject=f"ConfigMap {SYSTEM}/coredns",
        summary=f"{len(dead)} of {len(facts.servers)} servers that CoreDNS forwards outside names to "
        f"{'answers' if len(dead) == 1 else 'answer'} nobody: {addresses}. Without {good}, all outside names would fail.",
        evidence=(_corefile(facts), *(line for one in dead for line in one.lines[:3])),
        fix=f"Repair {addresses} or the way there, or take {'it' if len(dead) == 1 else 'them'} out of `forward`.",
        commands=_commands(facts),
        scope=Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED), servers=tuple(one.address for one in dead)),
    )


def _dead(facts: Facts, dead: list[Server]) -> Finding:
    alive = [address for address, answered in facts.own if answered]
    every = len(dead) == len(facts.servers)
    others = f", while the node's own name server {alive[0]} does" if alive else ""
    confidence = Confidence.HIGH if alive else Confidence.MEDIUM
    return Finding(
        code=CODE,
        severity=Severity.CRITICAL if every else Severity.INFO,
        confidence=confidence if every else Confidence.LOW,
        subject=f"ConfigMap {SYSTEM}/coredns",
        summary=f"CoreDNS forwards all outside names to {_list(dead)}, which {'answers' if len(dead) == 1 else 'answer'} "
        f"nobody{others}."
        if every
        else f"{len(dead)} of {len(facts.servers)} servers that CoreDNS forwards to answer nobody: {_list(dead)}; the rest "
        "could not be asked.",
        evidence=(
            _corefile(facts),
            *(line for one in dead for line in one.lines[:3]),
            *(line for cell in facts.cells if cell.address in alive for line in cell.lines[:1]),
        ),
        fix="Forward to the node's own name servers again: `forward . /etc/resolv.conf`.",
        commands=_commands(facts),
        scope=Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED), servers=tuple(one.address for one in dead)),
    )


def _unheard(facts: Facts) -> Iterator[Finding]:
    """No probe can ask all servers; but CoreDNS does, and gets nothing, while the node's own servers know the name."""
    own = {address for address, _ in facts.own}
    alive = [cell.address for cell in facts.cells if cell.address in own and cell.effect is Effect.OK]
    through = [cell for cell in facts.cells if cell.path is Path.REPLICA]
    if not alive or not through or not all(cell.effect in FAILING for cell in through):
        return
    yield Finding(
        code=CODE,
        severity=Severity.CRITICAL,
        confidence=Confidence.MEDIUM,
        subject=f"ConfigMap {SYSTEM}/coredns",
        summary=f"CoreDNS forwards all outside names to {_list(facts.servers)} and gets no answer to them, while the node's "
        f"own name server {alive[0]} knows them.",
        evidence=(
            _corefile(facts),
            *(line for cell in through[:3] for line in cell.lines[:1]),
            *(line for cell in facts.cells if cell.address in alive for line in cell.lines[:1]),
        ),
        fix="Forward to the node's own name servers again: `forward . /etc/resolv.conf`; or see why CoreDNS does not reach "
        "those servers on the port and by the protocol that the Corefile says.",
        commands=_commands(facts),
        scope=Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED)),
    )


def _list(servers: Sequence[Server]) -> str:
    return ", ".join(one.shown for one in servers)


def _corefile(facts: Facts) -> str:
    return f"Corefile: forward . {' '.join(one.shown for one in facts.servers)}"


def _commands(facts: Facts) -> tuple[str, ...]:
    shown = f"kubectl -n {SYSTEM} get configmap coredns -o yaml"
    edit = f"kubectl -n {SYSTEM} edit configmap coredns"
    return (shown, facts.owner.describe() if facts.owner.managed else edit)


def describe(facts: Facts) -> str:
    """Which servers answered how much."""
    found = [cell for cell in facts.cells if cell.path is Path.UPSTREAM]
    asked = sum(cell.questions for cell in found)
    good = sum(count for cell in found for effect, count in cell.effects if effect is Effect.OK)
    shown = ", ".join(sorted({cell.address for cell in found})) or "no server"
    return f"{good} of {asked} questions for {facts.name} answered by {shown}"


CHECK = Check(
    name="upstream",
    title="The name servers behind CoreDNS answer",
    stage=Stage.UPSTREAM,
    steps=("S18", "S27"),
    source="https://coredns.io/plugins/forward/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
