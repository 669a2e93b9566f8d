"""Every node gets answers through the address of the Service kube-dns.

This is the way that every pod's queries take: to the ClusterIP, which kube-proxy's rules on the node turn into the address
of one CoreDNS pod. Probe pods on the nodes ask an internal and an external name several times over UDP and TCP, so that
each CoreDNS pod behind the address has its turn. What fails is a symptom: the other columns of the matrix (each CoreDNS
pod directly, over port-forward, the upstream) tell which layer it is. A node without a probe is named, not guessed.
https://repost.aws/knowledge-center/eks-dns-failure
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.model import Effect, NameKind, Observation, Path
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap
from workers.cluster.matrix import Cell, absent_names, cells, signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The cells of the column "ClusterIP"; nodes that were looked from, and those that were not with the reason.

    p95: seconds within which 95 of 100 of the answers came, 0 where none did.
    """

    cells: tuple[Cell, ...]
    nodes: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    p95: float = 0.0
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Take the column from the survey. Raises CannotRead where no probe could run."""
    service = cluster.service("kube-system", "kube-dns")
    survey = cluster.survey()
    if service is None or not service.addresses:
        raise DoesNotApply("there is no ClusterIP of kube-dns to ask")
    ways = (Path.CLUSTER_IP, Path.NODE_LOCAL)
    # The name asked about may be short, and no name at all as it stands: asked-name judges it.
    found = [one for one in survey.asked if one.target.path in ways and one.name.kind is not NameKind.ASKED]
    return Facts(
        cells=cells(found, absent=absent_names(survey.asked)),
        nodes=survey.nodes,
        missing=survey.missing,
        p95=_p95([one.seconds for one in found if one.effect is Effect.OK]),
        gaps=survey.gaps,
    )


def _p95(times: Sequence[float]) -> float:
    """The 95th percentile by nearest rank; 0 of nothing."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1] if times else 0.0


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Each cell is a signal."""
    yield from signals(facts.cells)


def describe(facts: Facts) -> str:
    """How many questions were answered, from how many nodes."""
    asked = sum(cell.questions for cell in facts.cells)
    good = sum(count for cell in facts.cells for effect, count in cell.effects if effect == "ok")
    left_out = f"; not looked from {len(facts.missing)} nodes" if facts.missing else ""
    took = f", 95 of 100 within {max(1, round(facts.p95 * 1000))} ms" if facts.p95 else ""
    return f"{good} of {asked} questions answered from {len(facts.nodes)} nodes{took}{left_out}"


CHECK = Check(
    name="dns-through-cluster-ip",
    title="Every node gets answers through the ClusterIP of kube-dns",
    stage=Stage.RESOLUTION,
    steps=("S01", "S17", "S18", "S41", "S43"),
    source="https://repost.aws/knowledge-center/eks-dns-failure",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
