"""CoreDNS runs no replica: its Deployment was scaled to zero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, without
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = without(well.objects, "Pod", "coredns-")
    objects = changed(objects, "Deployment", "coredns", _no_replicas)
    objects = changed(objects, "ReplicaSet", "coredns-", _no_replicas)
    objects = changed(objects, "EndpointSlice", "kube-dns-", _no_endpoints)
    objects = changed(objects, "PodDisruptionBudget", "coredns", _no_pods)
    return replace(
        well,
        name="coredns-scaled-to-zero",
        title="CoreDNS runs no replica",
        objects=objects,
        logs={key: text for key, text in well.logs.items() if "/coredns-" not in key},
        status="problem",
        codes=("coredns-scaled-to-zero",),
    )


def _no_replicas(one: Any) -> None:
    one["spec"]["replicas"] = 0
    kept = list(one["status"].get("conditions") or ())
    one["status"] = {"observedGeneration": one["metadata"]["generation"], "replicas": 0, "conditions": kept}


def _no_endpoints(one: Any) -> None:
    one["endpoints"] = None
    one["ports"] = None


def _no_pods(one: Any) -> None:
    one["status"].update(currentHealthy=0, desiredHealthy=0, disruptionsAllowed=0, expectedPods=0)
