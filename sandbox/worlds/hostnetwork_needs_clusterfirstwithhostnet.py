"""An agent in the node's network finds no Service: ClusterFirst means the node's name server there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .workloads import deployed
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="hostnetwork-needs-clusterfirstwithhostnet",
        title="An agent in the node's network finds no Service",
        objects=(*well.objects, *deployed(well.objects, "log-agent", "10.20.1.10", _in_host_network)),
        pod="shop/log-agent",
        asked="web.shop.svc.cluster.local",
        status="problem",
        codes=("hostnetwork-needs-clusterfirstwithhostnet",),
    )


def _in_host_network(spec: Any) -> None:
    spec["hostNetwork"] = True
