"""Which packets a world's VPC lets pass: security groups, network ACLs, and the resolver of the VPC itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from .data import AwsData, Raw

PROTOCOLS = {"udp": ("-1", "17", "udp"), "tcp": ("-1", "6", "tcp")}
LINK_LOCAL_RESOLVER = "169.254.169.253"
ANSWERED_AT = 45000
"""The port that a Linux client asks from, as far as rules about answers are concerned."""
ALL: Sequence[Raw] = ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},)


def resolver_addresses(data: AwsData) -> tuple[str, ...]:
    """Where the VPC's resolver listens: the network's third address, and the link-local one."""
    return str(ipaddress.ip_network(data.vpc["cidr"])[2]), LINK_LOCAL_RESOLVER


def passes(data: AwsData | None, source: str, target: str, transport: str, port: int) -> bool:
    """Whether a question from SOURCE gets to TARGET and its answer back.

    Addresses that no instance has meet no rule. Neither does what stays on an instance or goes to the VPC's resolver, which
    is silent where the VPC's DNS is off. Without a network there are no rules.
    """
    if data is None:
        return True
    if target in resolver_addresses(data):
        return bool(data.vpc.get("dns_support", True))
    asker, server = _at(data, source), _at(data, target)
    if asker is None or server is None or asker["id"] == server["id"]:
        return True
    return (
        _groups_let(data, asker, server, target, transport, port, "egress")
        and _groups_let(data, server, asker, source, transport, port, "ingress")
        and _acls_let(data, (asker["subnet"], source), (server["subnet"], target), transport, port)
    )


def _at(data: AwsData, address: str) -> Raw | None:
    """The instance that has ADDRESS, or a pod with it."""
    return next((one for one in data.instances if address in (one["address"], *(one.get("pods") or ()))), None)


def _groups_let(data: AwsData, own: Raw, other: Raw, address: str, transport: str, port: int, way: str) -> bool:
    """Whether a group of OWN has a rule for OTHER, which has ADDRESS. Answers need none."""
    groups = [group for group in data.groups if group["id"] in own["groups"]]
    rules = [rule for group in groups for rule in group.get(way, ALL if way == "egress" else ())]
    return any(_rule_fits(rule, other, address, transport, port) for rule in rules)


def _rule_fits(rule: Mapping[str, object], other: Raw, address: str, transport: str, port: int) -> bool:
    if str(rule["IpProtocol"]) not in PROTOCOLS[transport]:
        return False
    if rule["IpProtocol"] != "-1" and not _between(port, rule.get("FromPort"), rule.get("ToPort")):
        return False
    ranges: Iterable[Mapping[str, str]] = rule.get("IpRanges") or ()  # type: ignore[assignment]
    pairs: Iterable[Mapping[str, str]] = rule.get("UserIdGroupPairs") or ()  # type: ignore[assignment]
    return any(_inside(address, one["CidrIp"]) for one in ranges) or any(
        one["GroupId"] in other["groups"] for one in pairs
    )


def _acls_let(data: AwsData, asker: tuple[str, str], server: tuple[str, str], transport: str, port: int) -> bool:
    """Whether the ACLs of two subnets let the question there and the answer back. Each is (subnet, address)."""
    if asker[0] == server[0]:
        return True
    return all(
        _acl_lets(_entries(data, subnet), address, transport, at, egress=egress)
        for subnet, address, at, egress in (
            (asker[0], server[1], port, True),
            (server[0], asker[1], port, False),
            (server[0], asker[1], ANSWERED_AT, True),
            (asker[0], server[1], ANSWERED_AT, False),
        )
    )


def _entries(data: AwsData, subnet: str) -> Sequence[Raw]:
    own = next((acl["entries"] for acl in data.acls if subnet in acl["subnets"]), None)
    return data.acl if own is None else own


def _acl_lets(entries: Sequence[Raw], address: str, transport: str, port: int, *, egress: bool) -> bool:
    """By the first rule that fits; an ACL that the world says nothing of lets everything pass."""
    if not entries:
        return True
    for entry in sorted((one for one in entries if one["Egress"] is egress), key=lambda one: int(one["RuleNumber"])):
        ports = entry.get("PortRange") or {}
        if (
            str(entry["Protocol"]) in PROTOCOLS[transport]
            and (not ports or _between(port, ports["From"], ports["To"]))
            and _inside(address, entry["CidrBlock"])
        ):
            return bool(entry["RuleAction"] == "allow")
    return False


def _between(port: int, first: object, last: object) -> bool:
    return int(str(first)) <= port <= int(str(last))


def _inside(address: str, block: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(block)
