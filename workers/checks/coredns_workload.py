"""CoreDNS must have replicas, and each must have a node, an address, an image, and keep running.

Without a CoreDNS pod that is ready nobody answers the cluster's lookups; with one of two, DNS works at half its strength.

Read are the Deployment, its pods (state, last end, the scheduler's words), the events about them, and, of pods that crash
or stay unready, the log of this run and of the one before.

Told apart: nothing is wanted (scaled to zero); no node (Pending: tainted, full; on a Fargate-only cluster the annotation for
EC2 or no matching profile); a node but no address; no image; killed for memory; ended by its own configuration (the line
says so); running but not ready (what its readiness waits for). While other replicas are ready the same trouble is a warning.
Pods that are seconds old, being deleted, or replaced by a rollout are no trouble, and ends that lie behind are history.

https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages, compute, happenings, rights
from workers.cluster.addons import Owner, owner
from workers.cluster.coredns_end import End, Reason, ended_by, waits_for
from workers.cluster.happenings import Happening
from workers.cluster.objects import Pod, Workload
from workers.cluster.workload import PodView, view

ZERO, PENDING, FARGATE = "coredns-scaled-to-zero", "coredns-pending", "coredns-fargate-annotation"
NO_IP, IMAGE, MEMORY = "coredns-no-ip", "coredns-image-pull", "coredns-oom-or-throttled"
SYNTAX, LOOP, RIGHTS = "corefile-syntax-crashloop", "corefile-loop", "coredns-rbac-endpointslices"
PULLS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
YOUNG = 20.0
"""A pod may take so many seconds before its not being ready means anything."""
SLOW = 60.0
"""A pod that runs longer than this without being ready waits for something."""
SHORT = 5.0
"""The same where no replica is ready at all and an access review names the cause."""
RECENT = 900.0
NO_ADDRESS = (
    "failed to assign an ip address",
    "no ip addresses available",
    "insufficientfreeaddresses",
    "no available ip",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A pod, what its logs say of its last end, and what its readiness waits for."""

    pod: PodView
    end: End | None = None
    waits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The CoreDNS workload. wanted None: there is no Deployment. compute_type: its template's annotation for Fargate.

    fargate_only: no other node is there, and Fargate is used. profiles: how many Fargate profiles there are, of which
    `selecting` take CoreDNS pods; None where nobody could say. mixed_auto: EKS Auto Mode runs some of the nodes.
    """

    wanted: int | None
    compute_type: str = ""
    image: str = ""
    version: str = ""
    pods: tuple[Trouble, ...] = ()
    happenings: tuple[Happening, ...] = ()
    lost_nodes: tuple[str, ...] = ()
    nodes: int = 0
    fargate_only: bool = False
    profiles: int | None = None
    selecting: int | None = None
    mixed_auto: bool = False
    service: bool = True
    lists_endpoints: bool | None = None
    owner: Owner
    gaps: tuple[Gap, ...] = ()

    @property
    def staying(self) -> tuple[Trouble, ...]:
        """The pods that are not on their way out."""
        return tuple(t for t in self.pods if not t.pod.leaving)

    @property
    def ready(self) -> int:
        """How many pods are ready."""
        return sum(t.pod.ready for t in self.staying)


def collect(cluster: Cluster) -> Facts:
    """Read the Deployment, its pods, their events, and the logs of those in trouble."""
    gaps, now = Gaps(), ages.clock()
    pods = cluster.coredns_pods()
    if not pods and compute.auto_alone(cluster):
        raise DoesNotApply("EKS Auto Mode runs CoreDNS on every node itself: there are no CoreDNS pods")
    deployment = gaps.of(lambda: cluster.deployment("kube-system", "coredns"), None)
    nodes = gaps.of(cluster.nodes, ())
    views = [view(pod, "coredns", now) for pod in pods]
    troubled = any(not v.ready and not v.leaving for v in views) or not views
    events = gaps.of(lambda: cluster.events("kube-system"), ()) if troubled else ()
    profiles = _profiles(cluster, deployment) if any(v.unscheduled for v in views) else None
    kinds = compute.sorts(nodes)
    template = deployment.spec.template if deployment else None
    return Facts(
        wanted=_wanted(deployment) if deployment or not gaps.seen() else len(views) or 1,
        compute_type=template.metadata.annotations.get("eks.amazonaws.com/compute-type", "") if template else "",
        image=template.spec.containers[0].image if template and template.spec.containers else "",
        version=deployment.metadata.resource_version if deployment else "",
        pods=tuple(_trouble(cluster, pod, seen, gaps) for pod, seen in zip(pods, views, strict=True)),
        happenings=happenings.about(events, ("coredns",), now),
        lost_nodes=tuple(n.name for n in nodes if not n.ready),
        nodes=len(nodes),
        fargate_only=kinds <= {compute.Compute.FARGATE} and (bool(kinds) or bool(profiles and profiles[0])),
        profiles=profiles[0] if profiles else None,
        selecting=profiles[1] if profiles else None,
        mixed_auto=compute.Compute.AUTO in kinds,
        service=gaps.of(lambda: cluster.service("kube-system", "kube-dns") is not None, True),
        lists_endpoints=_lists_endpoints(cluster, deployment, views),
        owner=owner(cluster, "coredns"),
        gaps=gaps.seen(),
    )


def _wanted(deployment: Workload | None) -> int | None:
    if deployment is None:
        return None
    return 1 if deployment.spec.replicas is None else deployment.spec.replicas


def _profiles(cluster: Cluster, deployment: Workload | None) -> tuple[int, int] | None:
    """How many Fargate profiles there are, and how many of them take CoreDNS pods."""
    try:
        profiles = cluster.aws.fargate_profiles()
    except (CannotRead, DoesNotApply):
        return None
    labels = deployment.spec.template.metadata.labels if deployment else {"k8s-app": "kube-dns"}
    selecting = [p for p in profiles if any(
        namespace in ("kube-system", "*", "kube-*") and all(labels.get(k) == v for k, v in wanted)
        for namespace, wanted in p.selectors
    )]  # fmt: skip
    return len(profiles), len(selecting)


def _trouble(cluster: Cluster, pod: Pod, seen: PodView, gaps: Gaps) -> Trouble:
    """A pod with what its logs say, where it crashes or stays unready."""
    if seen.ready or seen.leaving or seen.unscheduled:
        return Trouble(pod=seen)
    read = [
        log.text
        for previous in (True, False)
        if (previous is False or seen.restarts)
        and (log := gaps.of(partial(cluster.log, pod, "coredns", lines=400, previous=previous), None)) is not None
    ]
    end = next((e for e in map(ended_by, [*reversed(read), seen.ended_message]) if e is not None), None)
    return Trouble(pod=seen, end=end, waits=waits_for(read[-1]) if read else "")


def _lists_endpoints(cluster: Cluster, deployment: Workload | None, views: Sequence[PodView]) -> bool | None:
    """Whether CoreDNS may list EndpointSlices; asked only where a pod runs and stays unready."""
    if not any(v.phase == "Running" and not v.ready and not v.leaving for v in views):
        return None
    account = deployment.spec.template.spec.service_account_name if deployment else ""
    user, groups = rights.user("kube-system", account or "coredns"), rights.groups("kube-system")
    try:
        return cluster.may(user, groups, "list", "discovery.k8s.io", "endpointslices").allowed
    except CannotRead:
        return None


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Nothing wanted, or pods in trouble of one kind each, or all is well."""
    if not facts.wanted:
        yield _nothing_wanted(facts)
        return
    sorted_out: dict[str, list[Trouble]] = {}
    for trouble in facts.staying:
        code = _code(facts, trouble)
        if code:
            sorted_out.setdefault(code, []).append(trouble)
    for code, troubles in sorted_out.items():
        yield _found(facts, code, troubles)
    if not facts.staying:
        yield _none_made(facts)
    else:
        because = f"{counted(facts.wanted, 'replica')} wanted, {counted(len(facts.staying), 'pod')} there, {facts.ready} ready"
        yield Excluded(code=ZERO, because=because)
    if facts.ready >= facts.wanted and not sorted_out:
        for code in (PENDING, NO_IP, IMAGE, SYNTAX, LOOP, MEMORY):
            yield Excluded(code=code, because=f"all {facts.ready} CoreDNS pods are ready and none ended of late")


def _code(facts: Facts, trouble: Trouble) -> str:
    """The kind of one pod's trouble; "" for none, or none that is known."""
    pod, end = trouble.pod, trouble.end
    if _killed_for_memory(pod):
        return MEMORY
    young = facts.ready > 0 and (pod.age or 0.0) < YOUNG
    if pod.ready or (young and not pod.waiting):
        return ""
    if pod.unscheduled:
        bound = facts.compute_type == "ec2" or facts.selecting == 0
        return FARGATE if facts.fargate_only and bound else PENDING
    if pod.waiting in PULLS:
        return IMAGE
    if pod.waiting == "ContainerCreating":
        return NO_IP if _no_address(facts, pod) else SYNTAX if _no_corefile(facts, pod) else ""
    if end is not None and (pod.waiting or pod.ended):
        return LOOP if end.reason in (Reason.LOOP, Reason.NO_UPSTREAM) else SYNTAX
    patience = SLOW if facts.ready else SHORT
    unready = pod.phase == "Running" and not pod.waiting and (pod.quiet or 0.0) >= patience
    unready = unready and pod.node not in facts.lost_nodes
    return RIGHTS if unready and facts.lists_endpoints is False else ""


def _killed_for_memory(pod: PodView) -> bool:
    """Killed and not up again, or killed again and again of late; once long ago is history."""
    told = "oom" in f"{pod.ended} {pod.ended_message} {pod.message}".lower()
    repeated = pod.restarts >= 2 and pod.ended_age is not None and pod.ended_age <= RECENT
    return (told or pod.exit_code == 137) and (repeated or (not pod.ready and (pod.restarts >= 1 or told)))


def _no_address(facts: Facts, pod: PodView) -> str:
    return next((h.line for h in facts.happenings if h.name == pod.name and _says(h.message, NO_ADDRESS)), "")


def _no_corefile(facts: Facts, pod: PodView) -> str:
    mounts = (h for h in facts.happenings if h.name == pod.name and h.reason == "FailedMount")
    return next((h.line for h in mounts if _says(h.message, ('configmap "coredns"', "corefile"))), "")


def _says(text: str, words: Iterable[str]) -> bool:
    return any(word in text.lower() for word in words)


def _found(facts: Facts, code: str, troubles: Sequence[Trouble]) -> Finding:
    """One finding for all pods in the same trouble: critical where no replica is left."""
    lines = [line for t in troubles for line in (_because(facts, code, t), t.pod.line)]
    others = "the other one" if facts.ready == 1 else f"the {facts.ready} others"
    rest = f"DNS works on {others}" if facts.ready else "no replica is ready, so lookups fail"
    fix, commands = _advice(facts, code, troubles[0])
    why = f" ({troubles[0].pod.unscheduled.split('.')[0]})" if code == PENDING else ""
    killed = code == MEMORY and not any("oom" in f"{t.pod.ended} {t.pod.ended_message}".lower() for t in troubles)
    return Finding(
        code=code,
        severity=Severity.WARNING if facts.ready else Severity.CRITICAL,
        summary=f"{len(troubles)} of {len(facts.staying)} CoreDNS pods {WORDS[code]}{why}; {rest}.",
        subject="Deployment kube-system/coredns",
        evidence=tuple(dict.fromkeys(line for line in lines if line))[:12],
        fix=fix,
        commands=commands,
        confidence=Confidence.MEDIUM if killed else Confidence.HIGH,
        scope=Scope(servers=tuple(f"pod/{t.pod.name}" for t in troubles)) if facts.ready else Scope(),
    )


WORDS = {
    PENDING: "find no node to run on",
    FARGATE: "are bound for EC2 or match no Fargate profile, in a cluster of Fargate alone",
    NO_IP: "get no address on their node",
    IMAGE: "cannot pull their image",
    MEMORY: "are killed, as they need more memory than they may use or do not answer in time",
    SYNTAX: "end at once, as their configuration (the Corefile) cannot be loaded",
    LOOP: "end at once, as they would forward questions to themselves or have nowhere to forward them",
    RIGHTS: "run but are not ready, as they may not read the cluster's EndpointSlices",
}


def _because(facts: Facts, code: str, trouble: Trouble) -> str:
    """The line that shows the trouble of one pod."""
    pod = trouble.pod
    if code in (PENDING, FARGATE):
        annotation = f"; annotation compute-type {facts.compute_type}" if facts.compute_type else ""
        profiles = "" if facts.selecting is None else f"; {facts.selecting} of {facts.profiles} Fargate profiles match"
        return f"PodScheduled False: {pod.unscheduled}" + (annotation + profiles if code == FARGATE else "")
    if code == IMAGE:
        return f"{pod.waiting}: {pod.message or pod.image}"
    if code in (NO_IP, SYNTAX) and trouble.end is None:
        return _no_address(facts, pod) if code == NO_IP else _no_corefile(facts, pod)
    if code == MEMORY:
        words = pod.ended_message or pod.message
        return f"{pod.ended} exit {pod.exit_code}, memory limit {pod.memory_limit or 'none'}: {words}"
    if code == RIGHTS:
        return f"access review: list endpointslices denied; ready waits for {trouble.waits or 'the API'}"
    return f"log of pod {pod.name}: {trouble.end.line}" if trouble.end else ""


def _advice(facts: Facts, code: str, trouble: Trouble) -> tuple[str, tuple[str, ...]]:
    """What to do, and the commands, by the kind of trouble."""
    mine, pod = facts.owner, trouble.pod
    if code == FARGATE:
        values = '{"computeType": "Fargate"}'
        patch = '[{"op":"remove","path":"/spec/template/metadata/annotations/eks.amazonaws.com~1compute-type"}]'
        fix = "Take the annotation for EC2 away; let a Fargate profile select kube-system with k8s-app=kube-dns."
        direct = f"kubectl patch deployment coredns -n kube-system --type json -p='{patch}'"
        restart = "kubectl -n kube-system rollout restart deployment coredns"
        return fix, (mine.update(mine.merged(values)),) if mine.managed else (direct, restart)
    fixes = {
        PENDING: "Give CoreDNS a node: remove the taint, add room or nodes, or let CoreDNS tolerate the taint.",
        NO_IP: "Free or add addresses: prefix delegation in the VPC CNI, a larger subnet, or a secondary range.",
        IMAGE: "Put the image back that belongs to this region and version; with the EKS add-on, let it do so.",
        MEMORY: "Give CoreDNS a higher memory limit, or more replicas.",
        SYNTAX: "Correct the line of the Corefile, through the add-on where EKS owns it; the pods then start by themselves.",
        LOOP: "Let the Corefile forward to the VPC's resolver, not to the node itself or back to kube-dns.",
        RIGHTS: "Add list and watch of discovery.k8s.io/endpointslices to the ClusterRole system:coredns.",
    }
    look = f"kubectl -n kube-system describe pod {pod.name}"
    shown = {
        PENDING: (look, "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints"),
        IMAGE: (mine.update(resolve="OVERWRITE", version=mine.version),) if mine.managed else (look,),
        MEMORY: (mine.update(mine.merged('{"resources": {"limits": {"memory": "340Mi"}}}')),)
        if mine.managed
        else ("kubectl -n kube-system set resources deployment coredns --limits=memory=340Mi",),
        SYNTAX: (
            f"kubectl -n kube-system logs {pod.name} --previous",
            "kubectl -n kube-system get configmap coredns -o yaml",
        ),
        LOOP: (
            f"kubectl -n kube-system logs {pod.name} --previous",
            "kubectl -n kube-system get configmap coredns -o yaml",
        ),
        RIGHTS: ("kubectl get clusterrole system:coredns -o yaml",),
    }
    return fixes[code], shown.get(code, (look,))


def _nothing_wanted(facts: Facts) -> Finding:
    missing = facts.wanted is None
    removed = missing and facts.mixed_auto and not facts.service
    odd = facts.ready > 0
    mine = facts.owner
    summary = "There is no Deployment coredns" if missing else "The Deployment coredns is scaled to zero replicas"
    summary += f", but {facts.ready} CoreDNS pods are ready." if odd else ": nobody answers the cluster's lookups."
    direct = "kubectl -n kube-system scale deployment coredns --replicas=2"
    install = f"aws eks create-addon --cluster-name {mine.cluster} --addon-name coredns" if mine.cluster else ""
    through = mine.update(mine.merged('{"replicaCount": 2}')) if mine.managed else ""
    commands = ((through or install) if missing else direct, "" if missing else through)
    return Finding(
        code=ZERO,
        severity=Severity.INFO if odd or removed else Severity.CRITICAL,
        summary=summary,
        subject="Deployment kube-system/coredns",
        evidence=(
            "GET deployments/coredns: 404 not found"
            if missing
            else f"Deployment kube-system/coredns: spec.replicas 0, resourceVersion {facts.version}",
            *(t.pod.line for t in facts.pods[:4]),
        ),
        fix="Install CoreDNS again." if missing else "Bring the replicas back, and find out who took them away.",
        commands=tuple(c for c in commands if c),
    )


def _none_made(facts: Facts) -> Finding:
    """Replicas are wanted and no pod is there: between two pods for a moment, or refused by the API server."""
    refused = [h for h in facts.happenings if h.reason == "FailedCreate" and (h.age or 0.0) < RECENT]
    return Finding(
        code=ZERO,
        severity=Severity.CRITICAL if refused or not facts.pods else Severity.INFO,
        summary=f"{facts.wanted} CoreDNS replicas are wanted, but no pod is there.",
        subject="Deployment kube-system/coredns",
        evidence=tuple(h.line for h in refused[:4]) or ("the list of pods with the label k8s-app=kube-dns is empty",),
        fix="See why no pod is made: a quota, an admission webhook, or a Deployment that is not looked after.",
        commands=("kubectl -n kube-system describe replicaset -l k8s-app=kube-dns",),
        confidence=Confidence.HIGH if refused else Confidence.MEDIUM,
    )


def describe(facts: Facts) -> str:
    """Ready and wanted replicas, and restarts."""
    if facts.wanted is None:
        return f"there is no Deployment coredns; {facts.ready} CoreDNS pods are ready"
    restarts = sum(t.pod.restarts for t in facts.staying)
    lost = sum(t.pod.node in facts.lost_nodes for t in facts.staying)
    words = f"{facts.ready} of {facts.wanted} replicas ready, {restarts} restarts"
    return words + (f", {lost} on nodes that are not ready" if lost else "")


CHECK = Check(
    name="coredns-workload",
    title="CoreDNS has its replicas, and each is ready",
    stage=Stage.COREDNS,
    steps=("S07", "S34"),
    source="https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
