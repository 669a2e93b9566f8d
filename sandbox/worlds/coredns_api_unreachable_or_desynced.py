"""One CoreDNS pod no longer hears from the API server: it is ready, and does not know a Service made since."""

from __future__ import annotations

import copy
from dataclasses import replace

from . import healthy
from .changing import one
from .recording import ago
from .settling import KEPT_BY, SERVICE, settled
from .world import Object, World

DEAF, MADE = 5000.0, 900.0
"""Seconds since the pod last heard something, and since the Service was made."""


def world() -> World:
    """The world itself."""
    well = healthy.world()
    service = _stock(one(well.objects, "Service", "web"))
    objects = (*well.objects, service, _slice(one(well.objects, "EndpointSlice", "web-"), service))
    return replace(
        well,
        name="coredns-api-unreachable-or-desynced",
        title="One CoreDNS pod no longer hears from the API server and does not know a new Service",
        objects=settled(objects, MADE),
        deaf={one(well.objects, "Pod", "coredns-")["metadata"]["name"]: DEAF},
        asked="stock.shop.svc.cluster.local",
        pod="shop/cart",
        status="problem",
        codes=("coredns-api-unreachable-or-desynced",),
    )


def _stock(web: Object) -> Object:
    made = copy.deepcopy(web)
    made["metadata"].update(
        name="stock", uid="7de4c11c-92d6-4c26-8f0c-6a26b1f6ef35", creationTimestamp=ago(MADE), labels={}
    )
    made["spec"].update(clusterIP="172.20.89.109", clusterIPs=["172.20.89.109"])
    return made


def _slice(of_web: Object, service: Object) -> Object:
    made = copy.deepcopy(of_web)
    meta = service["metadata"]
    made["metadata"].update(
        name="stock-4hv7t", uid="0a8c5f62-5a87-4b0e-9c54-8e0a1b8c6f70", creationTimestamp=ago(MADE),
        labels={SERVICE: "stock", KEPT_BY: made["metadata"]["labels"][KEPT_BY]},
    )  # fmt: skip
    made["metadata"]["ownerReferences"][0].update(name="stock", uid=meta["uid"])
    return made
