"""What sort of nodes a cluster has: EC2, Fargate, EKS Auto Mode, hybrid, Windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from .errors import CannotRead, DoesNotApply
from .objects import Node, Toleration
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


def left_out_by(affinity: Mapping[str, Any], node: Node) -> str:
    """Why a required node affinity leaves a node out, or ""."""
    required = (affinity.get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = [t for t in required.get("nodeSelectorTerms") or () if isinstance(t, Mapping)]
    reasons = [_misses(term, node) for term in terms]
    return reasons[0] if reasons and all(reasons) else ""


def _misses(term: Mapping[str, Any], node: Node) -> str:
    """The first expression of a term that a node does not satisfy, or ""; one of an unknown operator is satisfied."""
    sources = (("matchExpressions", node.metadata.labels), ("matchFields", {"metadata.name": node.name}))
    for part, values in sources:
        for one in term.get(part) or ():
            key, operator, wanted = str(one.get("key")), one.get("operator"), list(one.get("values") or ())
            has, found = key in values, values.get(key, "")
            fits = {
                "In": has and found in wanted,
                "NotIn": not has or found not in wanted,
                "Exists": has,
                "DoesNotExist": not has,
            }.get(operator, True)
            if not fits:
                return f"its node affinity asks for {key} {operator} {', '.join(map(str, wanted))}".rstrip()
    return ""


def repelled(tolerations: Iterable[Toleration], node: Node) -> str:
    """Which taint keeps a DaemonSet's pod with these tolerations off a node, or ""; it bears what the node's state sets."""
    known = tuple(tolerations)
    for taint in node.spec.taints:
        if taint.effect == "PreferNoSchedule" or taint.key.startswith("node.kubernetes.io/"):
            continue
        if not any(_bears(t, taint.key, taint.value, taint.effect) for t in known):
            return f"it does not tolerate the taint {taint.key}={taint.value}:{taint.effect}"
    return ""


def _bears(toleration: Toleration, key: str, value: str, effect: str) -> bool:
    if toleration.effect not in ("", effect) or toleration.key not in ("", key):
        return False
    return toleration.operator == "Exists" or (toleration.key == key and toleration.value == value)
