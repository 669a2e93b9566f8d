"""What the pretend API server answers: objects, lists in pages, logs, reviews, and what a change comes to."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from .access import Access, Attributes, User
from .kinds import Kind, Place
from .kubelet import Kubelet
from .objects import Conflict, Object, Objects, qualified
from .security import violations

REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
           409: "Conflict", 410: "Expired", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
           503: "ServiceUnavailable", 504: "Timeout"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def failure(code: int, message: str, *, details: Mapping[str, str] | None = None, reason: str = "") -> Reply:
    """A Status, as Kubernetes says no."""
    status = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason or REASONS.get(code, HTTPStatus(code).phrase), "details": dict(details or {}), "code": code,
    }  # fmt: skip
    return Reply(status=code, body=json.dumps(status).encode())


def good(body: Mapping[str, Any], code: int = 200) -> Reply:
    """An object."""
    return Reply(status=code, body=json.dumps(body, separators=(",", ":")).encode())


class Answers:
    """The verbs on one cluster's objects. logs: by `NAMESPACE/POD/CONTAINER`, `…/previous` for the one before."""

    def __init__(
        self, objects: Objects, access: Access, kubelet: Kubelet, logs: Mapping[str, str], version: Mapping[str, str]
    ) -> None:
        self._objects, self._access, self._kubelet = objects, access, kubelet
        self._logs, self._version = logs, version
        self.epoch = 1
        """Tokens of lists that began in an earlier one have expired."""

    def read(self, where: Place, query: Mapping[str, str]) -> Reply:
        """A GET of an object, a list or a log."""
        kind = self._objects.kind(where.group, where.version, where.plural)
        if kind is None:
            return Reply(status=404, body=b"404 page not found\n", kind="text/plain")
        if where.subresource == "log":
            return self._log(where, query)
        if where.subresource:
            return failure(404, "the server could not find the requested resource")
        if where.name:
            found = self._objects.get(kind, where.namespace, where.name)
            return good(found) if found else missing(kind, where.name)
        return self._list(kind, where, query)

    def version(self) -> Reply:
        """/version."""
        return good(self._version)

    def _list(self, kind: Kind, where: Place, query: Mapping[str, str]) -> Reply:
        begin = 0
        if token := query.get("continue"):
            try:
                epoch, begin = (int(part) for part in base64.urlsafe_b64decode(token).decode().split(":"))
            except (ValueError, binascii.Error):
                return failure(400, "continue key is not valid")
            if epoch != self.epoch:
                return failure(410, "The provided continue parameter is too old to display a consistent list result.")
        found = self._objects.select(kind, where.namespace, query.get("labelSelector", ""))
        limit = int(query.get("limit") or 0) or len(found)
        page, left = found[begin : begin + limit], len(found) - begin - limit
        meta: dict[str, Any] = {"resourceVersion": self._objects.version}
        if left > 0:
            meta["continue"] = base64.urlsafe_b64encode(f"{self.epoch}:{begin + limit}".encode()).decode()
            meta["remainingItemCount"] = left
        for one in page:  # items of a list do not say what they are
            one.pop("kind", None)
            one.pop("apiVersion", None)
        return good({"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": page})

    def _log(self, where: Place, query: Mapping[str, str]) -> Reply:
        pods = self._objects.kind("", "v1", "pods")
        pod = self._objects.get(pods, where.namespace, where.name) if pods else None
        if pods is None or pod is None:
            return failure(404, f'pods "{where.name}" not found', details={"name": where.name, "kind": "pods"})
        spec = pod["spec"]
        names = [c["name"] for c in (*spec["containers"], *(spec.get("ephemeralContainers") or ()))]
        container = query.get("container") or names[0]
        if container not in names:
            return failure(400, f"container {container} is not valid for pod {where.name}")
        previous = query.get("previous") == "true"
        key = f"{where.namespace}/{where.name}/{container}" + ("/previous" if previous else "")
        text = self._logs.get(key)
        if text is None and not previous:
            text = self._kubelet.log(pod, container)
        if text is None:
            return failure(400, self._why_no_log(pod, where.name, container, previous=previous))
        return Reply(status=200, body=cut(text, query), kind="text/plain")

    def _why_no_log(self, pod: Object, name: str, container: str, *, previous: bool) -> str:
        if previous:
            return f'previous terminated container "{container}" in pod "{name}" not found'
        status = pod.get("status") or {}
        states = (*(status.get("containerStatuses") or ()), *(status.get("ephemeralContainerStatuses") or ()))
        found = (s["state"].get("waiting", {}).get("reason") for s in states if s["name"] == container)
        reason = next(found, None) or "ContainerCreating"
        return f'container "{container}" in pod "{name}" is waiting to start: {reason}'

    # What changes something

    def create(self, kind: Kind, where: Place, body: Object) -> Reply:
        """A POST of a new object."""
        body["metadata"] = {
            **(body.get("metadata") or {}),
            **({"namespace": where.namespace} if where.namespace else {}),
        }
        body.update(apiVersion=kind.api_version, kind=kind.kind)
        name = body["metadata"].get("name", "")
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", name):
            return failure(422, f'{kind.kind} "{name}" is invalid: metadata.name: Invalid value: "{name}"')
        if where.namespace and not any(
            n["metadata"]["name"] == where.namespace for n in self._objects.every("Namespace")
        ):
            return failure(404, f'namespaces "{where.namespace}" not found')
        if kind.kind == "Pod":
            refused = self._pod_refused(where.namespace, name, body)
            if refused is not None:
                return refused
            body["status"] = {"phase": "Pending"}
        try:
            made = self._objects.create(kind, body)
        except Conflict as problem:
            return failure(409, str(problem), reason="AlreadyExists")
        if kind.kind == "Pod":
            self._kubelet.start(made)
        return good(made, 201)

    def _pod_refused(self, namespace: str, name: str, body: Object) -> Reply | None:
        home = next(n for n in self._objects.every("Namespace") if n["metadata"]["name"] == namespace)
        level = (home["metadata"].get("labels") or {}).get("pod-security.kubernetes.io/enforce", "privileged")
        broken = violations(body["spec"]) if level == "restricted" else ()
        if broken:
            said = f'pods "{name}" is forbidden: violates PodSecurity "restricted:latest": {", ".join(broken)}'
            return failure(403, said, details={"name": name, "kind": "pods"})
        nodes = {n["metadata"]["name"] for n in self._objects.every("Node")}
        if body["spec"].get("nodeName") not in nodes:
            return failure(422, f'Pod "{name}" is invalid: spec.nodeName: there is no such node here')
        return None

    def patch(self, kind: Kind, where: Place, body: Object, *, strategic: bool) -> Reply:
        """A PATCH of an object or of a pod's ephemeral containers."""
        before = self._objects.get(kind, where.namespace, where.name)
        if before is None:
            return missing(kind, where.name)
        if where.subresource == "ephemeralcontainers":
            added = (body.get("spec") or {}).get("ephemeralContainers")
            body, strategic = {"metadata": body.get("metadata") or {}, "spec": {"ephemeralContainers": added}}, True
        try:
            after = self._objects.patch(kind, where.namespace, where.name, body, strategic=strategic)
        except Conflict as problem:
            return failure(409, str(problem))
        if where.subresource == "ephemeralcontainers":
            self._kubelet.inject(after, before)
        return good(after)

    def replace(self, kind: Kind, where: Place, body: Object) -> Reply:
        """A PUT: the whole object, and only if nobody has changed it since."""
        before = self._objects.get(kind, where.namespace, where.name)
        if before is None:
            return missing(kind, where.name)
        gone = {key: None for key in before if key not in body}
        try:
            return good(self._objects.patch(kind, where.namespace, where.name, {**gone, **body}, strategic=False))
        except Conflict as problem:
            return failure(409, str(problem))

    def delete(self, kind: Kind, where: Place) -> Reply:
        """A DELETE; a pod's processes die with it."""
        gone = self._objects.drop(kind, where.namespace, where.name)
        if gone is None:
            return missing(kind, where.name)
        if kind.kind == "Pod":
            self._kubelet.stop(where.namespace, where.name)
        return good(gone)

    def review(self, user: User, body: Object) -> Reply:
        """A POST that asks what somebody may do: USER, where the question names nobody."""
        spec = body.get("spec") or {}
        asked = spec.get("resourceAttributes") or {}
        subresource = f"/{asked['subresource']}" if asked.get("subresource") else ""
        attributes = Attributes(
            verb=asked.get("verb", ""), group=asked.get("group", ""), name=asked.get("name", ""),
            resource=asked.get("resource", "") + subresource, namespace=asked.get("namespace", ""),
        )  # fmt: skip
        who = user
        if "user" in spec or "groups" in spec:
            who = User(name=spec.get("user", ""), groups=tuple(spec.get("groups") or ()))
        allowed = Access(self._objects).allows(who, attributes)  # a question uses no right
        return good({**body, "status": {"allowed": allowed, "reason": "RBAC: allowed" if allowed else ""}}, 201)


def missing(kind: Kind, name: str) -> Reply:
    """404, as Kubernetes says it."""
    return failure(404, f'{qualified(kind)} "{name}" not found', details={"name": name, "kind": kind.plural})


def cut(text: str, query: Mapping[str, str]) -> bytes:
    """A log as tailLines, timestamps and limitBytes want it. TEXT has the kubelet's timestamps where it has any."""
    lines = text.splitlines(keepends=True)
    if query.get("tailLines"):
        lines = lines[-int(query["tailLines"]) :] if int(query["tailLines"]) else []
    if query.get("timestamps") != "true":
        lines = [_STAMP.sub("", line) for line in lines]
    body = "".join(lines).encode()
    return body[: int(query["limitBytes"])] if query.get("limitBytes") else body


_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ")
