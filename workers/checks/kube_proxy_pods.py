"""Every Linux node of EC2 must run a kube-proxy, of a version that fits the cluster.

kube-proxy makes the ClusterIP of kube-dns lead somewhere. A node without one has no rules if it is new, and old rules for
ever if it is not: its pods lose DNS when the CoreDNS pods move.

Read are the DaemonSet, its pods by their label or by what they run (state, the reason why they wait), the nodes with their
labels, and the versions of API server and kubelets. Not expected anywhere: on Fargate, on nodes of EKS Auto Mode, on
Windows, on nodes that are not ready or younger than a minute and a half. On hybrid nodes it may be left out on purpose, and
a cluster whose network plugin does kube-proxy's work (Cilium, Calico's eBPF mode, kube-router) has none: both are noted, not
blamed.

Told apart: a pod that crashes because the API server refuses it or because of its mode is judged by its log, not here; one
that is being replaced is nothing. A newer kube-proxy than the API server, or one more than three minor versions older than
it or than a kubelet, is a risk.

https://kubernetes.io/releases/version-skew-policy/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contract.figures import counted
from contract.model import Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages, compute, happenings, klog, versions
from workers.cluster.addons import Owner, owner
from workers.cluster.compute import Compute
from workers.cluster.happenings import Happening
from workers.cluster.objects import Node, Pod, Workload
from workers.cluster.proxies import container
from workers.cluster.proxies import pods as proxy_pods
from workers.cluster.workload import PodView, view

ABSENT, SKEW = "kube-proxy-absent-on-node", "kube-proxy-version-skew"
SUBJECT = "DaemonSet kube-system/kube-proxy"
FURTHEST = 3
YOUNG_NODE = 90.0
YOUNG_POD = 30.0
BACK_OFF = 330.0
"""A kubelet waits five minutes at the most before it starts a container again that ends again and again."""
MOST_LOGS = 10
UNLOADABLE = re.compile(
    r"(?:command failed|failed complete)\b.*(?:invalid configuration|unable to read|no such file or directory"
    r"|permission denied|unknown flag|unknown field|strict decoding error|couldn't get version/kind)"
)
"""The last words of a kube-proxy that cannot use its own configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node that should run a kube-proxy. minor: of its kubelet. why_not: why the DaemonSet leaves it out, or ""."""

    node: str
    compute: Compute
    minor: int | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A kube-proxy pod. explained: its log shows a trouble that another step judges. tail: its log's last error."""

    pod: PodView
    explained: bool = False
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The DaemonSet (wanted None: there is none), where it should run, and where it does."""

    wanted: int | None
    places: tuple[Place, ...]
    pods: tuple[Runner, ...] = ()
    replaced_by: str = ""
    api_minor: int | None = None
    happenings: tuple[Happening, ...] = ()
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the DaemonSet, its pods, the nodes, and the versions."""
    gaps, now = Gaps(), ages.clock()
    nodes = cluster.nodes()
    kinds = compute.sorts(nodes)
    if nodes and not kinds & {Compute.EC2, Compute.HYBRID}:
        raise DoesNotApply(f"no node here runs a kube-proxy pod by design: all are {', '.join(sorted(kinds))}")
    daemon = cluster.daemon_set("kube-system", "kube-proxy")
    pods = proxy_pods(cluster)
    if daemon is None and not pods and (replaced := _replaced_by(cluster)):
        raise DoesNotApply(f"kube-proxy is not installed: {replaced} does its work")
    places = tuple(_place(node, daemon) for node in nodes if _expected(node, now))
    views = [view(pod, container(pod) or "kube-proxy", now) for pod in pods]
    away = {p.node for p in places} - {v.node for v in views if v.ready}
    events = gaps.of(lambda: cluster.events("kube-system"), ()) if away else ()
    return Facts(
        wanted=daemon.status.desired_number_scheduled if daemon else None,
        places=places,
        pods=tuple(_runners(cluster, pods, views, now)),
        replaced_by=_replaced_by(cluster) if away else "",
        api_minor=gaps.of(lambda: cluster.version()[1], None),
        happenings=happenings.about(events, ("kube-proxy",), now),
        owner=owner(cluster, "kube-proxy"),
        gaps=gaps.seen(),
    )


def _expected(node: Node, now: float) -> bool:
    young = ages.age(node.metadata.creation_timestamp, now)
    old_enough = young is None or young >= YOUNG_NODE
    return compute.compute(node) in (Compute.EC2, Compute.HYBRID) and node.ready and old_enough


def _place(node: Node, daemon: Workload | None) -> Place:
    spec = daemon.spec.template.spec if daemon else None
    why = ""
    if spec is not None:
        missing = [f"{k}={v}" for k, v in spec.node_selector.items() if node.metadata.labels.get(k) != v]
        why = f"its nodeSelector asks for {', '.join(missing)}" if missing else ""
        why = why or compute.left_out_by(spec.affinity, node) or compute.repelled(spec.tolerations, node)
    return Place(
        node=node.name,
        compute=compute.compute(node),
        minor=versions.minor(node.status.node_info.kubelet_version),
        why_not=why,
    )


def _replaced_by(cluster: Cluster) -> str:
    """The network plugin that does kube-proxy's work, as far as its pods in kube-system show it; "" for none."""
    try:
        found = cluster.pods("kube-system", "k8s-app in (cilium,kube-router,calico-node)")
    except CannotRead:
        return ""
    for pod in found:
        label = pod.metadata.labels.get("k8s-app", "")
        bpf = any(e.name == "FELIX_BPFENABLED" and e.value == "true" for c in pod.spec.containers for e in c.env)
        if pod.running and (label != "calico-node" or bpf):
            return label
    return ""


def _runners(cluster: Cluster, pods: Sequence[Pod], views: Sequence[PodView], now: float) -> Iterator[Runner]:
    read = 0
    for pod, seen in zip(pods, views, strict=True):
        crashed = not seen.ready and seen.restarts > 0 and not seen.leaving and read < MOST_LOGS
        read += crashed
        yield _crashed(cluster, pod, seen, now) if crashed else Runner(pod=seen)


def _crashed(cluster: Cluster, pod: Pod, seen: PodView, now: float) -> Runner:
    """A pod that ended, with what its log says; a log that cannot be read is the log step's gap."""
    name = container(pod) or "kube-proxy"
    try:
        log = cluster.log(pod, name) or cluster.log(pod, name, previous=True)
    except CannotRead:
        log = None
    reading = klog.read(log.text, now) if log else klog.Reading()
    explained = any(reading.goes_on(kind, running=False) for kind in klog.BAD)
    tail = [e.text for e in klog.entries(log.text, now) if e.severity in "EF"] if log else []
    return Runner(pod=seen, explained=explained, tail=" ".join(tail[-1].split())[:400] if tail else "")


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Nodes without a kube-proxy, and versions that do not fit."""
    yield from _presence(facts)
    yield from _skew(facts)


def _presence(facts: Facts) -> Iterator[Observation]:
    here = {r.pod.node: r for r in facts.pods if not r.pod.leaving}
    replaced = {r.pod.node for r in facts.pods if r.pod.leaving}
    bare = [p for p in facts.places if p.node not in here and (p.node not in replaced or p.why_not)]
    by_design = [p for p in bare if p.compute is Compute.HYBRID or facts.replaced_by]
    bare = [p for p in bare if p not in by_design]
    bare, awaited = _awaited(facts, bare)
    stuck = [r for p in facts.places if (r := here.get(p.node)) is not None and _stuck(facts, r)]
    nodes = tuple(sorted([p.node for p in bare] + [r.pod.node for r in stuck]))
    if nodes:
        yield _absent(facts, bare, stuck, nodes)
    ready = tuple(p.node for p in facts.places if (r := here.get(p.node)) and r.pod.ready)
    if nodes or len(ready) == len(facts.places):
        yield from _present(facts, ready)
    noted = by_design or awaited
    if noted:
        why = f"{facts.replaced_by} does its work" if facts.replaced_by else "they are hybrid nodes"
        why = why if by_design else "it is being made, or was a moment ago"
        yield Finding(
            code=ABSENT,
            severity=Severity.INFO,
            summary=f"No kube-proxy runs now on {counted(len(noted), 'node')}: {why}.",
            subject=SUBJECT,
            evidence=tuple(p.node for p in noted[:10]),
            scope=Scope(nodes=tuple(p.node for p in noted)),
        )


def _awaited(facts: Facts, bare: list[Place]) -> tuple[list[Place], list[Place]]:
    """Nodes that the DaemonSet counts in and nothing keeps it from: their pod is on its way, unless events say why not."""
    refused = any(h.reason in ("FailedCreate", "FailedPlacement", "FailedScheduling") for h in facts.happenings)
    counted_in = facts.wanted is not None and facts.wanted >= len(facts.places)
    if not counted_in or refused:
        return bare, []
    return [p for p in bare if p.why_not], [p for p in bare if not p.why_not]


def _stuck(facts: Facts, runner: Runner) -> bool:
    """A pod that does not start, for a reason that no other step judges."""
    pod = runner.pod
    if pod.ready or runner.explained:
        return False
    if _looping(facts, pod) or _cannot_start(runner):
        return True
    if (pod.age or 0.0) < YOUNG_POD:
        return False
    return bool(pod.waiting or pod.unscheduled) or (pod.phase == "Running" and (pod.quiet or 0.0) >= YOUNG_NODE)


def _looping(facts: Facts, pod: PodView) -> bool:
    """Whether it ends again and again: between two ends it shows as running, but its kubelet holds it back."""
    held = any(
        h.reason == "BackOff" and h.name == pod.name and h.age is not None and h.age <= BACK_OFF
        for h in facts.happenings
    )
    return pod.restarts >= 2 and bool(pod.exit_code) and held


def _cannot_start(runner: Runner) -> bool:
    """Whether it ended for what it was given, a file or a setting, which no further try makes good."""
    return bool(runner.pod.restarts and runner.pod.exit_code and UNLOADABLE.search(runner.tail))


def _absent(facts: Facts, bare: Sequence[Place], stuck: Sequence[Runner], nodes: tuple[str, ...]) -> Finding:
    reasons = [f"{p.node}: {p.why_not or 'no kube-proxy pod'}" for p in bare]
    reasons += [
        f"{r.pod.node}: {r.pod.waiting or _state(facts, r)} {r.pod.message or r.pod.unscheduled}".rstrip()
        for r in stuck
    ]
    what = "There is no DaemonSet kube-proxy, so" if facts.wanted is None else "No kube-proxy runs on"
    summary = f"{what} {len(nodes)} of {len(facts.places)} nodes" + (" have none." if facts.wanted is None else "")
    shown = ", ".join(nodes[:3]) + (f" and {len(nodes) - 3} more" if len(nodes) > 3 else "")
    summary = summary if facts.wanted is None else f"{summary} ({shown}): {reasons[0].partition(': ')[2]}."
    mine = facts.owner
    through = (mine.update(resolve="OVERWRITE", version=mine.version),) if mine.managed else ()
    return Finding(
        code=ABSENT,
        severity=Severity.CRITICAL,
        summary=summary,
        subject=SUBJECT,
        evidence=(
            f"{SUBJECT}: {'missing' if facts.wanted is None else f'wants {facts.wanted} pods'}",
            *reasons[:10],
            *(r.tail for r in stuck if r.tail),
            *(h.line for h in facts.happenings if h.reason.startswith(("Failed", "BackOff"))),
        ),
        fix="Repair the DaemonSet so that it runs on these nodes; the EKS add-on puts its own settings back.",
        commands=("kubectl -n kube-system get daemonset kube-proxy -o yaml", *through),
        scope=Scope(nodes=nodes),
    )


def _state(facts: Facts, runner: Runner) -> str:
    return "it ends again and again" if _looping(facts, runner.pod) or _cannot_start(runner) else "not ready"


def _present(facts: Facts, ready: tuple[str, ...]) -> Iterator[Excluded]:
    """Ruled out on the nodes where a kube-proxy is ready."""
    if ready:
        every = len(ready) == len(facts.places)
        which = f"each of the {len(facts.places)} nodes" if every else f"{len(ready)} of the {len(facts.places)} nodes"
        because = f"a ready kube-proxy runs on {which} that need one"
        yield Excluded(code=ABSENT, because=because, scope=Scope() if every else Scope(nodes=ready))


def _skew(facts: Facts) -> Iterator[Observation]:
    known = {(r.pod.node, m) for r in facts.pods if (m := versions.image_minor(r.pod.image)) is not None}
    kubelets = {p.node: p.minor for p in facts.places}
    if facts.api_minor is None or not known:
        return
    wrong = {node: why for node, own in sorted(known) if (why := _too_far(own, facts.api_minor, kubelets.get(node)))}
    minors = ", ".join(f"1.{m}" for m in sorted({m for _, m in known}))
    if not wrong:
        yield Excluded(
            code=SKEW, because=f"kube-proxy {minors} fits the API server 1.{facts.api_minor} and the kubelets"
        )
        return
    mine = facts.owner
    latest = f"aws eks describe-addon-versions --addon-name kube-proxy --kubernetes-version 1.{facts.api_minor}"
    yield Finding(
        code=SKEW,
        severity=Severity.WARNING,
        summary=f"On {counted(len(wrong), 'node')} {next(iter(wrong.values()))}.",
        subject=SUBJECT,
        evidence=tuple(f"{node}: {why}" for node, why in list(wrong.items())[:10])
        + tuple(sorted({f"image {r.pod.image}" for r in facts.pods})[:4]),
        fix="Update kube-proxy to the minor version of the control plane; the control plane always goes first.",
        commands=(latest, mine.describe()) if mine.managed else (latest,),
        scope=Scope(nodes=tuple(wrong)),
    )


def _too_far(own: int, api: int, kubelet: int | None) -> str:
    if own > api:
        return f"kube-proxy 1.{own} is newer than the API server 1.{api}"
    if api - own > FURTHEST:
        return f"kube-proxy 1.{own} is {api - own} minor versions older than the API server 1.{api}"
    if kubelet is not None and abs(kubelet - own) > FURTHEST:
        return f"kube-proxy 1.{own} and kubelet 1.{kubelet} are {abs(kubelet - own)} minor versions apart"
    return ""


def describe(facts: Facts) -> str:
    """Ready pods, expected nodes, versions."""
    ready = sum(r.pod.ready for r in facts.pods)
    minors: Iterable[int] = sorted({m for r in facts.pods if (m := versions.image_minor(r.pod.image)) is not None})
    words = ", ".join(f"1.{m}" for m in minors) or "of an unknown version"
    return (
        f"{ready} ready on {len(facts.places)} nodes that need one; kube-proxy {words}, API 1.{facts.api_minor or '?'}"
    )


CHECK = Check(
    name="kube-proxy-pods",
    title="A kube-proxy of a fitting version runs on every node that needs one",
    stage=Stage.KUBE_PROXY,
    steps=("S09",),
    source="https://kubernetes.io/releases/version-skew-policy/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
