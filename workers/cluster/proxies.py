"""The kube-proxy pods and what their logs say: read once for all checks that need them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import ages, compute, klog
from .compute import Compute
from .errors import CannotRead, Gaps
from .objects import Container, Pod
from .whole import Cluster
from .workload import PodView, view

MOST = 40
"""So many logs show what a cluster's kube-proxies do; more would take longer than the run may."""
AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """One kube-proxy pod and its log; log None: it has written none."""

    pod: PodView
    log: klog.Reading | None = None

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return not self.pod.waiting and self.pod.phase == "Running"

    def goes_on(self, kind: klog.Kind) -> bool:
        """Whether errors of that kind go on."""
        return self.log is not None and self.log.goes_on(kind, running=self.running)


def pods(cluster: Cluster) -> tuple[Pod, ...]:
    """The kube-proxy pods, by the label that EKS and kubeadm give them. Raises CannotRead.

    Where that finds none on some node, those of kube-system by what they run: a DaemonSet may have a name of its own.
    """
    found = {pod.name: pod for pod in cluster.pods("kube-system", "k8s-app=kube-proxy")}
    if _wanted(cluster) - {pod.spec.node_name for pod in found.values()}:
        found |= {pod.name: pod for pod in cluster.pods("kube-system") if container(pod)}
    return tuple(pod for pod in found.values() if pod.status.phase not in ("Succeeded", "Failed"))


def _wanted(cluster: Cluster) -> frozenset[str]:
    """The nodes that should have one; none where they cannot be read, which is the gap of other steps."""
    try:
        nodes = cluster.nodes()
    except CannotRead:
        return frozenset()
    return frozenset(node.name for node in nodes if compute.compute(node) in (Compute.EC2, Compute.HYBRID))


def container(pod: Pod) -> str:
    """The name of the pod's container that is kube-proxy, by what it starts, or by its image; "" for none."""
    return next((c.name for c in pod.spec.containers if any(_is_proxy(word) for word in _started(c))), "")


def _started(one: Container) -> tuple[str, ...]:
    """The words of what a container starts; where it leaves that to its image, the image."""
    words = tuple(word for words in (*one.command, *one.args) for word in words.split())
    return words if one.command else (one.image, *words)


def _is_proxy(word: str) -> bool:
    """Whether an image or a program is kube-proxy, from whatever registry or folder."""
    return word.partition("@")[0].rpartition("/")[2].partition(":")[0] in (
        "kube-proxy",
        "kube-proxy-amd64",
        "kube-proxy-arm64",
    )


def proxies(cluster: Cluster, gaps: Gaps) -> tuple[tuple[Proxy, ...], int]:
    """The kube-proxy pods with their logs, those that matter most first, and how many were left out."""
    every = [p for p in pods(cluster) if not p.metadata.deletion_timestamp]
    first = {p.spec.node_name for p in gaps.of(cluster.coredns_pods, ())}
    asked = gaps.of(cluster.asked_pod, None) if cluster.question.pod else None
    first |= {asked.spec.node_name} if asked is not None else set()
    every.sort(key=lambda pod: (pod.ready, pod.spec.node_name not in first, pod.name))
    chosen, now = every[:MOST], ages.clock()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = tuple(pool.map(lambda pod: _proxy(cluster, pod, gaps, now), chosen))
    return found, len(every) - len(chosen)


def _proxy(cluster: Cluster, pod: Pod, gaps: Gaps, now: float) -> Proxy:
    name = container(pod) or "kube-proxy"
    seen = view(pod, name, now)
    log = gaps.of(lambda: cluster.log(pod, name), None)
    if seen.waiting and (log is None or not log.text.strip()):
        log = gaps.of(lambda: cluster.log(pod, name, previous=True), None)
    return Proxy(pod=seen, log=klog.read(log.text, now) if log is not None else None)


def nodes_of(found: Sequence[Proxy]) -> tuple[str, ...]:
    """Their nodes, sorted."""
    return tuple(sorted({each.pod.node for each in found if each.pod.node}))
