"""How the cluster runs its DNS must fit the nodes that it has.

EC2 and Fargate nodes need CoreDNS pods; EKS Auto Mode runs CoreDNS on each node itself; NodeLocal DNSCache is a cache on each
node that its pods ask first; hybrid nodes are far from the cluster's network. Mixed, one's assumption may be another's outage.

Read are the nodes with their sort, the Deployment coredns and where its pods run, the DaemonSet node-local-dns and its pods,
and application pods that are told to ask the cache's address.

Found is only what contradicts itself: nodes that need CoreDNS pods where only Auto Mode nodes have DNS; a NodeLocal DNSCache
pod that is down on a node (that node's pods ask it); pods told to ask the cache on Fargate or where there is none. Hybrid
nodes without a replica of their own are noted: their DNS hangs on the link. So are pods whose mesh sidecar captures DNS.

https://docs.aws.amazon.com/eks/latest/userguide/auto-networking.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages, compute
from workers.cluster.compute import Compute
from workers.cluster.objects import Node, Pod, Workload
from workers.cluster.workload import PodView, view

CODE = "deployment-mode-mismatch"
CACHE = "169.254.20.10"
CAPTURE = "ISTIO_META_DNS_CAPTURE"
SETTLED = 30.0
WORDS = {
    Compute.EC2: "EC2",
    Compute.FARGATE: "Fargate",
    Compute.AUTO: "Auto Mode",
    Compute.HYBRID: "hybrid",
    Compute.WINDOWS: "Windows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node and its sort. cached: whether the DaemonSet node-local-dns should run there."""

    node: str
    compute: Compute
    ready: bool = True
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """An application pod: one that is told to ask NodeLocal DNSCache, or whose mesh sidecar answers DNS itself."""

    pod: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The nodes, CoreDNS' pods by node, and NodeLocal DNSCache (cache None: it is not installed).

    tellers: pods told to ask the cache. meshed: pods whose sidecar captures DNS.
    """

    nodes: tuple[Place, ...]
    auto: bool | None = None
    hybrid: bool | None = None
    deployment: bool = True
    coredns: tuple[str, ...] = ()
    starting: int = 0
    cache: tuple[PodView, ...] | None = None
    tellers: tuple[Teller, ...] = ()
    meshed: tuple[Teller, ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read nodes, CoreDNS, NodeLocal DNSCache, and pods that are told to ask it."""
    gaps, now = Gaps(), ages.clock()
    nodes = cluster.nodes()
    pods = gaps.of(cluster.coredns_pods, ())
    cache = gaps.of(lambda: cluster.daemon_set("kube-system", "node-local-dns"), None)
    caches = gaps.of(lambda: cluster.pods("kube-system", "k8s-app=node-local-dns"), ()) if cache else ()
    auto, hybrid = _flags(cluster)
    return Facts(
        nodes=tuple(_place(node, cache) for node in nodes),
        auto=auto,
        hybrid=hybrid,
        deployment=gaps.of(lambda: cluster.deployment("kube-system", "coredns") is not None, True),
        coredns=tuple(p.spec.node_name for p in pods if p.ready),
        starting=sum(not p.ready for p in pods),
        cache=tuple(view(p, "node-cache", now) for p in caches) if cache else None,
        tellers=tuple(_pods(cluster, _told_to_ask)),
        meshed=tuple(_pods(cluster, _captured)),
        gaps=gaps.seen(),
    )


def _flags(cluster: Cluster) -> tuple[bool | None, bool | None]:
    """What EKS says of Auto Mode and hybrid networks; only described, so an obstacle is no gap."""
    try:
        seen = cluster.aws.cluster()
    except (CannotRead, DoesNotApply):
        return None, None
    return seen.auto, seen.remote


def _place(node: Node, cache: Workload | None) -> Place:
    spec = cache.spec.template.spec if cache else None
    cached = False
    if spec is not None and compute.compute(node) not in (Compute.FARGATE, Compute.WINDOWS, Compute.AUTO):
        selected = all(node.metadata.labels.get(k) == v for k, v in spec.node_selector.items())
        barred = compute.left_out_by(spec.affinity, node) or compute.repelled(spec.tolerations, node)
        cached = selected and not barred
    return Place(node=node.name, compute=compute.compute(node), ready=node.ready, cached=cached)


def _pods(cluster: Cluster, wanted: Callable[[Pod], bool]) -> Iterator[Teller]:
    """A namespace that cannot be read is left out: other steps name the right that is missing."""
    for namespace in cluster.app_namespaces:
        try:
            pods = cluster.pods(namespace)
        except CannotRead:
            continue
        for pod in pods:
            if pod.running and wanted(pod):
                yield Teller(pod=pod.key, node=pod.spec.node_name)


def _told_to_ask(pod: Pod) -> bool:
    return pod.spec.dns_config is not None and CACHE in pod.spec.dns_config.nameservers


def _captured(pod: Pod) -> bool:
    """Whether an Istio sidecar takes the pod's DNS queries (newer ones run as init containers that stay)."""
    return any(
        variable.name == CAPTURE and variable.value.lower() == "true"
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        for variable in container.env
    )


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Contradictions between the nodes and the way DNS runs."""
    found = [
        one for one in (_auto(facts), _cache(facts), _told(facts), _hybrid(facts), _mesh(facts)) if one is not None
    ]
    yield from found
    if facts.nodes and not [one for one in found if one.severity is not Severity.INFO]:
        yield Excluded(code=CODE, because=describe(facts))


def _auto(facts: Facts) -> Finding | None:
    """Auto Mode nodes have DNS of their own; the others were left without CoreDNS pods."""
    need = tuple(p.node for p in facts.nodes if p.compute not in (Compute.AUTO, Compute.WINDOWS))
    autos = sum(p.compute is Compute.AUTO for p in facts.nodes)
    if not autos or not need or facts.coredns or facts.starting or facts.deployment:
        return None
    return Finding(
        code=CODE,
        severity=Severity.CRITICAL,
        summary=f"There are no CoreDNS pods, which {counted(len(need), 'node')} without Auto Mode need: only the {autos} "
        "nodes of Auto Mode have DNS.",
        subject="Deployment kube-system/coredns",
        evidence=(
            _counted(facts),
            "there is no Deployment coredns and no CoreDNS pod",
            f"without DNS: {', '.join(need[:8])}",
        ),
        fix="Install the CoreDNS add-on again, or move these pods to Auto Mode nodes.",
        commands=("kubectl get nodes -L eks.amazonaws.com/compute-type",),
        scope=Scope(nodes=need),
    )


def _cache(facts: Facts) -> Finding | None:
    """Nodes whose pods ask a cache that is down."""
    if facts.cache is None:
        return None
    here = {p.node: p for p in facts.cache if not p.leaving}
    down = [p for p in facts.nodes if p.cached and p.ready and _down(here.get(p.node))]
    if not down:
        return None
    nodes = tuple(p.node for p in down)
    missing = all(here.get(n) is None for n in nodes)
    return Finding(
        code=CODE,
        severity=Severity.CRITICAL,
        summary=f"NodeLocal DNSCache is down on {counted(len(nodes), 'node')} ({', '.join(nodes[:3])}), whose pods ask it "
        "first.",
        subject="DaemonSet kube-system/node-local-dns",
        evidence=tuple(pod.line if (pod := here.get(n)) else f"no pod of node-local-dns on {n}" for n in nodes[:8]),
        fix="Bring the cache's pod back on these nodes: see why it does not run.",
        commands=("kubectl -n kube-system get pods -l k8s-app=node-local-dns -o wide",),
        confidence=Confidence.MEDIUM if missing else Confidence.HIGH,
        scope=Scope(nodes=nodes),
    )


def _down(pod: PodView | None) -> bool:
    return pod is None or (not pod.ready and ((pod.age or 0.0) >= SETTLED or bool(pod.waiting)))


def _told(facts: Facts) -> Finding | None:
    """Pods that are told to ask the cache where none can be."""
    cached = {p.node for p in facts.nodes if p.cached} if facts.cache is not None else set()
    lost = [t for t in facts.tellers if t.node not in cached]
    if not lost:
        return None
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=f"NodeLocal DNSCache ({CACHE}) is what {counted(len(lost), 'pod')} must ask, on nodes that have none.",
        subject=f"Pod {lost[0].pod}",
        evidence=tuple(f"pod {t.pod} on {t.node}: dnsConfig.nameservers {CACHE}" for t in lost[:8]),
        fix="Take the address out of these pods' dnsConfig: Fargate cannot run the cache, other nodes need its DaemonSet.",
        commands=(f"kubectl -n {lost[0].pod.partition('/')[0]} get pod {lost[0].pod.partition('/')[2]} -o yaml",),
        scope=Scope(pods=tuple(t.pod for t in lost)),
    )


def _hybrid(facts: Facts) -> Finding | None:
    hybrid = {p.node for p in facts.nodes if p.compute is Compute.HYBRID}
    if not hybrid or not facts.coredns or len(hybrid) == len(facts.nodes) or hybrid.intersection(facts.coredns):
        return None
    return Finding(
        code=CODE,
        severity=Severity.INFO,
        summary=f"None of the {len(facts.coredns)} CoreDNS replicas runs on the {len(hybrid)} hybrid nodes, so their DNS hangs "
        "on the link to AWS.",
        subject="Deployment kube-system/coredns",
        evidence=(_counted(facts),),
        fix="Let at least one replica run on the hybrid nodes.",
        scope=Scope(nodes=tuple(sorted(hybrid))),
    )


def _mesh(facts: Facts) -> Finding | None:
    """A sidecar that answers in CoreDNS' place: usual, and worth knowing where such a pod alone has trouble."""
    if not facts.meshed:
        return None
    return Finding(
        code=CODE,
        severity=Severity.INFO,
        summary=f"In {counted(len(facts.meshed), 'pod')} the service mesh's sidecar takes DNS queries and answers them itself.",
        subject=f"Pod {facts.meshed[0].pod}",
        evidence=tuple(f"pod {one.pod} on {one.node}: {CAPTURE}=true" for one in facts.meshed[:8]),
        fix="Restart such a pod and look at its sidecar's log; without its DNS proxy (dnsCapture) the pod asks CoreDNS.",
        scope=Scope(pods=tuple(one.pod for one in facts.meshed)),
    )


def _counted(facts: Facts) -> str:
    count = Counter(p.compute for p in facts.nodes)
    return ", ".join(counted(count[kind], f"{WORDS[kind]} node") for kind in Compute if count[kind]) or "no nodes"


def describe(facts: Facts) -> str:
    """The sorts of nodes, CoreDNS pods, and NodeLocal DNSCache."""
    if facts.cache is None:
        local = "no NodeLocal DNSCache"
    else:
        ready, wanted = sum(p.ready for p in facts.cache), sum(p.cached for p in facts.nodes)
        local = f"NodeLocal DNSCache ready on {ready} of {wanted}"
    mode = ", Auto Mode is on" if facts.auto else ""
    mode += ", hybrid networks are set" if facts.hybrid else ""
    return f"{_counted(facts)}; {len(facts.coredns)} CoreDNS pods ready; {local}{mode}"


CHECK = Check(
    name="deployment-mode",
    title="The way DNS runs fits the nodes of the cluster",
    stage=Stage.NODE,
    steps=(),
    source="https://docs.aws.amazon.com/eks/latest/userguide/auto-networking.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
