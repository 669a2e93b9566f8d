"""States that a pod can be in, as the kubelet writes them: made anew, crashing, without a node, without its image."""

from __future__ import annotations

import uuid
from typing import Any

from .recording import ago

BACK_OFF = {1: "10s", 2: "20s", 3: "40s", 4: "1m20s", 5: "2m40s"}
"""How long the kubelet waits after so many restarts; 5m0s after more."""
HIGHER = 18
"""By so much the last number of an address is higher once the pod was made anew."""


def anew(pod: Any, seconds: float) -> None:
    """Made anew so many seconds ago: another name, uid and address (but in the host's network), running and ready."""
    meta, status = pod["metadata"], pod["status"]
    meta["name"] = f"{meta['name'][:-5]}{meta['name'][:-6:-1]}"
    meta["uid"] = str(uuid.uuid5(uuid.NAMESPACE_OID, meta["uid"]))
    meta["creationTimestamp"] = status["startTime"] = ago(seconds)
    if not pod["spec"].get("hostNetwork"):
        settle_at(pod, *higher(status["podIP"]))
    for condition in status["conditions"]:
        condition["lastTransitionTime"] = ago(seconds - 2)
    for one in status["containerStatuses"]:
        one.update(state={"running": {"startedAt": ago(seconds - 1)}}, lastState={}, restartCount=0)


def higher(address: str) -> tuple[int, int]:
    """Where a pod of that address is once it was made anew: number of the node, last number of the address."""
    third, last = (int(part) for part in address.split(".")[2:])
    return third, last + HIGHER


def settle_at(pod: Any, node: int, last: int) -> None:
    """On the node of that number, with an address there that ends so."""
    address = f"10.20.{node}.{last}"
    pod["spec"]["nodeName"] = f"ip-10-20-{node}-10.ec2.internal"
    pod["status"].update(hostIP=f"10.20.{node}.10", podIP=address, podIPs=[{"ip": address}])


def unready(pod: Any, seconds: float) -> None:
    """Running, but not ready, since so many seconds."""
    for condition in pod["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            names = " ".join(c["name"] for c in pod["spec"]["containers"])
            message = f"containers with unready status: [{names}]"
            condition.update(
                status="False", reason="ContainersNotReady", message=message, lastTransitionTime=ago(seconds)
            )
    for one in pod["status"]["containerStatuses"]:
        one["ready"] = False


def crashing(pod: Any, seconds: float, *, restarts: int, code: int = 1, reason: str = "Error") -> None:
    """Its container ended so many seconds ago, again; the kubelet waits before the next start."""
    unready(pod, seconds)
    meta = pod["metadata"]
    for one in pod["status"]["containerStatuses"]:
        ended = {
            "exitCode": code, "reason": reason, "startedAt": ago(seconds + 1), "finishedAt": ago(seconds),
            "containerID": f"containerd://{uuid.uuid5(uuid.NAMESPACE_OID, meta['uid']).hex * 2}",
        }  # fmt: skip
        message = (
            f"back-off {BACK_OFF.get(restarts, '5m0s')} restarting failed container={one['name']} "
            f"pod={meta['name']}_{meta['namespace']}({meta['uid']})"
        )
        waiting = {"reason": "CrashLoopBackOff", "message": message}
        one.update(state={"waiting": waiting}, lastState={"terminated": ended}, restartCount=restarts, started=False)


def pulling(pod: Any, seconds: float, *, image: str, reason: str, message: str) -> None:
    """Its image does not come: REASON is ErrImagePull or ImagePullBackOff."""
    unready(pod, seconds)
    pod["status"]["phase"] = "Pending"
    for one in pod["status"]["containerStatuses"]:
        waiting = {"reason": reason, "message": message}
        one.update(image=image, imageID="", started=False, state={"waiting": waiting}, lastState={}, restartCount=0)


def unscheduled(pod: Any, seconds: float, *, message: str) -> None:
    """No node takes it."""
    pod["spec"].pop("nodeName", None)
    condition = {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
        "lastTransitionTime": ago(seconds),
    }  # fmt: skip
    pod["status"] = {"phase": "Pending", "conditions": [condition], "qosClass": "Burstable"}
