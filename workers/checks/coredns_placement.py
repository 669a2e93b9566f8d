"""CoreDNS replicas should be enough, on different nodes and in different zones.

Replicas on one node die with it, and share its network interface's limit of 1024 DNS packets a second; one replica alone is
gone at each restart. All works until then, so this is a risk, never the cause of what fails now by itself.

Read are the ready CoreDNS pods with their nodes, zones and network interfaces, the nodes that could take one (ready,
schedulable, not tainted, selected by the Deployment's affinity), autoscalers and disruption budgets. A cluster with one such
node or zone cannot spread: that is only noted. Where it has others that only the Deployment's own nodeSelector or affinity
leaves out, that is said. Replicas of other Deployments behind kube-dns count like those of its own. Enough is what EKS' own
autoscaler would run: one replica for 16 nodes and one for 256 cores, two at least. Two replicas on two nodes in two zones
are what EKS ships.

https://docs.aws.amazon.com/eks/latest/userguide/coredns-autoscaling.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from contract.figures import counted
from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, compute, matches
from workers.cluster.addons import Owner, owner
from workers.cluster.compute import Compute
from workers.cluster.objects import Node, Pod, PodSpec, Workload
from workers.cluster.whole import belongs

CODE = "coredns-colocated-or-under-replicated"
ZONE = "topology.kubernetes.io/zone"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NATURE = (
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "eks.amazonaws.com/compute-type",
)
"""Labels that say what a node is: a pod that asks for one is not pinned by it."""
SUBJECT = "Deployment kube-system/coredns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A ready CoreDNS pod. interface: the network interface that holds its address, "" where that is not known."""

    pod: str
    node: str
    zone: str = ""
    interface: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A PodDisruptionBudget that covers CoreDNS. allowed: how many pods may go now, of so many that it knows to be healthy."""

    name: str
    allowed: int
    healthy: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where the ready replicas are, and where they could be. fit_nodes, fit_zones: those that could take a replica.

    open_nodes, open_zones: those that could if the Deployment did not ask for certain nodes by itself.
    """

    replicas: tuple[Replica, ...]
    wanted: int
    fit_nodes: int
    fit_zones: tuple[str, ...] = ()
    open_nodes: int = 0
    open_zones: tuple[str, ...] = ()
    nodes: int = 0
    cores: int = 0
    scaled: bool = False
    budgets: tuple[Budget, ...] | None = None
    owner: Owner
    zones_spread: bool = False
    """Whether the pods ask for a spread over zones, so that sharing one is the scheduler's momentary choice."""
    gaps: tuple[Gap, ...] = ()

    @property
    def needed(self) -> int:
        """How many replicas the cluster's size asks for."""
        return max(2, math.ceil(self.nodes / 16), math.ceil(self.cores / 256))


def collect(cluster: Cluster) -> Facts:
    """Read pods, nodes, interfaces, autoscalers and budgets."""
    gaps = Gaps()
    pods = [pod for pod in cluster.coredns_pods() if pod.ready]
    if not pods:
        raise DoesNotApply("no CoreDNS pod is ready, so there is nothing to spread")
    nodes = cluster.nodes()
    deployment = gaps.of(lambda: cluster.deployment("kube-system", "coredns"), None)
    spec = deployment.spec.template.spec if deployment else pods[0].spec
    fit = [node for node in nodes if _fits(node, spec)]
    unpinned = _unpinned(spec)
    opened = [node for node in nodes if node in fit or (_fits(node, unpinned) and compute.compute(node) is Compute.EC2)]
    zones, where = {n.name: n.zone for n in nodes}, _interfaces(cluster, pods)
    mine = owner(cluster, "coredns")
    return Facts(
        replicas=tuple(
            Replica(
                pod=p.name, node=p.spec.node_name, zone=zones.get(p.spec.node_name, ""), interface=where.get(p.name, "")
            )
            for p in pods
        ),
        wanted=_wanted(deployment, pods),
        fit_nodes=len(fit),
        fit_zones=tuple(sorted({n.zone for n in fit if n.zone})),
        open_nodes=len(opened),
        open_zones=tuple(sorted({n.zone for n in opened if n.zone})),
        nodes=len(nodes),
        cores=sum(cores(n.status.capacity.get("cpu", "")) for n in nodes),
        scaled="autoScaling" in mine.configuration or gaps.of(lambda: _scaled(cluster), False),
        budgets=gaps.of(lambda: _budgets(cluster, pods), None),
        owner=mine,
        zones_spread=any(c.get("topologyKey") == ZONE for c in spec.topology_spread_constraints),
        gaps=gaps.seen(),
    )


def _wanted(deployment: Workload | None, pods: Sequence[Pod]) -> int:
    """The Deployment's replicas, and the ready pods that others own: who shares the work behind kube-dns."""
    if deployment is None:
        return len(pods)
    others = sum(not belongs(pod, deployment.name or "coredns") for pod in pods)
    return others + (1 if deployment.spec.replicas is None else deployment.spec.replicas)


def _fits(node: Node, spec: PodSpec) -> bool:
    kind = compute.compute(node)
    if not node.ready or node.spec.unschedulable or kind in (Compute.WINDOWS, Compute.AUTO):
        return False
    selected = matches(node.metadata.labels, spec.node_selector)
    return selected and not compute.left_out_by(spec.affinity, node) and not compute.repelled(spec.tolerations, node)


def _unpinned(spec: PodSpec) -> PodSpec:
    """SPEC without the choice of certain nodes; what its image needs, an operating system and an architecture, stays."""
    return msgspec.structs.replace(
        spec,
        node_selector={key: value for key, value in spec.node_selector.items() if key in NATURE},
        affinity=_of_nature(spec.affinity),
    )


def _of_nature(affinity: Mapping[str, Any]) -> dict[str, Any]:
    """What a required node affinity asks of a node's nature; a term that asks for nothing of it fits every node."""
    required = (affinity.get("nodeAffinity") or {}).get(REQUIRED) or {}
    terms = [
        {"matchExpressions": [one for one in term.get("matchExpressions") or () if one.get("key") in NATURE]}
        for term in required.get("nodeSelectorTerms") or ()
        if isinstance(term, Mapping)
    ]
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}} if terms else {}


def _interfaces(cluster: Cluster, pods: Sequence[Pod]) -> dict[str, str]:
    """Only evidence, so an obstacle is no gap."""
    try:
        found = cluster.aws.interfaces(p.addresses[0] for p in pods if p.addresses)
    except (CannotRead, DoesNotApply):
        return {}
    return {p.name: i.id for p in pods for i in found if p.addresses and p.addresses[0] in i.addresses}


def _scaled(cluster: Cluster) -> bool:
    return any(a.spec.scale_target_ref.name == "coredns" for a in cluster.autoscalers("kube-system"))


def _budgets(cluster: Cluster, pods: Sequence[Pod]) -> tuple[Budget, ...]:
    return tuple(
        Budget(name=b.name, allowed=b.status.disruptions_allowed, healthy=b.status.current_healthy)
        for b in cluster.disruption_budgets("kube-system")
        if b.spec.selector is not None
        and not b.spec.selector.match_expressions
        and any(matches(p.metadata.labels, b.spec.selector.match_labels) for p in pods)
    )


def cores(quantity: str) -> int:
    """Whole cores of a quantity such as `4`, `3920m` or `1e3`; 0 for nonsense."""
    try:
        value = float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)
    except ValueError:
        return 0
    return int(value) if math.isfinite(value) and 0 <= value < 1e6 else 0


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Replicas together, too few, or hindered; or all is well."""
    found = [one for one in (_together(facts), _few(facts), _budget(facts)) if one is not None]
    yield from found
    if not [one for one in found if one.severity is not Severity.INFO]:
        yield Excluded(code=CODE, because=describe(facts))


def _together(facts: Facts) -> Finding | None:
    nodes, zones = {r.node for r in facts.replicas}, {r.zone for r in facts.replicas}
    if len(facts.replicas) < max(2, facts.wanted) or (len(nodes) > 1 and (len(zones) > 1 or "" in zones)):
        return None
    what = f"on one node, {min(nodes)}" if len(nodes) == 1 else f"in one zone, {min(zones)}"
    fit, opened = (
        (facts.fit_nodes, facts.open_nodes) if len(nodes) == 1 else (len(facts.fit_zones), len(facts.open_zones))
    )
    cannot, pinned = max(fit, opened) < 2, fit < 2 <= opened
    chance = len(nodes) > 1 and facts.zones_spread and not pinned
    spread = "Let the replicas spread: restart them where the cluster has room now; prefer, never require, other nodes."
    widen = "Let CoreDNS' nodeSelector or node affinity take in other nodes and zones, through the add-on where EKS owns it."
    look = (
        "kubectl -n kube-system get deployment coredns -o "
        "jsonpath='{.spec.template.spec.nodeSelector}{.spec.template.spec.affinity}'"
    )
    shared = {r.interface for r in facts.replicas if r.interface}
    eni = f"; they share the network interface {min(shared)}" if len(nodes) == 1 and len(shared) == 1 else ""
    return _finding(
        facts,
        Severity.INFO if cannot or chance else Severity.WARNING,
        f"All {len(facts.replicas)} CoreDNS replicas run {what}{eni}"
        + (
            "; the cluster has no other that could take one."
            if cannot
            else "; their own nodeSelector or affinity lets them run nowhere else, so DNS fails with it."
            if pinned
            else ", so DNS fails with it."
        ),
        widen if pinned else spread,
        (look if pinned else "kubectl -n kube-system rollout restart deployment coredns",),
    )


def _few(facts: Facts) -> Finding | None:
    if facts.scaled and facts.wanted >= 2:
        return None
    if facts.wanted >= facts.needed:
        return None
    lonely = facts.wanted < 2 and max(facts.fit_nodes, facts.open_nodes) < 2
    why = (
        f"{counted(facts.nodes, 'node')} with {facts.cores} cores"
        if facts.needed > 2
        else "safety against the loss of one"
    )
    mine, scale = facts.owner, f"kubectl -n kube-system scale deployment coredns --replicas={facts.needed}"
    through = mine.update(mine.merged('{"autoScaling": {"enabled": true}}')) if mine.managed else scale
    return _finding(
        facts,
        Severity.INFO if lonely else Severity.WARNING,
        f"CoreDNS runs {facts.wanted} replica{'s' if facts.wanted != 1 else ''}, where {why} asks for {facts.needed}.",
        "Run more replicas, or let EKS scale CoreDNS with the cluster.",
        (through,),
    )


def _budget(facts: Facts) -> Finding | None:
    if facts.budgets is None or len(facts.replicas) < facts.wanted:
        return None
    # Its figures follow the pods by some seconds: one that has not seen them all ready yet says nothing.
    stuck = [b for b in facts.budgets if b.allowed == 0 and (b.healthy is None or b.healthy >= len(facts.replicas))]
    if not facts.budgets:
        words = "No PodDisruptionBudget covers CoreDNS: a drain may take all replicas at once."
        return _finding(facts, Severity.INFO, words, "Add a PodDisruptionBudget with maxUnavailable 1.", ())
    if not stuck:
        return None
    return _finding(
        facts,
        Severity.WARNING,
        f"The PodDisruptionBudget {stuck[0].name} lets no CoreDNS pod go, though all are ready: drains and updates hang.",
        "Let the budget allow one pod to be unavailable.",
        (f"kubectl -n kube-system get poddisruptionbudget {stuck[0].name} -o yaml",),
    )


def _finding(facts: Facts, severity: Severity, summary: str, fix: str, commands: tuple[str, ...]) -> Finding:
    return Finding(
        code=CODE,
        severity=severity,
        summary=summary,
        subject=SUBJECT,
        evidence=(
            *(f"pod {r.pod}: node {r.node}, zone {r.zone or '?'}, {r.interface or '?'}" for r in facts.replicas[:8]),
            f"{facts.fit_nodes} nodes could take a replica, in the zones {', '.join(facts.fit_zones) or '?'}",
            *(
                (
                    f"{facts.open_nodes} could without its nodeSelector and affinity, in {', '.join(facts.open_zones) or '?'}",
                )
                if facts.open_nodes > facts.fit_nodes
                else ()
            ),
        ),
        fix=fix,
        commands=commands,
    )


def describe(facts: Facts) -> str:
    """Replicas, nodes, zones."""
    nodes, zones = len({r.node for r in facts.replicas}), len({r.zone for r in facts.replicas if r.zone})
    return (
        f"{counted(len(facts.replicas), 'ready replica')} on {counted(nodes, 'node')} in {counted(zones, 'known zone')}; "
        f"{facts.needed} are enough"
    )


CHECK = Check(
    name="coredns-placement",
    title="CoreDNS has enough replicas, on different nodes and in different zones",
    stage=Stage.COREDNS,
    steps=("S31", "S32", "S34"),
    source="https://docs.aws.amazon.com/eks/latest/userguide/coredns-autoscaling.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
