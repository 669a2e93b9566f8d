"""Network interfaces and what lets packets in and out of them: security groups, prefix lists, network ACLs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .calls import Calls
from .values import AclEntry, Interface, NetworkAcl, Rule, SecurityGroup


class Ec2(Calls):
    """The readings of EC2 that are about interfaces and rules."""

    def interfaces(self, addresses: Iterable[str]) -> tuple[Interface, ...]:
        """The network interfaces that hold these private addresses.

        Addresses out of a delegated prefix are not found this way: ask for the interfaces of the instance.
        """
        wanted = tuple(sorted({a for a in addresses if a}))

        def ask() -> tuple[Interface, ...]:
            what = ("DescribeNetworkInterfaces", "NetworkInterfaces", "network interfaces")
            four = self._filtered(*what, "addresses.private-ip-address", [a for a in wanted if ":" not in a])
            six = self._filtered(*what, "ipv6-addresses.ipv6-address", [a for a in wanted if ":" in a])
            return tuple({one.id: one for one in map(_interface, (*four, *six))}.values())

        return self._memo.once(("interfaces", wanted), ask) if wanted else ()

    def instance_interfaces(self, instances: Iterable[str]) -> tuple[Interface, ...]:
        """All network interfaces that are attached to these instances (branch interfaces are not)."""
        wanted = tuple(sorted({i for i in instances if i}))

        def ask() -> tuple[Interface, ...]:
            what = ("DescribeNetworkInterfaces", "NetworkInterfaces", "network interfaces")
            return tuple(_interface(raw) for raw in self._filtered(*what, "attachment.instance-id", wanted))

        return self._memo.once(("instance interfaces", wanted), ask) if wanted else ()

    def security_groups(self, ids: Iterable[str]) -> tuple[SecurityGroup, ...]:
        """Security groups by id; those that do not exist (any more) are missing from the answer."""
        wanted = tuple(sorted({i for i in ids if i}))

        def ask() -> tuple[SecurityGroup, ...]:
            what = ("DescribeSecurityGroups", "SecurityGroups", "security groups")
            return tuple(_group(raw) for raw in self._filtered(*what, "group-id", wanted))

        return self._memo.once(("groups", wanted), ask) if wanted else ()

    def prefix_list(self, name: str) -> tuple[str, ...]:
        """The ranges of a managed prefix list."""

        def ask() -> tuple[str, ...]:
            what = f"prefix list {name}"
            entries = self._pages("ec2", "GetManagedPrefixListEntries", "Entries", what, PrefixListId=name)
            return tuple(str(e.get("Cidr") or "") for e in entries)

        return self._memo.once(("prefix", name), ask)

    def network_acls(self, subnets: Iterable[str]) -> tuple[NetworkAcl, ...]:
        """The network ACLs that hold for these subnets."""
        wanted = tuple(sorted({s for s in subnets if s}))

        def ask() -> tuple[NetworkAcl, ...]:
            what = ("DescribeNetworkAcls", "NetworkAcls", "network ACLs")
            found = (_acl(raw) for raw in self._filtered(*what, "association.subnet-id", wanted))
            return tuple({one.id: one for one in found}.values())

        return self._memo.once(("acls", wanted), ask) if wanted else ()


def _interface(raw: Mapping[str, Any]) -> Interface:
    addresses = [str(a.get("PrivateIpAddress") or "") for a in raw.get("PrivateIpAddresses") or ()]
    addresses += [str(raw.get("PrivateIpAddress") or "")]
    addresses += [str(a.get("Ipv6Address") or "") for a in raw.get("Ipv6Addresses") or ()]
    prefixes = [str(p.get("Ipv4Prefix") or "") for p in raw.get("Ipv4Prefixes") or ()]
    prefixes += [str(p.get("Ipv6Prefix") or "") for p in raw.get("Ipv6Prefixes") or ()]
    attachment = raw.get("Attachment") or {}
    return Interface(
        id=str(raw.get("NetworkInterfaceId") or ""),
        subnet=str(raw.get("SubnetId") or ""),
        vpc=str(raw.get("VpcId") or ""),
        zone=str(raw.get("AvailabilityZone") or ""),
        kind=str(raw.get("InterfaceType") or ""),
        instance=str(attachment.get("InstanceId") or ""),
        primary=attachment.get("DeviceIndex") == 0 and not attachment.get("NetworkCardIndex"),
        description=str(raw.get("Description") or ""),
        groups=tuple(str(g.get("GroupId") or "") for g in raw.get("Groups") or ()),
        addresses=tuple(dict.fromkeys(a for a in addresses if a)),
        prefixes=tuple(p for p in prefixes if p),
    )


def _group(raw: Mapping[str, Any]) -> SecurityGroup:
    return SecurityGroup(
        id=str(raw.get("GroupId") or ""),
        name=str(raw.get("GroupName") or ""),
        ingress=tuple(_permission(p) for p in raw.get("IpPermissions") or ()),
        egress=tuple(_permission(p) for p in raw.get("IpPermissionsEgress") or ()),
    )


def _permission(raw: Mapping[str, Any]) -> Rule:
    protocol = str(raw.get("IpProtocol") or "-1")
    first, last = raw.get("FromPort"), raw.get("ToPort")
    every = protocol == "-1" or first is None or first == -1
    cidrs = [str(r.get("CidrIp") or "") for r in raw.get("IpRanges") or ()]
    cidrs += [str(r.get("CidrIpv6") or "") for r in raw.get("Ipv6Ranges") or ()]
    return Rule(
        protocol=protocol,
        first=0 if every or first is None else int(first),
        last=65535 if every else int(last if last is not None else first or 0),
        cidrs=tuple(c for c in cidrs if c),
        groups=tuple(str(p.get("GroupId") or "") for p in raw.get("UserIdGroupPairs") or ()),
        prefix_lists=tuple(str(p.get("PrefixListId") or "") for p in raw.get("PrefixListIds") or ()),
    )


def _acl(raw: Mapping[str, Any]) -> NetworkAcl:
    entries = [_entry(e) for e in raw.get("Entries") or ()]
    return NetworkAcl(
        id=str(raw.get("NetworkAclId") or ""),
        default=bool(raw.get("IsDefault")),
        subnets=tuple(str(a.get("SubnetId") or "") for a in raw.get("Associations") or ()),
        entries=tuple(sorted(entries, key=lambda e: e.number)),
    )


def _entry(raw: Mapping[str, Any]) -> AclEntry:
    ports = raw.get("PortRange") or {}
    last = ports.get("To")
    return AclEntry(
        number=int(raw.get("RuleNumber") or 0),
        protocol=str(raw.get("Protocol") or "-1"),
        allow=raw.get("RuleAction") == "allow",
        egress=bool(raw.get("Egress")),
        cidr=str(raw.get("CidrBlock") or raw.get("Ipv6CidrBlock") or ""),
        first=int(ports.get("From") or 0),
        last=65535 if last is None else int(last),
    )
