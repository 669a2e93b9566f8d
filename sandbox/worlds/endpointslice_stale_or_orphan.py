"""A slice that somebody made by hand gives kube-dns two addresses at which no pod is: every other question is lost."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .changing import one
from .recording import ago
from .settling import KEPT_BY, SERVICE
from .world import Object, World

GONE = ("10.20.2.201", "10.20.3.202")


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="endpointslice-stale-or-orphan",
        title="Among the endpoints of kube-dns are addresses of no pod",
        objects=(*well.objects, _orphan(one(well.objects, "EndpointSlice", "kube-dns-"))),
        status="problem",
        codes=("endpointslice-stale-or-orphan",),
    )


def _orphan(real: Object) -> Object:
    conditions = {"ready": True, "serving": True, "terminating": False}
    return {
        "apiVersion": real["apiVersion"], "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": "kube-dns-migrated", "namespace": "kube-system", "creationTimestamp": ago(4000), "generation": 1,
            "labels": {SERVICE: "kube-dns", "k8s-app": "kube-dns", KEPT_BY: "migration-script"},
        },
        "endpoints": [{"addresses": [address], "conditions": conditions} for address in GONE],
        "ports": [port for port in real["ports"] if port["name"] != "metrics"],
    }  # fmt: skip
