"""Connections other than DNS pass the nodes, too.

DNS is often the first to suffer where a node has no room left to track connections: every query is a new one. The kernel
then drops new connections of every kind (`nf_conntrack: table full, dropping packet`), while open ones go on. So each probe
also opens connections to another port of the CoreDNS pods. Where they fail from one node alone, beside its DNS, the node drops
more than port 53; a low limit of tracked connections there names the reason. Where they fail from every node, a policy stops
them (as that of dnsmedic's own namespace does) and nothing is learned. The events of the node monitoring agent, where it runs,
say it outright: another step reads them.
https://docs.aws.amazon.com/eks/latest/best-practices/monitoring_eks_workloads_for_network_performance_issues.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Confidence, Effect, Excluded, Finding, NameKind, Observation, Path, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap
from workers.cluster.matrix import Cell, cells, signals

USUAL = 131_072
"""kube-proxy sets at least this limit unless it is told otherwise (`conntrack.min`)."""
LOW = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Connections to another port from each node, and DNS beside them. limits: tracked connections at most, by node."""

    cells: tuple[Cell, ...]
    dns: tuple[Cell, ...]
    limits: tuple[tuple[str, int], ...]
    nodes: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Take the connections from the survey. Raises CannotRead where no probe could run."""
    survey = cluster.survey()
    steady = cluster.steady_replicas()
    there = [a for a in survey.asked if a.target.label.removeprefix("pod/") in steady]
    other = [a for a in there if a.target.path is Path.OTHER]
    if not other:
        raise DoesNotApply("no CoreDNS pod runs that could be connected to")
    dns = [a for a in there if a.target.path is Path.REPLICA and a.name.kind is NameKind.INTERNAL]
    return Facts(cells=cells(other), dns=cells(dns), limits=survey.tracked, nodes=survey.nodes, gaps=survey.gaps)


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Judge a node only by what works from others."""
    alone = _alone(facts)
    for one in signals(cell for cell in facts.cells if cell.node in alone or cell.effect is Effect.OK):
        if not one.bad or _dns_suffers(facts, one.node):
            yield one
    for node in alone:
        if _dns_suffers(facts, node):
            yield from _full(facts, node)
    passed = [node for node in facts.nodes if node not in alone and _works(facts, node)]
    if passed:
        because = f"connections to another port than DNS pass from {len(passed)} of {len(facts.nodes)} nodes"
        yield Excluded(code="conntrack-table-full", because=because, scope=Scope(nodes=tuple(passed)))


def _own(facts: Facts, node: str) -> list[Cell]:
    """A node's connections, without those to pods on other nodes from which nothing passes: these fail for everybody."""
    froms = {n: [c for c in facts.cells if c.node == n] for n in facts.nodes}
    shut = {n for n, cells in froms.items() if cells and all(c.effect is not Effect.OK for c in cells)}
    return [c for c in froms.get(node, ()) if node in shut or c.server_node not in shut]


def _works(facts: Facts, node: str) -> bool:
    own = _own(facts, node)
    return bool(own) and all(cell.effect is Effect.OK for cell in own)


def _alone(facts: Facts) -> tuple[str, ...]:
    """Nodes whose connections fail, where at least one other node's all pass."""
    if not any(_works(facts, node) for node in facts.nodes):
        return ()
    return tuple(n for n in facts.nodes if any(c.effect is not Effect.OK for c in _own(facts, n)))


def _dns_suffers(facts: Facts, node: str) -> bool:
    return any(cell.effect is not Effect.OK for cell in facts.dns if cell.node == node)


def _full(facts: Facts, node: str) -> Iterator[Finding]:
    limit = dict(facts.limits).get(node)
    if limit is None or limit > LOW:
        return
    failed = [c for c in facts.cells if c.node == node and c.effect is not Effect.OK]
    yield Finding(
        code="conntrack-table-full",
        severity=Severity.CRITICAL,
        summary=f"Node {node} drops new connections of every kind, DNS among them; its kernel tracks {limit} at most "
        f"(kube-proxy usually sets {USUAL} or more).",
        subject=f"Node {node}",
        evidence=(
            f"{node}: nf_conntrack_max {limit}",
            *(line for cell in failed[:3] for line in cell.lines[:1]),
            *(c.lines[0] for c in facts.dns if c.node == node and c.effect is not Effect.OK and c.lines),
        )[:8],
        fix="Find the workload on that node that holds so many connections, and raise the limit (kube-proxy's "
        "conntrack.maxPerCore and conntrack.min, or sysctl net.netfilter.nf_conntrack_max); NodeLocal DNSCache keeps DNS "
        "out of the table.",
        commands=(
            f"kubectl get pods -A -o wide --field-selector spec.nodeName={node}",
            "kubectl -n kube-system get configmap kube-proxy-config -o yaml",
        ),
        confidence=Confidence.MEDIUM,
        scope=Scope(nodes=(node,), servers=_servers(facts, node)),
    )


def _servers(facts: Facts, node: str) -> tuple[str, ...]:
    """The CoreDNS pods on that node: others reach them badly, too."""
    return tuple(dict.fromkeys(cell.server for cell in facts.cells if cell.server_node == node))


def describe(facts: Facts) -> str:
    """From how many nodes connections pass, and the lowest limit."""
    passed = sum(_works(facts, node) for node in facts.nodes)
    lowest = min((limit for _, limit in facts.limits), default=0)
    room = f"; the lowest limit of tracked connections is {lowest}" if lowest else ""
    if not passed:
        return f"connections to other ports are stopped from every node, so nothing is learned{room}"
    return f"connections to another port pass from {passed} of {len(facts.nodes)} nodes{room}"


CHECK = Check(
    name="node-connections",
    title="Connections other than DNS pass the nodes",
    stage=Stage.NODE,
    steps=(),
    source="https://docs.aws.amazon.com/eks/latest/best-practices/monitoring_eks_workloads_for_network_performance_issues.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
