"""The applications' pods themselves, where what matters is each pod's labels, address and interface."""

from __future__ import annotations

from .clients import owner
from .errors import Gaps
from .objects import Pod
from .whole import Cluster

MAX_PODS = 1000
"""So many pods are looked at."""


def app_pods(cluster: Cluster, gaps: Gaps) -> tuple[Pod, ...]:
    """The pods of the application namespaces that are not ended, and the pod that somebody asked about, which comes first."""
    pods = [p for namespace in cluster.app_namespaces for p in gaps.of(lambda n=namespace: cluster.pods(n), ())]  # type: ignore[misc]
    asked = gaps.of(cluster.asked_pod, None)
    if asked is not None:
        pods = [asked, *(p for p in pods if p.key != asked.key)]
    return tuple(p for p in pods if p.status.phase not in ("Succeeded", "Failed"))[:MAX_PODS]


def owner_of(pod: Pod) -> str:
    """`Deployment shop/web`: the workload that a pod belongs to, or the pod itself."""
    kind, name = owner(pod)
    return f"{kind} {pod.namespace}/{name}"
