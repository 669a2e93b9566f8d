"""kube-proxy is kept off one node, which has no rules: nothing there reaches any Service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, every, one, without
from .settling import settled
from .world import World

NODE = "ip-10-20-1-10.ec2.internal"
SECONDS = 3000.0


def world() -> World:
    """The world itself."""
    well = healthy.world()
    pods = every(well.objects, "Pod", "kube-proxy-")
    gone = next(pod["metadata"]["name"] for pod in pods if pod["spec"]["nodeName"] == NODE)
    objects = changed(without(well.objects, "Pod", gone), "DaemonSet", "kube-proxy", _elsewhere)
    own = one(well.objects, "Pod", "client-jqvdv")["metadata"]["name"]
    return replace(
        well,
        name="kube-proxy-absent-on-node",
        title="kube-proxy is not scheduled on one node, and the node has no rules",
        objects=settled(objects, SECONDS),
        logs={key: text for key, text in well.logs.items() if gone not in key},
        asked="web.shop",
        pod=f"shop/{own}",
        status="problem",
        codes=("kube-proxy-absent-on-node",),
    )


def _elsewhere(daemons: Any) -> None:
    daemons["metadata"]["generation"] += 1
    away = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": [NODE]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [away]}]}
    daemons["spec"]["template"]["spec"]["affinity"] = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    }
