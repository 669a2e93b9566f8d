"""A workload asks for a Service that does not exist: its name is misspelt."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .workloads import deployed
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="name-really-absent",
        title="A workload asks for a Service that does not exist",
        objects=(*well.objects, *deployed(well.objects, "orders", "10.20.2.141")),
        pod="shop/orders",
        asked="apis.shop.svc.cluster.local",
        status="problem",
        codes=("name-really-absent",),
    )
