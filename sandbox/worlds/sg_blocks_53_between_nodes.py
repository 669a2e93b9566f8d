"""The nodes' security group lets port 53 in from nobody."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .world import World

HARDENED = "sg-7d5ac03332b9fce38"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    network = healthy.network(well.objects)
    vpc = [{"CidrIp": network.vpc["cidr"]}]
    group = {
        "id": HARDENED, "name": "hardened-nodes",
        "ingress": [
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": vpc} for port in (10250, 443)
        ],
    }  # fmt: skip
    hardened = replace(
        network,
        groups=[*network.groups, group],
        instances=[{**one, "groups": [HARDENED]} for one in network.instances],
    )
    return replace(
        well,
        name="sg-blocks-53-between-nodes",
        title="The nodes' security group lets port 53 in from nobody",
        account=replace(well.account, network=hardened),
        status="problem",
        codes=("sg-blocks-53-between-nodes",),
    )
