"""`Cluster`: everything that a check may read, each thing asked once a run. It cannot change anything.

It makes probe pods, since those are how one looks from inside; they leave nothing behind (see probes.py).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from contract.clusters import ClusterEntry
from contract.model import Effect, Question

from . import answers, pages, preflight, streams
from .aws import Aws
from .errors import CannotRead, DoesNotApply, Why
from .grants import Resource
from .kube import Api, Deadline
from .memo import Memo
from .objects import (
    Autoscaler,
    ClusterRole,
    ClusterRoleBinding,
    ConfigMap,
    Custom,
    DisruptionBudget,
    EndpointSlice,
    Event,
    Namespace,
    NetworkPolicy,
    Node,
    Object,
    Pod,
    Service,
    Workload,
)
from .probes import Probes

S = TypeVar("S", bound=Object)
SYSTEM = "kube-system"
LOG_BYTES = 2 * 1024 * 1024
LOG_LINES = 2000
ASK_SECONDS = 6.5
METRIC_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A container's log: its last lines. cut: whether the byte cap left the end out."""

    pod: str
    container: str
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one CoreDNS pod answered over port-forward. error: why nothing came, in a word or two."""

    pod: str
    name: str
    rtype: str
    effect: Effect
    seconds: float = 0.0
    error: str = ""
    reply: answers.Reply | None = None

    @property
    def line(self) -> str:
        """The question and its answer, for evidence."""
        came = self.reply.text if self.reply else (self.error or "no answer")
        return f"port-forward -> pod/{self.pod} tcp {self.name} {self.rtype}: {came} ({self.seconds * 1000:.0f} ms)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A SubjectAccessReview's answer."""

    allowed: bool
    reason: str = ""


class Reader:
    """The readings of one cluster in one run; `Cluster` adds the survey. Safe in many threads."""

    def __init__(
        self, entry: ClusterEntry, question: Question, api: Api, aws: Aws | None, *, run: str, image: str
    ) -> None:
        self.entry, self.question = entry, question
        self._api, self._aws, self._memo = api, aws, Memo()
        self._probes = Probes(api, run=run, image=image)

    @property
    def name(self) -> str:
        """What people call the cluster."""
        return self.entry.name

    @property
    def app_namespaces(self) -> tuple[str, ...]:
        """Where applications may be looked at: the clusters file's, and that of the pod somebody asked about if it is one."""
        asked = self.question.pod.partition("/")[0]
        return self.entry.app_namespaces or ((asked,) if asked else ())

    @property
    def aws(self) -> Aws:
        """The AWS side. Raises DoesNotApply where the cluster was signed in to without AWS."""
        if self._aws is None:
            raise DoesNotApply("this cluster is not signed in to through AWS, so AWS is not asked")
        return self._aws

    def close(self) -> None:
        """Delete the probes that still stand, and end all connections."""
        self._probes.close()
        self._api.close()

    # Objects: None means that the object does not exist

    def service(self, namespace: str, name: str) -> Service | None:
        """One Service."""
        return self._get("services", namespace, name, Service)

    def services(self, namespace: str) -> tuple[Service, ...]:
        """All Services of a namespace."""
        return self._list("services", namespace, Service, role=_role(namespace))

    def slices(self, namespace: str, service: str = "") -> tuple[EndpointSlice, ...]:
        """The EndpointSlices of a Service, or all of the namespace."""
        labels = f"kubernetes.io/service-name={service}" if service else ""
        return self._list(
            "endpointslices", namespace, EndpointSlice, group="discovery.k8s.io", labels=labels, role=_role(namespace)
        )

    def pods(self, namespace: str, labels: str = "") -> tuple[Pod, ...]:
        """Pods of a namespace by label selector."""
        return self._list("pods", namespace, Pod, labels=labels, role=_role(namespace))

    def pods_now(self, namespace: str, labels: str) -> tuple[Pod, ...]:
        """The same, asked anew: what is there at this moment."""
        what = Resource(verb="list", resource="pods", namespace=namespace, role=_role(namespace))
        return self._api.list(what, Pod, labels=labels) or ()

    def pod(self, namespace: str, name: str) -> Pod | None:
        """One pod."""
        return self._get("pods", namespace, name, Pod, role=_role(namespace))

    def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        return self._list("nodes", "", Node)

    def namespaces(self) -> tuple[Namespace, ...]:
        """All namespaces with their labels."""
        return self._list("namespaces", "", Namespace)

    def events(self, namespace: str) -> tuple[Event, ...]:
        """The events of a namespace (those of nodes are in `default`)."""
        return self._list("events", namespace, Event, role=_role(namespace))

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        """One ConfigMap."""
        return self._get("configmaps", namespace, name, ConfigMap)

    def deployment(self, namespace: str, name: str) -> Workload | None:
        """One Deployment."""
        return self._get("deployments", namespace, name, Workload, group="apps", role=_role(namespace))

    def daemon_set(self, namespace: str, name: str) -> Workload | None:
        """One DaemonSet."""
        return self._get("daemonsets", namespace, name, Workload, group="apps", role=_role(namespace))

    def stateful_set(self, namespace: str, name: str) -> Workload | None:
        """One StatefulSet."""
        return self._get("statefulsets", namespace, name, Workload, group="apps", role=_role(namespace))

    def replica_sets(self, namespace: str, labels: str = "") -> tuple[Workload, ...]:
        """ReplicaSets by label selector."""
        return self._list("replicasets", namespace, Workload, group="apps", labels=labels, role=_role(namespace))

    def disruption_budgets(self, namespace: str) -> tuple[DisruptionBudget, ...]:
        """The PodDisruptionBudgets of a namespace."""
        return self._list("poddisruptionbudgets", namespace, DisruptionBudget, group="policy")

    def autoscalers(self, namespace: str) -> tuple[Autoscaler, ...]:
        """The HorizontalPodAutoscalers of a namespace."""
        return self._list("horizontalpodautoscalers", namespace, Autoscaler, group="autoscaling", version="v2")

    def network_policies(self, namespace: str) -> tuple[NetworkPolicy, ...]:
        """The NetworkPolicies of a namespace."""
        return self._list("networkpolicies", namespace, NetworkPolicy, group="networking.k8s.io", role=_role(namespace))

    def cluster_role(self, name: str) -> ClusterRole | None:
        """One ClusterRole."""
        return self._get("clusterroles", "", name, ClusterRole, group="rbac.authorization.k8s.io")

    def cluster_role_binding(self, name: str) -> ClusterRoleBinding | None:
        """One ClusterRoleBinding."""
        return self._get("clusterrolebindings", "", name, ClusterRoleBinding, group="rbac.authorization.k8s.io")

    def custom(self, group: str, version: str, plural: str, namespace: str = "") -> tuple[Custom, ...] | None:
        """Objects of a kind that may not exist here: None where the API server does not know it."""
        what = Resource(verb="list", resource=plural, group=group, version=version, namespace=namespace)
        return self._memo.once(("list", what.path, ""), lambda: self._api.list(what, Custom))

    # Rights, versions, logs

    def may(self, user: str, groups: tuple[str, ...], verb: str, group: str, resource: str) -> Review:
        """Whether a user may do something in the whole cluster, by the API server's own word (SubjectAccessReview)."""
        what = Resource(verb="create", resource="subjectaccessreviews", group="authorization.k8s.io")
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": user,
                "groups": list(groups),
                "resourceAttributes": {"verb": verb, "group": group, "resource": resource},
            },
        }

        def ask() -> Review:
            status = self._api.json(what, self._api.send("POST", what, body)).get("status") or {}
            return Review(allowed=bool(status.get("allowed")), reason=str(status.get("reason") or "")[:300])

        return self._memo.once(("may", user, verb, group, resource), ask)

    def version(self) -> tuple[int, int]:
        """The API server's version, as in (1, 34)."""

        def ask() -> tuple[int, int]:
            what = Resource(verb="get", resource="version")
            raw = self._api.raw(what, "/version")
            digits = ["".join(c for c in str(raw.get(key) or "") if c.isdigit()) for key in ("major", "minor")]
            return int(digits[0] or 0), int(digits[1] or 0)

        return self._memo.once("version", ask)

    def log(self, pod: Pod, container: str, *, lines: int = LOG_LINES, previous: bool = False) -> Log | None:
        """The last lines of a container's log with the kubelet's timestamps; None where there is none (yet)."""
        what = Resource(
            verb="get",
            resource="pods",
            namespace=pod.namespace,
            name=pod.name,
            subresource="log",
            role="dnsmedic-read" if pod.namespace == SYSTEM else "dnsmedic-app-exec",
        )
        query = {"container": container, "tailLines": str(lines), "limitBytes": str(LOG_BYTES), "timestamps": "true"}
        if previous:
            query["previous"] = "true"

        def ask() -> Log | None:
            try:
                text, cut = self._api.text(what, query, cap=LOG_BYTES)
            except CannotRead as problem:
                if problem.reason.startswith(("204", "400", "404")):
                    return None
                raise
            return Log(pod=pod.name, container=container, text=text, cut=cut or len(text) >= LOG_BYTES - 1)

        return self._memo.once(("log", pod.key, container, lines, previous), ask)

    def missing_rights(self, namespaces: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """What this identity may not do that the checks do, each with the rule to add. Raises CannotRead."""
        return preflight.missing(self._api, namespaces)

    # Port-forward

    def ask(self, pod: Pod, name: str, rtype: str = "A", *, port: int = 53, seconds: float = ASK_SECONDS) -> Told:
        """One question to a pod's port 53 over port-forward and TCP: the process without the network. Raises CannotRead."""
        return self._memo.once(("ask", pod.key, name, rtype, port), lambda: self._ask(pod, name, rtype, port, seconds))

    def _ask(self, pod: Pod, name: str, rtype: str, port: int, seconds: float) -> Told:
        began, wire = time.monotonic(), answers.query(name, rtype)
        effect, error, reply = Effect.SILENT, "", None
        with streams.Tunnel(self._api, pod.namespace, pod.name, port, Deadline.after(seconds)) as tunnel:
            try:
                tunnel.send(struct.pack("!H", len(wire)) + wire)
                size = struct.unpack("!H", tunnel.receive(2))[0]
                reply = answers.read(tunnel.receive(size), wire)
                effect, error = (reply.effect, "") if reply else (Effect.FAILED, "an answer that is not DNS")
            except TimeoutError:
                error = f"no answer within {seconds:g} s"
            except OSError as problem:
                effect, error = Effect.UNREACHABLE if streams.refused(problem) else Effect.FAILED, str(problem)[-300:]
        return Told(
            pod=pod.name,
            name=name,
            rtype=rtype,
            effect=effect,
            seconds=time.monotonic() - began,
            error=error,
            reply=reply,
        )

    def http(self, pod: Pod, port: int, path: str, *, seconds: float = 4.0, cap: int = METRIC_BYTES) -> tuple[int, str]:
        """One HTTP GET to a pod's port over port-forward: status and text. Raises CannotRead."""

        def ask() -> tuple[int, str]:
            status, body = pages.http_get(self._api, pod.namespace, pod.name, port, path, seconds=seconds, cap=cap)
            return status, body.decode("utf-8", "replace")

        return self._memo.once(("http", pod.key, port, path), ask)

    # The way of one reading

    def _get(
        self, resource: str, namespace: str, name: str, kind: type[S], *, group: str = "", role: str = "dnsmedic-read"
    ) -> S | None:
        what = Resource(verb="get", resource=resource, group=group, namespace=namespace, name=name, role=role)
        return self._memo.once(what.path, lambda: self._api.get(what, kind))

    def _list(
        self,
        resource: str,
        namespace: str,
        kind: type[S],
        *,
        group: str = "",
        version: str = "v1",
        labels: str = "",
        role: str = "dnsmedic-read",
    ) -> tuple[S, ...]:
        what = Resource(verb="list", resource=resource, group=group, version=version, namespace=namespace, role=role)

        def ask() -> tuple[S, ...]:
            found = self._api.list(what, kind, labels=labels)
            if found is None:
                raise CannotRead("list", what.words, "the API server does not know this kind", why=Why.OTHER)
            return found

        return self._memo.once(("list", what.path, labels), ask)


def _role(namespace: str) -> str:
    return "dnsmedic-read" if namespace in (SYSTEM, "default", "") else "dnsmedic-app-read"


def matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether LABELS hold all that a plain selector WANTED asks for."""
    return all(labels.get(key) == value for key, value in wanted.items())
