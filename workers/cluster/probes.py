"""Probes: the probe program in a pod pinned to a node, or in an ephemeral container inside another pod's network.

What is made carries the labels `app.kubernetes.io/managed-by=dnsmedic` and `dnsmedic/run`, a deadline, and no rights. A
pod is deleted as soon as its log is read, or its run is over; what a lost worker leaves is deleted by whoever goes on with
the run, else by the janitor. An ephemeral container cannot be removed, it only ends.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
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
SETTLE_SECONDS = 2.0
"""How long the end of a run waits for the answers of pods that are being made."""
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


class Probes:
    """The probes of one opening of a cluster. image: has Python 3.9 or newer. Safe in many threads."""

    def __init__(self, api: Api, *, run: str, image: str) -> None:
        self._api, self._run, self._image = api, run, image
        self._standing: set[str] = set()
        self._closed = False
        self._making = 0
        self._made = threading.Condition()

    def in_pod(self, *, node: str, policy: str, number: int, plan: Plan) -> tuple[Line, ...]:
        """What a probe pod on NODE with that dnsPolicy saw. Raises CannotRead; the pod is gone afterwards.

        The name differs from that of any other worker that had the run before, whose pods may still stand.
        """
        name = f"probe-{self._run.replace('_', '-')}-{number}-{secrets.token_hex(2)}"
        what = Resource(verb="create", resource="pods", namespace=NAMESPACE, role="dnsmedic-probe")
        made = manifest(name=name, run=self._run, image=self._image, node=node, policy=policy, plan=plan)
        try:
            with self._standing_from_now(name):
                self._api.send("POST", what, made)
            return _followed(self._api, name, NAMESPACE, "probe", Deadline.after(START_SECONDS), plan, what.role)
        except CannotRead as problem:
            if problem.reason.startswith("404") and problem.verb == what.verb:
                raise _no_namespace(problem) from None
            raise
        finally:
            if name in self._standing:
                _delete(self._api, name)
                self._standing.discard(name)

    @contextlib.contextmanager
    def _standing_from_now(self, name: str) -> Iterator[None]:
        """While the pod is made, nobody believes that all are known. Raises CannotRead where the run is over."""
        with self._made:
            if self._closed:
                raise CannotRead("start", f"a probe in {NAMESPACE}/{name}", "the run is over")
            self._making += 1
        self._standing.add(name)
        try:
            yield
        except CannotRead as problem:
            if problem.why not in (Why.TIMEOUT, Why.UNREACHABLE):  # after those it may have been made all the same
                self._standing.discard(name)
            raise
        finally:
            with self._made:
                self._making -= 1
                self._made.notify_all()

    def in_network_of(self, pod: Pod, plan: Plan) -> tuple[Line, ...]:
        """What a probe in the network (and, where allowed, beside the processes) of POD saw. Raises CannotRead."""
        name = f"dnsmedic-{self._run.replace('_', '-')}-{int(time.time()) % 100000}"
        what = Resource(
            verb="patch", resource="pods", namespace=pod.namespace, name=pod.name, subresource="ephemeralcontainers",
            role="dnsmedic-app-exec",
        )  # fmt: skip
        body = {"spec": {"ephemeralContainers": [_beside(pod, _container(name, self._image, plan))]}}
        self._api.send("PATCH", what, body, kind="application/strategic-merge-patch+json")
        return _followed(self._api, pod.name, pod.namespace, name, Deadline.after(START_SECONDS), plan, what.role)

    def close(self) -> None:
        """Delete the pods that somebody still waits for: the run was stopped, or is handed over."""
        with self._made:
            self._closed = True
            self._made.wait_for(lambda: not self._making, SETTLE_SECONDS)
        for name in tuple(self._standing):
            _delete(self._api, name)


def _beside(pod: Pod, container: dict[str, Any]) -> dict[str, Any]:
    """The container as one that joins the pod's first, as the user whose processes it is to see."""
    target = pod.spec.containers[0] if pod.spec.containers else None
    spoken = [c.run_as_user for c in (target.security_context if target else None, pod.spec.security_context) if c]
    owner = next((user for user in spoken if user is not None), None)
    if owner:
        container["securityContext"]["runAsUser"] = owner
    return {**container, "targetContainerName": target.name} if target else container


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


GONE = "the pod was deleted meanwhile"
HOPELESS = (GONE, "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
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
        return GONE
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


def sweep(api: Api, *, run: str = "", now: datetime | None = None) -> tuple[str, ...]:
    """Delete probe pods that are older than any run, or all of one run, and return their names. Raises CannotRead."""
    what = Resource(verb="list", resource="pods", namespace=NAMESPACE, role="dnsmedic-probe")
    moment = now or datetime.now(UTC)
    wanted = f"{MANAGED}=dnsmedic,{RUN}={run}" if run else f"{MANAGED}=dnsmedic"
    gone = []
    for pod in api.list(what, Pod, labels=wanted) or ():
        if run or age(pod.metadata.creation_timestamp, moment) > OLD_SECONDS:
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
