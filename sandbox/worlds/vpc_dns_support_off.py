"""The VPC's own DNS is switched off, and CoreDNS can ask nobody."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    network = healthy.network(well.objects)
    return replace(
        well,
        name="vpc-dns-support-off",
        title="The VPC's own DNS is switched off",
        account=replace(well.account, network=replace(network, vpc={**network.vpc, "dns_support": False})),
        asked="amazon.com",
        status="problem",
        codes=("vpc-dns-support-off",),
    )
