"""The nodes' security group and the subnets' network ACLs allow what is needed and hardly more: nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .world import World

GROUP = "sg-0b6a41c5de92f7a38"
OPEN = (("udp", 53, 53), ("tcp", 53, 53), ("tcp", 10250, 10250), ("tcp", 1025, 65535))
PASSING = ((100, "17", 53, 53), (110, "6", 53, 53), (120, "17", 1024, 65535), (130, "6", 443, 65535))


def world() -> World:
    """The world itself."""
    well = healthy.world()
    network = healthy.network(well.objects)
    itself = [{"GroupId": GROUP}]
    group = {
        "id": GROUP, "name": "tight-nodes",
        "ingress": [
            {"IpProtocol": protocol, "FromPort": first, "ToPort": last, "UserIdGroupPairs": itself}
            for protocol, first, last in OPEN
        ],
    }  # fmt: skip
    subnets = [healthy.SUBNETS[0], healthy.SUBNETS[2]]
    acl = {"id": "acl-05d27c84f1a9be360", "name": "tight", "subnets": subnets, "entries": list(_entries())}
    tight = replace(
        network,
        groups=[*network.groups, group],
        instances=[{**one, "groups": [GROUP]} for one in network.instances],
        acls=[acl],
    )
    return replace(
        well,
        name="odd-tight-rules-that-suffice",
        title="Nothing is wrong: security groups and network ACLs allow what is needed and hardly more",
        account=replace(well.account, network=tight),
    )


def _entries() -> Iterator[dict[str, Any]]:
    for egress in (True, False):
        for number, protocol, first, last in PASSING:
            yield {
                "Egress": egress, "RuleNumber": number, "Protocol": protocol, "RuleAction": "allow",
                "CidrBlock": "10.20.0.0/16", "PortRange": {"From": first, "To": last},
            }  # fmt: skip
