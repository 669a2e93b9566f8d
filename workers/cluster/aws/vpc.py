"""What EC2 says of the VPC itself: its DNS attributes, DHCP options and subnets."""

from __future__ import annotations

from collections.abc import Iterable

from .calls import Calls
from .values import Subnet, VpcDns


class Vpc(Calls):
    """The readings of EC2 that are about the VPC."""

    def subnets(self, ids: Iterable[str]) -> tuple[Subnet, ...]:
        """Subnets by id."""
        wanted = tuple(sorted({i for i in ids if i}))

        def ask() -> tuple[Subnet, ...]:
            return tuple(
                Subnet(
                    id=str(raw.get("SubnetId") or ""),
                    cidr=str(raw.get("CidrBlock") or ""),
                    zone=str(raw.get("AvailabilityZone") or ""),
                    free=int(raw.get("AvailableIpAddressCount") or 0),
                )
                for raw in self._filtered("DescribeSubnets", "Subnets", "subnets", "subnet-id", wanted)
            )

        return self._memo.once(("subnets", wanted), ask) if wanted else ()

    def vpc_dns(self, vpc: str) -> VpcDns:
        """The VPC's DNS attributes, ranges and DHCP options."""
        return self._memo.once(("vpc", vpc), lambda: self._vpc_dns(vpc))

    def vpcs(self) -> tuple[str, ...]:
        """The ids of the region's VPCs."""
        return self._memo.once(
            "vpcs",
            lambda: tuple(str(v.get("VpcId") or "") for v in self._pages("ec2", "DescribeVpcs", "Vpcs", "VPCs")),
        )

    def _vpc_dns(self, vpc: str) -> VpcDns:
        found = (self._call("ec2", "DescribeVpcs", f"VPC {vpc}", VpcIds=[vpc]).get("Vpcs") or [{}])[0]
        blocks = [b.get("CidrBlock") for b in found.get("CidrBlockAssociationSet") or ()] or [found.get("CidrBlock")]
        blocks += [b.get("Ipv6CidrBlock") for b in found.get("Ipv6CidrBlockAssociationSet") or ()]
        options = str(found.get("DhcpOptionsId") or "")
        given = self._dhcp(options)
        return VpcDns(
            vpc=vpc,
            support=self._attribute(vpc, "enableDnsSupport"),
            hostnames=self._attribute(vpc, "enableDnsHostnames"),
            cidrs=tuple(str(block) for block in blocks if block),
            dhcp_id=options,
            domain_name=" ".join(given.get("domain-name", ())),
            domain_name_servers=given.get("domain-name-servers", ()),
        )

    def _attribute(self, vpc: str, name: str) -> bool | None:
        answer = self._call("ec2", "DescribeVpcAttribute", f"VPC {vpc}", VpcId=vpc, Attribute=name)
        value = (answer.get(name[0].upper() + name[1:]) or {}).get("Value")
        return None if value is None else bool(value)

    def _dhcp(self, options: str) -> dict[str, tuple[str, ...]]:
        if not options or options == "default":
            return {}
        found = self._call("ec2", "DescribeDhcpOptions", f"DHCP options {options}", DhcpOptionsIds=[options])
        sets = found.get("DhcpOptions") or [{}]
        return {
            str(c.get("Key")): tuple(str(v.get("Value") or "") for v in c.get("Values") or ())
            for c in sets[0].get("DhcpConfigurations") or ()
        }
