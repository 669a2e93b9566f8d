"""What sort of nodes a cluster has: EC2, Fargate, EKS Auto Mode, hybrid, Windows."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from .errors import CannotRead, DoesNotApply
from .objects import Node
from .reader import Reader


class Compute(StrEnum):
    """The sort of a node, by EKS' own label and by its operating system."""

    EC2 = "ec2"
    FARGATE = "fargate"
    AUTO = "auto"
    HYBRID = "hybrid"
    WINDOWS = "windows"


def compute(node: Node) -> Compute:
    """The sort of one node; EC2 where nothing says otherwise."""
    system = node.status.node_info.operating_system or node.metadata.labels.get("kubernetes.io/os", "")
    if system == "windows":
        return Compute.WINDOWS
    by_label = {"fargate": Compute.FARGATE, "auto": Compute.AUTO, "hybrid": Compute.HYBRID}
    if node.compute_type in by_label:
        return by_label[node.compute_type]
    return Compute.FARGATE if node.name.startswith("fargate-") else Compute.EC2


def sorts(nodes: Iterable[Node]) -> frozenset[Compute]:
    """All sorts among nodes."""
    return frozenset(compute(node) for node in nodes)


def auto_alone(cluster: Reader) -> bool:
    """Whether EKS Auto Mode runs every node, so that CoreDNS, kube-proxy and the network are services of the node.

    With no node at all it is EKS' own word that counts. Raises CannotRead where the nodes cannot be read.
    """
    nodes = cluster.nodes()
    if nodes:
        return sorts(nodes) == {Compute.AUTO}
    try:
        return cluster.aws.cluster().auto
    except (CannotRead, DoesNotApply):
        return False
