"""The name servers to which CoreDNS forwards outside names answer.

CoreDNS sends every name that it does not know to the name servers of its node's resolv.conf (on EKS the VPC's resolver), or
to addresses that the Corefile names. Dead ones make every outside name fail with SERVFAIL while cluster names go on.

Read: the Corefile; answers of its forward addresses to probes on the nodes; answers of the node's own name servers to probes
beside CoreDNS that have its resolv.conf. An address in the Corefile that answers nobody while the node's own servers do is a
mistake in the Corefile; where only some of them are dead, that is a risk: CoreDNS goes past them. Where the Corefile leaves
it to resolv.conf and these servers are silent, that is a symptom: the VPC's DNS switch, its DHCP options and the packet limit
(other checks) tell why. Servers by name, over TLS, on other ports or in the CoreDNS pod itself are not judged; where CoreDNS
asks over TCP alone, so do the probes.
https://coredns.io/plugins/forward/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, Gap, Gaps
from workers.cluster.addons import Owner, owner
from workers.cluster.matrix import Cell, absent_names, cells, signals
from workers.cluster.upstreams import Server, inward, servers

SYSTEM = "kube-system"
CODE = "corefile-no-or-bad-forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """servers: those that the root's forward names by address. cells: outside names asked of all upstream servers.

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
    config = gaps.of(lambda: cluster.config_map(SYSTEM, "coredns"), None)
    root = [one for one in servers(config.data.get("Corefile", "") if config else "", survey) if not one.zone]
    wanted = cluster.entry.names_external
    found = [
        a for a in survey.asked
        if a.target.path is Path.UPSTREAM and a.name.kind is NameKind.EXTERNAL and a.name.name == wanted
    ]  # fmt: skip
    own: dict[str, bool] = {}
    for a in found:
        if a.policy == "Default":
            own[a.target.address] = own.get(a.target.address, False) or a.reply is not None
    return Facts(
        servers=tuple(root),
        cells=cells(found, absent=absent_names(survey.asked)),
        own=tuple(own.items()),
        name=wanted,
        nodes=len(survey.nodes),
        owner=owner(cluster, "coredns"),
        gaps=(*survey.gaps, *gaps.seen()),
    )


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Signals of those servers that CoreDNS uses; a finding where the Corefile names dead ones."""
    named = {one.address for one in facts.servers}
    used = [c for c in facts.cells if (not named or c.address in named) and not inward(c.address)]
    dead = [one for one in facts.servers if one.dead and not inward(one.address)]
    spared = {one.address for one in dead} if _others(facts) else set()
    yield from signals(cell for cell in used if cell.address not in spared)
    if dead:
        yield _part(facts, dead) if spared else _dead(facts, dead)
    elif used and all(cell.effect in (Effect.OK, Effect.SLOW) for cell in used):
        shown = ", ".join(sorted({cell.address for cell in used}))
        because = f"{shown} answered {facts.name} on every question"
        yield Excluded(code=CODE, because=because)


def _others(facts: Facts) -> list[Server]:
    """The servers that answer. CoreDNS asks them where another one fails: a dead one is then no symptom by itself."""
    return [one for one in facts.servers if one.judged and not one.dead]


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


def _list(servers: list[Server]) -> str:
    return ", ".join(one.address for one in servers)


def _corefile(facts: Facts) -> str:
    return f"Corefile: forward . {' '.join(one.address for one in facts.servers)}"


def _commands(facts: Facts) -> tuple[str, ...]:
    shown = f"kubectl -n {SYSTEM} get configmap coredns -o yaml"
    edit = f"kubectl -n {SYSTEM} edit configmap coredns"
    return (shown, facts.owner.describe() if facts.owner.managed else edit)


def describe(facts: Facts) -> str:
    """Which servers answered how much."""
    asked = sum(cell.questions for cell in facts.cells)
    good = sum(count for cell in facts.cells for effect, count in cell.effects if effect is Effect.OK)
    shown = ", ".join(sorted({cell.address for cell in facts.cells})) or "no server"
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
