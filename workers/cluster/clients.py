"""The pods that ask: those of the application namespaces by workload, with what their specification says of DNS."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .errors import Gaps
from .objects import ContainerStatus, Pod
from .reader import SYSTEM
from .whole import Cluster

PODS = 10
"""As many pods of a workload are named."""
WORKLOADS = 500
AGENTS = ("DaemonSet", "Node")
PATCHED = ("Deployment", "StatefulSet", "DaemonSet")
CLUSTER_FIRST = ("ClusterFirst", "ClusterFirstWithHostNet")
MUSL = re.compile(r"(^|[/:._-])(alpine|musl)([0-9.]*)($|[/:._@-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Pods of one workload with the same DNS settings.

    kind, name: of the workload, or of a pod without one. pods: NAMESPACE/NAME of some. policy: never empty.
    nameservers, searches, options: of dnsConfig; options as in `ndots:2`. asked: whether somebody asked about it.
    coredns: whether these are CoreDNS' own pods. uids: of the pods named.
    """

    namespace: str
    name: str
    kind: str
    pods: tuple[str, ...]
    count: int
    policy: str = "ClusterFirst"
    host_network: bool = False
    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    asked: bool = False
    coredns: bool = False
    version: str = ""

    @property
    def subject(self) -> str:
        """`Deployment shop/web`."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def agent(self) -> bool:
        """Whether it is a part of nodes rather than an application, so that it may well need no cluster names."""
        return self.kind in AGENTS or self.namespace == SYSTEM

    @property
    def from_node(self) -> bool:
        """Whether its pods get the node's resolv.conf instead of the cluster's DNS."""
        return self.policy == "Default" or (self.host_network and self.policy == "ClusterFirst")

    @property
    def ndots(self) -> int | None:
        """The ndots that its dnsConfig sets; None where it sets none that counts."""
        found = [o.partition(":")[2] for o in self.options if o.partition(":")[0] == "ndots"]
        usable = [v for v in found if v.isascii() and v.isdigit()]
        return min(15, int(usable[-1][:9])) if usable else None

    @property
    def musl_by_name(self) -> str:
        """An image whose name says that it is built on musl, or ""."""
        return next((image for image in self.images if MUSL.search(image)), "")

    @property
    def line(self) -> str:
        """Its settings in a line, for evidence."""
        parts = [f"dnsPolicy {self.policy}", f"hostNetwork {str(self.host_network).lower()}"]
        for words, values in (
            ("nameservers", self.nameservers),
            ("searches", self.searches),
            ("options", self.options),
        ):
            parts += [f"dnsConfig.{words} {' '.join(values)}"] if values else []
        shown = ", ".join(self.pods[:3]) + (f" and {self.count - 3} more" if self.count > 3 else "")
        return f"{self.subject}: {', '.join(parts)}; pods {shown} (resourceVersion {self.version or 'unknown'})"

    def patch(self, spec: object) -> tuple[str, ...]:
        """The command that merges SPEC into the pods' specification; how to look at it where that takes more."""
        where = f"kubectl -n {shlex.quote(self.namespace)}"
        if self.kind not in PATCHED:
            return (f"{where} get {self.kind.lower()} {shlex.quote(self.name)} -o yaml",)
        body = json.dumps({"spec": {"template": {"spec": spec}}}, separators=(",", ":"))
        return (f"{where} patch {self.kind.lower()} {self.name} --type merge -p {shlex.quote(body)}",)


def clients(cluster: Cluster, gaps: Gaps) -> tuple[Client, ...]:
    """Pods of the application namespaces that run or begin, by workload, and the pod that somebody asked about anywhere."""
    return grouped(client_pods(cluster, gaps).values(), gaps.of(cluster.asked_pod, None))


def client_pods(cluster: Cluster, gaps: Gaps) -> dict[str, Pod]:
    """All pods of the application namespaces, and the pod that somebody asked about wherever it is, by NAMESPACE/NAME."""
    pods = [p for namespace in cluster.app_namespaces for p in gaps.of(lambda n=namespace: cluster.pods(n), ())]  # type: ignore[misc]
    asked = gaps.of(cluster.asked_pod, None)
    if asked is not None and asked.key not in {p.key for p in pods}:
        pods.append(asked)
    return {pod.key: pod for pod in pods}


def asked_client(cluster: Cluster, gaps: Gaps) -> Client | None:
    """The workload of the pod that somebody asked about; None where nobody did, or it is not there."""
    asked = gaps.of(cluster.asked_pod, None)
    return grouped((asked,), asked)[0] if asked is not None else None


def grouped(pods: Iterable[Pod], asked: Pod | None = None) -> tuple[Client, ...]:
    """Pods that run or begin, and ASKED in any state, by workload and settings. The asked workload comes first."""
    groups: dict[tuple[object, ...], list[Pod]] = {}
    for pod in pods:
        if pod.running or begins(pod) or (asked is not None and pod.key == asked.key):
            groups.setdefault((pod.namespace, *owner(pod), _settings(pod)), []).append(pod)
    workload = (asked.namespace, *owner(asked)) if asked is not None else None
    found = [_client(group, asked=key[:3] == workload) for key, group in groups.items()]
    return tuple(sorted(found, key=lambda one: (not one.asked, one.namespace, one.name))[:WORKLOADS])


def begins(pod: Pod) -> bool:
    """Whether an init container of it runs or failed: it asks for names already, and may never get further for want of one."""
    if pod.status.phase != "Pending" or pod.metadata.deletion_timestamp or not pod.addresses:
        return False
    return any(_at_work(one) for one in pod.status.init_container_statuses)


def _at_work(one: ContainerStatus) -> bool:
    ended = one.state.terminated or one.last_state.terminated
    return one.state.running is not None or (ended is not None and ended.exit_code != 0)


def owner(pod: Pod) -> tuple[str, str]:
    """Kind and name of a pod's workload: a ReplicaSet stands for its Deployment; a pod of nobody for itself."""
    for each in pod.metadata.owner_references:
        if each.kind == "ReplicaSet":
            return "Deployment", each.name.rpartition("-")[0] or each.name
        return each.kind, each.name
    return "Pod", pod.name


def _settings(pod: Pod) -> tuple[object, ...]:
    spec, config = pod.spec, pod.spec.dns_config
    own = (config.nameservers, config.searches) if config else ((), ())
    return (spec.dns_policy, spec.host_network, *own, _options(pod))


def _options(pod: Pod) -> tuple[str, ...]:
    config = pod.spec.dns_config
    return tuple(f"{o.name}:{o.value}" if o.value else o.name for o in config.options) if config else ()


def _client(group: Sequence[Pod], *, asked: bool) -> Client:
    first = group[0]
    kind, name = owner(first)
    config = first.spec.dns_config
    return Client(
        namespace=first.namespace, name=name, kind=kind, pods=tuple(p.key for p in group[:PODS]), count=len(group),
        policy=first.spec.dns_policy or "ClusterFirst", host_network=first.spec.host_network,
        nameservers=config.nameservers if config else (), searches=config.searches if config else (),
        options=_options(first), images=_images(first), asked=asked,
        coredns=first.namespace == SYSTEM and first.metadata.labels.get("k8s-app") == "kube-dns",
        version=first.metadata.resource_version,
    )  # fmt: skip


def _images(pod: Pod) -> tuple[str, ...]:
    """Images of what asks for names: init containers count only while they do, since they often have an image of their own."""
    asking = (*pod.spec.init_containers, *pod.spec.containers) if begins(pod) else pod.spec.containers
    return tuple(dict.fromkeys(c.image for c in asking))[:PODS]
