"""A subnet's network ACL lets no UDP answers back in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .world import World

SUBNET = healthy.SUBNETS[0]
ENTRIES: tuple[dict[str, Any], ...] = (
    {"Egress": True, "RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow"},
    {"Egress": False, "RuleNumber": 100, "Protocol": "6", "RuleAction": "allow", "PortRange": {"From": 0, "To": 65535}},
    {"Egress": False, "RuleNumber": 110, "Protocol": "17", "RuleAction": "allow", "PortRange": {"From": 53, "To": 53}},
    {
        "Egress": False,
        "RuleNumber": 120,
        "Protocol": "1",
        "RuleAction": "allow",
        "IcmpTypeCode": {"Code": -1, "Type": -1},
    },
    {"Egress": True, "RuleNumber": 32767, "Protocol": "-1", "RuleAction": "deny"},
    {"Egress": False, "RuleNumber": 32767, "Protocol": "-1", "RuleAction": "deny"},
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    entries = [{**one, "CidrBlock": "0.0.0.0/0"} for one in ENTRIES]
    acl = {"id": "acl-834c395edb98523cc", "name": "private-hardened", "subnets": [SUBNET], "entries": entries}
    return replace(
        well,
        name="nacl-blocks-53-or-return",
        title="A subnet's network ACL lets no UDP answers back in",
        account=replace(well.account, network=replace(healthy.network(well.objects), acls=[acl])),
        status="problem",
        codes=("nacl-blocks-53-or-return",),
    )
