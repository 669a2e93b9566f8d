"""One node's kubelet hands its pods the cluster DNS address of another cluster."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .world import World

NODE = "ip-10-20-1-10.ec2.internal"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="kubelet-clusterdns-mismatch",
        title="One node's kubelet hands its pods a wrong cluster DNS address",
        wiring=replace(well.wiring, cluster_dns={**well.wiring.cluster_dns, NODE: "10.100.0.10"}),
        pod="shop/client-jqvdv",
        status="problem",
        codes=("kubelet-clusterdns-mismatch",),
    )
