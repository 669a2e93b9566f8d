"""The VPC hands out a name server of the company's that does not answer."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .world import World

SERVER = "10.20.9.53"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    options = {"domain-name": ["ec2.internal"], "domain-name-servers": [SERVER]}
    network = replace(healthy.network(well.objects), dhcp={"id": "dopt-9d7b7b6894c41eaeb", "options": options})
    conf = f"search ec2.internal\nnameserver {SERVER}\noptions timeout:2 attempts:5\n"
    return replace(
        well,
        name="dhcp-options-custom-dns",
        title="The VPC hands out a name server of the company's that does not answer",
        wiring=replace(well.wiring, resolv_conf={"*": conf}),
        account=replace(well.account, network=network),
        asked="amazon.com",
        status="problem",
        codes=("dhcp-options-custom-dns",),
    )
