"""Probes: the probe program in a pod pinned to a node, or in an ephemeral container inside another pod's network.

What is made carries the labels `app.kubernetes.io/managed-by=dnsmedic` and `dnsmedic/run`, a deadline, and no rights. A
pod is deleted as soon as its log is read; what a lost worker leaves is the janitor's. An ephemeral container cannot be
removed, it only ends.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from .errors import CannotRead, Why
from .grants import Resource
from .kube import Api, Deadline
from .objects import Pod

NAMESPACE = "dnsmedic"
MANAGED = "app.kubernetes.io/managed-by"
RUN = "dnsmedic/run"
START_SECONDS = 20.0
POD_SECONDS = 60
"""`activeDeadlineSeconds` of a probe pod, that of the janitor's patience too."""
OLD_SECONDS = 600
EVERY = 0.12
MARK = "dnsmedic: "
LOG_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a probe is to do; `workers/cluster/probe_program.py` reads it as JSON. again, short, long: seconds."""

    ask: Sequence[Mapping[str, Any]]
    libc: Sequence[str] = ()
    read: Sequence[str] = ("/etc/resolv.conf",)
    list: Sequence[str] = ()
    again: float = 1.2
    short: float = 3.0
    long: float = 6.5

    def text(self) -> str:
        """The plan as the probe's argument."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"))


Line = dict[str, Any]
"""One thing that a probe saw."""


def program() -> str:
    """The probe program's text."""
    return resources.files(__package__).joinpath("probe_program.py").read_text(encoding="utf-8")


def in_pod(api: Api, *, run: str, image: str, node: str, policy: str, number: int, plan: Plan) -> tuple[Line, ...]:
    """What a probe pod on NODE with that dnsPolicy saw. Raises CannotRead; the pod is gone afterwards."""
    name = f"probe-{run.replace('_', '-')}-{number}"
    what = Resource(verb="create", resource="pods", namespace=NAMESPACE, role="dnsmedic-probe")
    try:
        api.send("POST", what, manifest(name=name, run=run, image=image, node=node, policy=policy, plan=plan))
    except CannotRead as problem:
        if problem.reason.startswith("404"):
            raise _no_namespace(problem) from None
        if problem.why in (Why.TIMEOUT, Why.UNREACHABLE):
            _delete(api, name)  # it may have been made all the same
        raise
    try:
        return _followed(api, name, NAMESPACE, "probe", Deadline.after(START_SECONDS), plan, "dnsmedic-probe")
    finally:
        _delete(api, name)


def in_network_of(api: Api, pod: Pod, *, run: str, image: str, plan: Plan) -> tuple[Line, ...]:
    """What a probe in the network (and, where allowed, beside the processes) of POD saw. Raises CannotRead."""
    name = f"dnsmedic-{run.replace('_', '-')}-{int(time.time()) % 100000}"
    what = Resource(
        verb="patch", resource="pods", namespace=pod.namespace, name=pod.name, subresource="ephemeralcontainers",
        role="dnsmedic-app-exec",
    )  # fmt: skip
    target = pod.spec.containers[0] if pod.spec.containers else None
    container = {**_container(name, image, plan), "targetContainerName": target.name if target else None}
    spoken = [c.run_as_user for c in (target.security_context if target else None, pod.spec.security_context) if c]
    owner = next((user for user in spoken if user is not None), None)
    if owner:
        container["securityContext"]["runAsUser"] = owner
    body = {"spec": {"ephemeralContainers": [{k: v for k, v in container.items() if v is not None}]}}
    api.send("PATCH", what, body, kind="application/strategic-merge-patch+json")
    return _followed(api, pod.name, pod.namespace, name, Deadline.after(START_SECONDS), plan, "dnsmedic-app-exec")


def manifest(*, name: str, run: str, image: str, node: str, policy: str, plan: Plan) -> dict[str, Any]:
    """A probe pod: restricted, short-lived, without a service account's token."""
    container = _container("probe", image, plan)
    container["resources"] = {
        "requests": {"cpu": "10m", "memory": "24Mi"},
        "limits": {"cpu": "500m", "memory": "96Mi"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {MANAGED: "dnsmedic", "app.kubernetes.io/name": "dnsmedic-probe", RUN: run},
        },
        "spec": {
            "nodeName": node,
            "dnsPolicy": policy,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": POD_SECONDS,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
        },
    }


def _container(name: str, image: str, plan: Plan) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", program(), plan.text()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _followed(
    api: Api, pod: str, namespace: str, container: str, started: Deadline, plan: Plan, role: str
) -> tuple[Line, ...]:
    """The probe's lines once it says that it ends, or what there is when its time is over."""
    what = Resource(verb="get", resource="pods", namespace=namespace, name=pod, subresource="log", role=role)
    query = {"container": container, "limitBytes": str(LOG_BYTES)}
    lines: tuple[Line, ...] = ()
    ended = started
    look = time.monotonic() + 1.0
    while True:
        try:
            text, _ = api.text(what, query, cap=LOG_BYTES)
            if not lines and text:
                ended = Deadline.after(plan.long + 3)
            lines = parsed(text)
        except CannotRead as problem:
            if problem.why in (Why.FORBIDDEN, Why.UNAUTHORIZED, Why.OWN_DNS):
                raise
        if lines and "end" in lines[-1]:
            return lines
        if time.monotonic() > look:
            look = time.monotonic() + 1.0
            _still_hopeful(api, pod, namespace, container, role)
        if ended.over:
            if lines:
                return lines
            raise CannotRead("start", f"a probe in {namespace}/{pod}", _why_not(api, pod, namespace, container, role))
        time.sleep(EVERY)


def parsed(text: str) -> tuple[Line, ...]:
    """The probe's lines of a log; a line cut off in the middle is left out."""
    found: list[Line] = []
    for line in text.splitlines():
        if line.startswith(MARK):
            try:
                one = json.loads(line[len(MARK) :])
            except ValueError:
                continue
            if isinstance(one, dict):
                found.append(one)
    return tuple(found)


HOPELESS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
            "CreateContainerError", "RunContainerError")  # fmt: skip


def _still_hopeful(api: Api, pod: str, namespace: str, container: str, role: str) -> None:
    """Raise CannotRead where the probe cannot start any more."""
    reason = _why_not(api, pod, namespace, container, role)
    if reason.startswith(HOPELESS) or reason.startswith("it ended"):
        raise CannotRead("start", f"a probe in {namespace}/{pod}", reason)


def _why_not(api: Api, pod: str, namespace: str, container: str, role: str) -> str:
    what = Resource(verb="get", resource="pods", namespace=namespace, name=pod, role=role)
    found = api.get(what, Pod)
    if found is None:
        return "the pod was deleted meanwhile"
    statuses = (*found.status.container_statuses, *found.status.ephemeral_container_statuses)
    state = next((s.state for s in statuses if s.name == container), None)
    if state is not None and state.waiting is not None and state.waiting.reason != "ContainerCreating":
        return f"{state.waiting.reason}: {state.waiting.message}"[:300]
    if state is not None and state.terminated is not None and state.terminated.exit_code:
        return f"it ended with exit code {state.terminated.exit_code}: {state.terminated.message or state.terminated.reason}"[
            :300
        ]
    if found.status.phase == "Failed":
        return f"it ended: {found.status.reason} {found.status.message}"[:300]
    return f"it did not start within {START_SECONDS:.0f} s (phase {found.status.phase or 'unknown'})"


def _delete(api: Api, name: str) -> None:
    what = Resource(verb="delete", resource="pods", namespace=NAMESPACE, name=name, role="dnsmedic-probe")
    with contextlib.suppress(CannotRead):  # else its own deadline ends it, and the janitor deletes it
        api.send("DELETE", what, None, query={"gracePeriodSeconds": "0"})


def sweep(api: Api, *, now: datetime | None = None) -> tuple[str, ...]:
    """Delete probe pods that are older than any run, and return their names. Raises CannotRead."""
    what = Resource(verb="list", resource="pods", namespace=NAMESPACE, role="dnsmedic-probe")
    moment = now or datetime.now(UTC)
    gone = []
    for pod in api.list(what, Pod, labels=f"{MANAGED}=dnsmedic") or ():
        if age(pod.metadata.creation_timestamp, moment) > OLD_SECONDS:
            _delete(api, pod.name)
            gone.append(pod.name)
    return tuple(gone)


def age(created: str, now: datetime) -> float:
    """Seconds since an ISO 8601 moment; 0 where it cannot be read."""
    try:
        return (now - datetime.fromisoformat(created)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _no_namespace(problem: CannotRead) -> CannotRead:
    return CannotRead(
        problem.verb,
        problem.object,
        f"the namespace {NAMESPACE} is missing",
        grant="kubectl apply -k deploy/cluster (it makes the namespace and the roles)",
        why=Why.OTHER,
    )
