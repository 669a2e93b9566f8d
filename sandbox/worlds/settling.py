"""What the controllers make of changed objects: EndpointSlices, counts of replicas and budgets follow the pods."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .recording import ago
from .world import Object

KEPT_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
SERVICE = "kubernetes.io/service-name"
TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"
Objects = tuple[Object, ...]


def settled(objects: Iterable[Object], seconds: float) -> Objects:
    """OBJECTS as controllers leave them that last had something to do so many seconds ago."""
    found = tuple(objects)
    return tuple(_settled(found, seconds))


def _settled(objects: Objects, seconds: float) -> Iterator[Object]:
    for one in objects:
        if one["kind"] == "EndpointSlice" and one["metadata"]["labels"].get(KEPT_BY) == CONTROLLER:
            yield from _slice(copy.deepcopy(one), objects, seconds)
        elif one["kind"] in _COUNTED:
            counted = copy.deepcopy(one)
            _COUNTED[one["kind"]](counted, _chosen(counted, objects), seconds)
            yield counted
        else:
            yield one


def _slice(one: Any, objects: Objects, seconds: float) -> Iterator[Object]:
    """The slice as its Service wants it; nothing where the Service is gone."""
    name, home = one["metadata"]["labels"][SERVICE], one["metadata"]["namespace"]
    services = (o for o in objects if o["kind"] == "Service" and _at(o) == (home, name))
    for service in services:
        pods = [pod for pod in objects if _is_pod(pod, home) and _selects(service["spec"].get("selector") or {}, pod)]
        zones = {o["metadata"]["name"]: o["metadata"]["labels"] for o in objects if o["kind"] == "Node"}
        endpoints = [_endpoint(pod, zones) for pod in pods if pod["status"].get("podIP")]
        ports = [_port(port, pods) for port in service["spec"]["ports"]]
        if _sorted(one["endpoints"]) != _sorted(endpoints) or _sorted(one["ports"]) != _sorted(ports):
            one["metadata"].setdefault("annotations", {})[TRIGGER] = ago(seconds)
            one["metadata"]["ownerReferences"][0]["uid"] = service["metadata"]["uid"]
            one["endpoints"], one["ports"] = endpoints or None, ports if endpoints else None
        yield one


def _sorted(some: list[Any] | None) -> list[str]:
    return sorted(repr(one) for one in some or ())


def _endpoint(pod: Object, zones: Mapping[str, Mapping[str, str]]) -> Object:
    ready, node = is_ready(pod), pod["spec"]["nodeName"]
    meta = pod["metadata"]
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": node,
        "targetRef": {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
        "zone": zones[node]["topology.kubernetes.io/zone"],
    }


def _port(port: Mapping[str, Any], pods: Iterable[Object]) -> Object:
    """A Service's port as a slice has it: the number behind it, a name looked up in the pods."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        declared = (p for pod in pods for c in pod["spec"]["containers"] for p in c.get("ports") or ())
        target = next((p["containerPort"] for p in declared if p.get("name") == target), port["port"])
    return {"name": port.get("name", ""), "port": target, "protocol": port.get("protocol", "TCP")}


# Counts


def _chosen(one: Object, objects: Objects) -> list[Object]:
    labels = one["spec"]["selector"]["matchLabels"]
    return [o for o in objects if _is_pod(o, one["metadata"]["namespace"]) and _selects(labels, o)]


def _replicas(one: Any, pods: list[Object], seconds: float) -> None:
    """Status of a Deployment or ReplicaSet."""
    ready, wanted = sum(map(is_ready, pods)), one["spec"]["replicas"]
    counts = {"readyReplicas": ready, "availableReplicas": ready, "unavailableReplicas": wanted - ready}
    shape = {"Deployment": ("updatedReplicas",), "ReplicaSet": ("fullyLabeledReplicas",)}[one["kind"]]
    if one["kind"] == "ReplicaSet":
        del counts["unavailableReplicas"]
    conditions = copy.deepcopy(one["status"].get("conditions") or [])
    for condition in (c for c in conditions if c["type"] == "Available"):
        _tell_available(condition, enough=ready >= wanted - 1, seconds=seconds)
    one["status"] = {
        "observedGeneration": one["metadata"]["generation"], "replicas": len(pods),
        **{key: count for key, count in counts.items() if count > 0}, **{key: len(pods) for key in shape if pods},
        **({"conditions": conditions} if conditions else {}),
    }  # fmt: skip


def _tell_available(condition: Any, *, enough: bool, seconds: float) -> None:
    if (condition["status"] == "True") is enough:
        return
    condition.update(
        status=str(enough), lastUpdateTime=ago(seconds), lastTransitionTime=ago(seconds),
        reason=f"MinimumReplicas{'Available' if enough else 'Unavailable'}",
        message=f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    )  # fmt: skip


def _daemons(one: Any, pods: list[Object], _seconds: float) -> None:
    ready = sum(map(is_ready, pods))
    one["status"].update(
        currentNumberScheduled=len(pods), desiredNumberScheduled=len(pods), updatedNumberScheduled=len(pods),
        numberReady=ready, numberAvailable=ready, observedGeneration=one["metadata"]["generation"],
    )  # fmt: skip
    one["status"].pop("numberUnavailable", None)
    if ready < len(pods):
        one["status"]["numberUnavailable"] = len(pods) - ready


def _budget(one: Any, pods: list[Object], seconds: float) -> None:
    healthy, desired = sum(map(is_ready, pods)), max(0, len(pods) - one["spec"].get("maxUnavailable", 0))
    allowed = max(0, healthy - desired)
    one["status"].update(
        currentHealthy=healthy, desiredHealthy=desired, disruptionsAllowed=allowed, expectedPods=len(pods)
    )
    for condition in one["status"].get("conditions") or ():
        if (condition["status"] == "True") is not bool(allowed):
            reason = "SufficientPods" if allowed else "InsufficientPods"
            condition.update(status=str(bool(allowed)), reason=reason, lastTransitionTime=ago(seconds))


_COUNTED = {"Deployment": _replicas, "ReplicaSet": _replicas, "DaemonSet": _daemons, "PodDisruptionBudget": _budget}


def is_ready(pod: Object) -> bool:
    """Whether a pod's own word is that it is ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _is_pod(one: Object, namespace: str) -> bool:
    return bool(one["kind"] == "Pod" and one["metadata"]["namespace"] == namespace)


def _selects(selector: Mapping[str, str], pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _at(one: Object) -> tuple[str, str]:
    return one["metadata"].get("namespace", ""), one["metadata"]["name"]
