"""All nodes are tainted for maintenance, and CoreDNS does not tolerate it: no replica has a node."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, event, every
from .pod_states import anew, unscheduled
from .settling import settled
from .world import World

SECONDS = 700.0
WHY = (
    "0/3 nodes are available: 3 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/3 nodes are "
    "available: 3 Preemption is not helpful for scheduling."
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = changed(well.objects, "Node", "", _tainted)
    objects = settled(changed(objects, "Pod", "coredns-", _pending), SECONDS)
    pods = every(objects, "Pod", "coredns-")
    return replace(
        well,
        name="coredns-pending",
        title="All nodes are tainted and CoreDNS does not tolerate it",
        objects=(*objects, *(event(p, 95, "FailedScheduling", WHY, count=3, by="default-scheduler") for p in pods)),
        logs={key: text for key, text in well.logs.items() if "/coredns-" not in key},
        status="problem",
        codes=("coredns-pending",),
    )


def _tainted(node: Any) -> None:
    node["spec"]["taints"] = [{"key": "maintenance", "value": "true", "effect": "NoSchedule"}]


def _pending(pod: Any) -> None:
    anew(pod, SECONDS)
    unscheduled(pod, SECONDS, message=WHY)
