"""Every node gets answers from every CoreDNS pod that is asked directly.

Past the Service and its rules: probe pods ask each CoreDNS pod by its own address, over UDP and TCP. Failures between
nodes while pods on the same node answer point at security groups, network ACLs or policies; failures towards one pod from
everywhere point at that pod; silence from one node towards all points at that node. Addresses among the endpoints of
kube-dns that no CoreDNS pod has are asked too. Pods that have only just started or are ending are left out.
https://repost.aws/knowledge-center/eks-dns-failure
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import NameKind, Observation, Path
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap
from workers.cluster.matrix import Cell, absent_names, cells, signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The cells of the column "each pod IP"; replicas: how many CoreDNS pods were asked."""

    cells: tuple[Cell, ...]
    nodes: tuple[str, ...]
    replicas: int
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Take the column from the survey. Raises CannotRead where no probe could run."""
    survey = cluster.survey()
    # The name asked about may be short, and no name at all as it stands: asked-name judges it.
    found = [one for one in survey.asked if one.target.path is Path.REPLICA and one.name.kind is not NameKind.ASKED]
    if not found:
        raise DoesNotApply("no CoreDNS pod runs that could be asked")
    steady = cluster.steady_replicas()
    kept = [one for one in found if not one.target.node or one.target.label.removeprefix("pod/") in steady]
    return Facts(
        cells=cells(kept, absent=absent_names(survey.asked)),
        nodes=survey.nodes,
        replicas=len({one.target.label for one in kept}),
        gaps=survey.gaps,
    )


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Each cell is a signal."""
    yield from signals(facts.cells)


def describe(facts: Facts) -> str:
    """How many pods answered how many questions."""
    asked = sum(cell.questions for cell in facts.cells)
    good = sum(count for cell in facts.cells for effect, count in cell.effects if effect == "ok")
    return f"{good} of {asked} questions answered by {facts.replicas} CoreDNS pods, asked from {len(facts.nodes)} nodes"


CHECK = Check(
    name="dns-to-each-replica",
    title="Every CoreDNS pod answers every node directly",
    stage=Stage.RESOLUTION,
    steps=("S19", "S42", "S44", "S45"),
    source="https://repost.aws/knowledge-center/eks-dns-failure",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
