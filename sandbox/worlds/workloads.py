"""Workloads that a world adds to the shop, modelled on one that is there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .recording import ago
from .world import Object

MODEL = "cart"
HASH = "74c9f8d5b6"
MADE = 5400.0
"""Seconds since such a workload was made."""


def deployed(
    objects: Iterable[Object], name: str, address: str, change: Callable[[Any], None] | None = None
) -> Iterator[Object]:
    """A Deployment in the shop with one pod, which has ADDRESS, and its ReplicaSet. change: writes to the pod's spec."""
    for one in objects:
        meta = one["metadata"]
        if one["kind"] in ("Deployment", "ReplicaSet", "Pod") and (meta.get("labels") or {}).get("app") == MODEL:
            yield _like(one, name, address, change)


def _like(one: Object, name: str, address: str, change: Callable[[Any], None] | None) -> Object:
    made = _renamed(one, name)
    spec = made["spec"] if made["kind"] == "Pod" else made["spec"]["template"]["spec"]
    if change is not None:
        change(spec)
    if made["kind"] == "Pod":
        _placed(made, address)
    return made


def _renamed(one: Object, name: str) -> Object:
    """ONE with every name of the model replaced, ids of its own, and made when the workload was."""
    old = (one["metadata"].get("labels") or {}).get("pod-template-hash") or "-"
    text = json.dumps(one).replace(f"{MODEL}-6568bc49f8", f"{name}-{HASH}").replace(old, HASH)
    made: Object = json.loads(text.replace(f"shop/{MODEL}", f"shop/{name}").replace(f'"{MODEL}"', f'"{name}"'))
    made["metadata"].update(uid=_uid(made["kind"], name), creationTimestamp=ago(MADE))
    for owner in made["metadata"].get("ownerReferences") or ():
        owner["uid"] = _uid(owner["kind"], name)
    return made


def _uid(kind: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{name}.shop"))


def _placed(pod: Any, address: str) -> None:
    status, number = pod["status"], address.split(".")[2]
    pod["spec"]["nodeName"] = f"ip-10-20-{number}-10.ec2.internal"
    status.update(hostIP=f"10.20.{number}.10", podIP=address, podIPs=[{"ip": address}], startTime=ago(MADE))
    for condition in status["conditions"]:
        condition["lastTransitionTime"] = ago(MADE - 3)
    for container in status["containerStatuses"]:
        container["state"] = {"running": {"startedAt": ago(MADE - 3)}}
