"""What CoreDNS is told to do and what it says that it does: the ConfigMap, and each replica's own log."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from . import ages
from .addons import Owner
from .coredns_log import LogFacts, classify
from .corefile import CorefileError, fingerprint
from .errors import DoesNotApply, Gaps
from .objects import ConfigMap, Pod
from .whole import Cluster

SYSTEM = "kube-system"
NAME = "coredns"
_IMPORT = re.compile(r"^\s*import\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The Corefile of the ConfigMap. text None: there is no ConfigMap, or no key Corefile in it.

    version: its resourceVersion. changed_age: seconds since somebody last wrote it, None where nobody can say. changed_by:
    who (its field manager). files: what it imports, as far as a ConfigMap holds it. environment: of the container.
    coredns: CoreDNS' version by its image's tag. hash: the fingerprint that CoreDNS logs once it runs this text, "" where
    it cannot be computed, and why_no_hash.
    """

    text: str | None
    version: str = ""
    changed_age: float | None = None
    changed_by: str = ""
    files: Mapping[str, str]
    environment: Mapping[str, str]
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
    found = cluster.config_map(SYSTEM, NAME)
    pods = cluster.coredns_pods()
    if found is None and not pods:
        raise DoesNotApply("there are no CoreDNS pods and no Corefile in this cluster")
    text = found.data.get("Corefile") if found else None
    environment = _environment(pods)
    files = _files(cluster, gaps, text or "", found)
    made, why = _hash(text, files, environment)
    return Config(
        text=text, version=found.metadata.resource_version if found else "", changed_age=_changed(found, now)[0],
        changed_by=_changed(found, now)[1], files=files, environment=environment, coredns=_version(pods), hash=made,
        why_no_hash=why,
    )  # fmt: skip


def _hash(text: str | None, files: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, str]:
    if text is None:
        return "", "there is no Corefile"
    if "{$" in text or "{%" in text:
        return "", "it takes values from the environment of the pods"
    try:
        return fingerprint(text, files, environment), ""
    except CorefileError as problem:
        return "", str(problem)


def _changed(found: ConfigMap | None, now: float) -> tuple[float | None, str]:
    """When the Corefile was last written, and by whom: by the managed fields, else by its creation."""
    if found is None:
        return None, ""
    owners = [
        (each.time, each.manager)
        for each in found.metadata.managed_fields
        if each.time and "f:Corefile" in str(each.fields_v1.get("f:data", ""))
    ]
    stamp, manager = max(owners, default=(found.metadata.creation_timestamp, ""))
    return ages.age(stamp, now), manager


def _files(cluster: Cluster, gaps: Gaps, text: str, found: ConfigMap | None) -> dict[str, str]:
    """What the Corefile imports, out of its own ConfigMap and of `coredns-custom`, at the places where it looks for it."""
    own = {f"/etc/coredns/{key}": value for key, value in (found.data if found else {}).items() if key != "Corefile"}
    wanted = {posixpath.dirname(posixpath.join("/etc/coredns", path)) for path in _IMPORT.findall(text)}
    if not wanted:
        return {}
    custom = gaps.of(lambda: cluster.config_map(SYSTEM, "coredns-custom"), None)
    brought = {
        f"{folder}/{key}": value
        for folder in wanted
        if folder != "/etc/coredns"
        for key, value in (custom.data if custom else {}).items()
    }
    return {**own, **brought}


def _environment(pods: tuple[Pod, ...]) -> dict[str, str]:
    container = next((c for pod in pods for c in pod.spec.containers if c.name == NAME), None)
    return {each.name: each.value for each in container.env} if container else {}


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
