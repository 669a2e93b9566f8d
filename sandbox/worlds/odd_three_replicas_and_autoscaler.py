"""Three CoreDNS pods under an autoscaler, with another Service in front of them: odd, and nothing is wrong."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, logged, one
from .pod_states import anew, settle_at
from .recording import ago
from .settling import KEPT_BY, SERVICE, settled
from .world import Object, World

SECONDS = 30000.0


def world() -> World:
    """The world itself."""
    well = healthy.world()
    third = copy.deepcopy(one(well.objects, "Pod", "coredns-"))
    anew(third, SECONDS)
    settle_at(third, 1, 145)
    service = _service(one(well.objects, "Service", "kube-dns"))
    objects = changed(well.objects, "Deployment", "coredns", _three)
    objects = changed(objects, "ReplicaSet", "coredns-", _three)
    slice_of = _slice(one(well.objects, "EndpointSlice", "kube-dns-"), service)
    objects = settled((*objects, third, _autoscaler(), service, slice_of), SECONDS)
    extra = logged({}, [third], "coredns", lambda _pod: coredns_starts(SECONDS - 1))
    return replace(
        well,
        name="odd-three-replicas-and-autoscaler",
        title="Nothing is wrong: three replicas, an autoscaler and a second Service",
        objects=objects,
        logs={**well.logs, **extra},
    )


def _three(one: Any) -> None:
    one["spec"]["replicas"] = 3


def _autoscaler() -> Object:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "coredns", "namespace": "kube-system", "creationTimestamp": ago(SECONDS)},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "coredns"},
            "minReplicas": 3, "maxReplicas": 6, "metrics": [metric],
        },
        "status": {"currentReplicas": 3, "desiredReplicas": 3},
    }  # fmt: skip


def _service(kube_dns: Object) -> Object:
    made = copy.deepcopy(kube_dns)
    made["metadata"] = {
        "name": "dns-upstream", "namespace": "kube-system", "creationTimestamp": ago(SECONDS),
        "uid": "f0c3a9d2-5f0e-4b3c-8a06-d6d2d8e7a411",
    }  # fmt: skip
    made["spec"].update(clusterIP="172.20.201.17", clusterIPs=["172.20.201.17"])
    made["spec"]["ports"] = [port for port in made["spec"]["ports"] if port["name"] != "metrics"]
    return made


def _slice(of_kube_dns: Object, service: Object) -> Object:
    made = copy.deepcopy(of_kube_dns)
    meta = service["metadata"]
    made["metadata"].update(
        name="dns-upstream-9sxhm", uid="a6a2a3de-2a0b-4d5e-8a43-0d61f5c1be2c", creationTimestamp=ago(SECONDS),
        labels={SERVICE: meta["name"], KEPT_BY: made["metadata"]["labels"][KEPT_BY]},
    )  # fmt: skip
    made["metadata"]["ownerReferences"][0].update(name=meta["name"], uid=meta["uid"])
    return made
