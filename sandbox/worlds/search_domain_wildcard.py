"""A suffix from the DHCP options has a record for every name, so misspelt names lead somewhere wrong."""

from __future__ import annotations

from dataclasses import replace

from sandbox.dns import Zone

from . import healthy
from .world import World

SUFFIX = "corp.example.com"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    options = {"domain-name": [SUFFIX], "domain-name-servers": ["AmazonProvidedDNS"]}
    network = replace(healthy.network(well.objects), dhcp={"id": "dopt-7dae0f90fd50557a5", "options": options})
    conf = f"search {SUFFIX}\nnameserver {healthy.RESOLVER}\noptions timeout:2 attempts:5\n"
    return replace(
        well,
        name="search-domain-wildcard",
        title="A suffix from the DHCP options has a record for every name",
        zones=(*well.zones, Zone(origin=SUFFIX, records={f"*.{SUFFIX}": (("A", "10.9.9.9"),)})),
        wiring=replace(well.wiring, resolv_conf={"*": conf}),
        account=replace(well.account, network=network),
        asked="wbe.shop",
        status="problem",
        codes=("search-domain-wildcard",),
    )
