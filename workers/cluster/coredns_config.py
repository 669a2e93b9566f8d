"""What CoreDNS is told to do and what it says that it does: the ConfigMap, and each replica's own log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from . import ages
from .addons import Owner
from .assembled import NAME, Assembled
from .coredns_log import LogFacts, classify
from .corefile import Corefile, CorefileError, fingerprint
from .errors import DoesNotApply, Gaps
from .objects import Pod
from .whole import Cluster

SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The Corefile of the ConfigMap. text None: there is no ConfigMap, or no key Corefile in it.

    version: its resourceVersion. changed_age: seconds since somebody last wrote it, None where nobody can say. changed_by:
    who (its field manager). parsed: without blocks where it cannot be parsed. files: what it imports, as far as a ConfigMap
    holds it. environment: of the container. whole: whether all of it is known. coredns: CoreDNS' version by its image's tag.
    hash: the fingerprint that CoreDNS logs once it runs this text, "" where it cannot be computed, and why_no_hash.
    """

    text: str | None
    version: str = ""
    changed_age: float | None = None
    changed_by: str = ""
    parsed: Corefile
    files: Mapping[str, str]
    environment: Mapping[str, str]
    whole: bool = True
    coredns: str = ""
    hash: str = ""
    why_no_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One CoreDNS pod and its log. started_age: of its container, None where it does not run. ends: restarts."""

    pod: str
    node: str
    ready: bool
    leaving: bool
    started_age: float | None
    restarts: int
    log: LogFacts | None


def edit_commands(owner: Owner) -> tuple[str, ...]:
    """The commands that show the ConfigMap and edit it; between them that of the add-on which may put it back."""
    shown = f"kubectl -n {SYSTEM} get configmap {NAME} -o yaml"
    edit = f"kubectl -n {SYSTEM} edit configmap {NAME}"
    return (shown, owner.describe(), edit) if owner.managed else (shown, edit)


def config(cluster: Cluster, gaps: Gaps, now: float) -> Config:
    """Read the ConfigMap coredns. Raises DoesNotApply where the cluster runs no CoreDNS pods, CannotRead."""
    found = cluster.corefile()
    pods = cluster.coredns_pods()
    if not found.version and not pods:
        raise DoesNotApply("there are no CoreDNS pods and no Corefile in this cluster")
    for gap in found.gaps:
        gaps.add(gap.what, gap.reason, gap.grant)
    made, why = _hash(found)
    return Config(
        text=found.text, version=found.version, changed_age=ages.age(found.changed, now), changed_by=found.changed_by,
        parsed=found.parsed, files=found.files, environment=found.environment, whole=found.whole, coredns=_version(pods),
        hash=made, why_no_hash=why,
    )  # fmt: skip


def _hash(found: Assembled) -> tuple[str, str]:
    if found.text is None:
        return "", "there is no Corefile"
    if found.unset:
        return "", f"it takes values from the environment of the pods that are not known here: {', '.join(found.unset)}"
    if found.unread:
        return "", f"it imports what could not be read: {', '.join(found.unread)}"
    try:
        return fingerprint(found.text, found.files, found.environment), ""
    except CorefileError as problem:
        return "", str(problem)


def _version(pods: tuple[Pod, ...]) -> str:
    image = next((c.image for pod in pods for c in pod.spec.containers if c.name == NAME), "")
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return tag.removeprefix("v").partition("-")[0]


def replicas(cluster: Cluster, gaps: Gaps, now: float) -> tuple[Replica, ...]:
    """Every CoreDNS pod with its log. Raises CannotRead where the pods cannot be listed."""
    pods = cluster.coredns_pods()
    if not pods:
        raise DoesNotApply("there are no CoreDNS pods")
    return tuple(_replica(cluster, pod, gaps, now) for pod in pods)


def _replica(cluster: Cluster, pod: Pod, gaps: Gaps, now: float) -> Replica:
    status = next((s for s in pod.status.container_statuses if s.name == NAME), None)
    running = status.state.running if status else None
    log = gaps.of(lambda: cluster.log(pod, NAME), None) if status else None
    return Replica(
        pod=pod.name, node=pod.spec.node_name, ready=pod.ready, leaving=bool(pod.metadata.deletion_timestamp),
        started_age=ages.age(running.started_at, now) if running else None, restarts=status.restart_count if status else 0,
        log=classify(log.text, datetime.fromtimestamp(now, UTC)) if log else None,
    )  # fmt: skip
