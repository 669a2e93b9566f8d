"""What the checks read of AWS: the EKS cluster, network interfaces and their rules, the VPC's DNS, Resolver, Route 53.

Each answer becomes a small frozen value with only the fields in use; a field that AWS (or a stand-in for it) leaves out
has a default. Every method raises CannotRead with the IAM action that is missing, and asks once a run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from contract.clusters import ClusterEntry

from .errors import CannotRead
from .memo import Memo
from .session import Session, call

T = TypeVar("T")
BATCH = 150
"""How many values one filter of EC2 takes (200 at the most)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EksCluster:
    """DescribeCluster. auto: EKS Auto Mode computes nodes. remote: hybrid node networks. issues: of the cluster's health."""

    name: str
    arn: str = ""
    version: str = ""
    status: str = ""
    endpoint: str = ""
    service_cidr: str = ""
    ip_family: str = ""
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    cluster_security_group: str = ""
    private_access: bool = False
    public_access: bool = False
    public_cidrs: tuple[str, ...] = ()
    auto: bool = False
    remote: bool = False
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """DescribeAddon. issues: (code, message)."""

    name: str
    version: str = ""
    status: str = ""
    issues: tuple[tuple[str, str], ...] = ()
    configuration: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateProfile:
    """DescribeFargateProfile. selectors: (namespace, labels)."""

    name: str
    status: str = ""
    selectors: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A network interface. addresses: all of its private ones. kind: `interface`, `branch`, `trunk`, …"""

    id: str
    subnet: str = ""
    vpc: str = ""
    zone: str = ""
    kind: str = ""
    instance: str = ""
    description: str = ""
    groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission of a security group. protocol: `-1`, `tcp`, `udp`, a number. ports: inclusive, (0, 65535) for all."""

    protocol: str
    first: int
    last: int
    cidrs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """A security group and what it lets in and out."""

    id: str
    name: str = ""
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One entry of a network ACL. protocol: `-1`, `6`, `17`, …"""

    number: int
    protocol: str
    allow: bool
    egress: bool
    cidr: str = ""
    first: int = 0
    last: int = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAcl:
    """A network ACL, its entries in their order, and the subnets that it holds for."""

    id: str
    default: bool = False
    subnets: tuple[str, ...] = ()
    entries: tuple[AclEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet. free: addresses left."""

    id: str
    cidr: str = ""
    zone: str = ""
    free: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcDns:
    """The VPC's DNS: its two attributes, its ranges, and what its DHCP options say ("" where they are AWS' own)."""

    vpc: str
    support: bool
    hostnames: bool
    cidrs: tuple[str, ...] = ()
    dhcp_id: str = ""
    domain_name: str = ""
    domain_name_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverRule:
    """A Route 53 Resolver rule that is associated with the VPC."""

    id: str
    name: str = ""
    kind: str = ""
    domain: str = ""
    targets: tuple[str, ...] = ()
    endpoint: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverEndpoint:
    """A Route 53 Resolver endpoint."""

    id: str
    name: str = ""
    status: str = ""
    direction: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallRule:
    """A DNS Firewall rule of the VPC and the domains of its list. answer: BLOCK's response, NODATA, NXDOMAIN or OVERRIDE."""

    group: str
    name: str
    action: str
    answer: str = ""
    priority: int = 0
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A hosted zone. here: whether it is associated with the cluster's VPC."""

    id: str
    name: str
    here: bool
    private: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record set of a zone. kind: `A`, `CNAME`, … values: targets, an alias' among them."""

    name: str
    kind: str
    values: tuple[str, ...] = ()


class Aws:
    """The AWS side of one cluster, read as one identity."""

    def __init__(self, session: Session, entry: ClusterEntry) -> None:
        self._session, self._entry, self._memo = session, entry, Memo()

    # EKS

    def described(self) -> Mapping[str, Any]:
        """DescribeCluster's answer as it stands, for sign-in."""

        def ask() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = self._call("eks", "DescribeCluster", f"EKS cluster {self._entry.eks_name}",
                                                   name=self._entry.eks_name).get("cluster") or {}  # fmt: skip
            return answer

        return self._memo.once("described", ask)

    def cluster(self) -> EksCluster:
        """The EKS cluster."""
        raw = self.described()
        network, vpc = raw.get("kubernetesNetworkConfig") or {}, raw.get("resourcesVpcConfig") or {}
        return EksCluster(
            name=str(raw.get("name") or self._entry.eks_name),
            arn=str(raw.get("arn") or ""),
            version=str(raw.get("version") or ""),
            status=str(raw.get("status") or ""),
            endpoint=str(raw.get("endpoint") or ""),
            service_cidr=str(network.get("serviceIpv4Cidr") or network.get("serviceIpv6Cidr") or ""),
            ip_family=str(network.get("ipFamily") or ""),
            vpc=str(vpc.get("vpcId") or "") or self._vpc_of(vpc.get("subnetIds") or ()),
            subnets=tuple(vpc.get("subnetIds") or ()),
            security_groups=tuple(vpc.get("securityGroupIds") or ()),
            cluster_security_group=str(vpc.get("clusterSecurityGroupId") or ""),
            private_access=bool(vpc.get("endpointPrivateAccess")),
            public_access=bool(vpc.get("endpointPublicAccess", True)),
            public_cidrs=tuple(vpc.get("publicAccessCidrs") or ()),
            auto=bool((raw.get("computeConfig") or {}).get("enabled")),
            remote=bool((raw.get("remoteNetworkConfig") or {}).get("remoteNodeNetworks")),
            issues=tuple(
                f"{i.get('code', '')}: {i.get('message', '')}" for i in (raw.get("health") or {}).get("issues") or ()
            ),
        )

    def addon(self, name: str) -> Addon | None:
        """An EKS add-on; None where the cluster has it not."""

        def ask() -> Addon | None:
            answer = self._absent(
                lambda: self._call(
                    "eks", "DescribeAddon", f"add-on {name}", clusterName=self._entry.eks_name, addonName=name
                )
            )
            if answer is None:
                return None
            raw = answer.get("addon") or {}
            issues = (raw.get("health") or {}).get("issues") or ()
            return Addon(
                name=name,
                version=str(raw.get("addonVersion") or ""),
                status=str(raw.get("status") or ""),
                issues=tuple((str(i.get("code") or ""), str(i.get("message") or "")) for i in issues),
                configuration=str(raw.get("configurationValues") or ""),
            )

        return self._memo.once(("addon", name), ask)

    def fargate_profiles(self) -> tuple[FargateProfile, ...]:
        """The cluster's Fargate profiles."""

        def ask() -> tuple[FargateProfile, ...]:
            eks = self._entry.eks_name
            names = self._pages(
                "eks", "ListFargateProfiles", "fargateProfileNames", "Fargate profiles", clusterName=eks
            )
            return tuple(self._profile(str(name)) for name in names)

        return self._memo.once("fargate", ask)

    def _profile(self, name: str) -> FargateProfile:
        raw = (
            self._call("eks", "DescribeFargateProfile", f"Fargate profile {name}", clusterName=self._entry.eks_name,
                       fargateProfileName=name).get("fargateProfile") or {}
        )  # fmt: skip
        selectors = tuple(
            (str(s.get("namespace") or ""), tuple(sorted((s.get("labels") or {}).items())))
            for s in raw.get("selectors") or ()
        )
        return FargateProfile(name=name, status=str(raw.get("status") or ""), selectors=selectors)

    # EC2

    def interfaces(self, addresses: Iterable[str]) -> tuple[Interface, ...]:
        """The network interfaces that hold these private addresses."""
        wanted = tuple(sorted(set(addresses)))

        def ask() -> tuple[Interface, ...]:
            found: dict[str, Interface] = {}
            for part in _parts(wanted):
                for raw in self._pages("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", "network interfaces",
                                       Filters=[{"Name": "addresses.private-ip-address", "Values": list(part)}]):  # fmt: skip
                    one = _interface(raw)
                    found[one.id] = one
            return tuple(found.values())

        return self._memo.once(("interfaces", wanted), ask)

    def security_groups(self, ids: Iterable[str]) -> tuple[SecurityGroup, ...]:
        """Security groups by id; those that do not exist (any more) are missing from the answer."""
        wanted = tuple(sorted(set(ids)))

        def ask() -> tuple[SecurityGroup, ...]:
            found = []
            for part in _parts(wanted):
                for raw in self._pages("ec2", "DescribeSecurityGroups", "SecurityGroups", "security groups",
                                       Filters=[{"Name": "group-id", "Values": list(part)}]):  # fmt: skip
                    found.append(_group(raw))
            return tuple(found)

        return self._memo.once(("groups", wanted), ask) if wanted else ()

    def prefix_list(self, name: str) -> tuple[str, ...]:
        """The ranges of a managed prefix list."""

        def ask() -> tuple[str, ...]:
            entries = self._pages(
                "ec2", "GetManagedPrefixListEntries", "Entries", f"prefix list {name}", PrefixListId=name
            )
            return tuple(str(e.get("Cidr") or "") for e in entries)

        return self._memo.once(("prefix", name), ask)

    def network_acls(self, subnets: Iterable[str]) -> tuple[NetworkAcl, ...]:
        """The network ACLs that hold for these subnets."""
        wanted = tuple(sorted(set(subnets)))

        def ask() -> tuple[NetworkAcl, ...]:
            found: dict[str, NetworkAcl] = {}
            for part in _parts(wanted):
                for raw in self._pages("ec2", "DescribeNetworkAcls", "NetworkAcls", "network ACLs",
                                       Filters=[{"Name": "association.subnet-id", "Values": list(part)}]):  # fmt: skip
                    one = _acl(raw)
                    found[one.id] = one
            return tuple(found.values())

        return self._memo.once(("acls", wanted), ask) if wanted else ()

    def subnets(self, ids: Iterable[str]) -> tuple[Subnet, ...]:
        """Subnets by id."""
        wanted = tuple(sorted(set(ids)))

        def ask() -> tuple[Subnet, ...]:
            return tuple(
                Subnet(
                    id=str(raw.get("SubnetId") or ""),
                    cidr=str(raw.get("CidrBlock") or ""),
                    zone=str(raw.get("AvailabilityZone") or ""),
                    free=int(raw.get("AvailableIpAddressCount") or 0),
                )
                for part in _parts(wanted)
                for raw in self._pages(
                    "ec2",
                    "DescribeSubnets",
                    "Subnets",
                    "subnets",
                    Filters=[{"Name": "subnet-id", "Values": list(part)}],
                )  # fmt: skip
            )

        return self._memo.once(("subnets", wanted), ask) if wanted else ()

    def vpc_dns(self, vpc: str) -> VpcDns:
        """The VPC's DNS attributes, ranges and DHCP options."""
        return self._memo.once(("vpc", vpc), lambda: self._vpc_dns(vpc))

    def _vpc_dns(self, vpc: str) -> VpcDns:
        found = self._call("ec2", "DescribeVpcs", f"VPC {vpc}", VpcIds=[vpc]).get("Vpcs") or [{}]
        attribute = {
            name: bool(
                (self._call("ec2", "DescribeVpcAttribute", f"VPC {vpc}", VpcId=vpc, Attribute=name).get(key) or {}).get(
                    "Value"
                )
            )
            for name, key in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames"))
        }
        blocks = [b.get("CidrBlock") for b in found[0].get("CidrBlockAssociationSet") or ()] or [
            found[0].get("CidrBlock")
        ]
        options = str(found[0].get("DhcpOptionsId") or "")
        given = self._dhcp(options)
        return VpcDns(
            vpc=vpc,
            support=attribute["enableDnsSupport"],
            hostnames=attribute["enableDnsHostnames"],
            cidrs=tuple(str(block) for block in blocks if block),
            dhcp_id=options,
            domain_name=" ".join(given.get("domain-name", ())),
            domain_name_servers=given.get("domain-name-servers", ()),
        )

    def _dhcp(self, options: str) -> dict[str, tuple[str, ...]]:
        if not options or options == "default":
            return {}
        found = self._call("ec2", "DescribeDhcpOptions", f"DHCP options {options}", DhcpOptionsIds=[options])
        sets = found.get("DhcpOptions") or [{}]
        return {
            str(c.get("Key")): tuple(str(v.get("Value") or "") for v in c.get("Values") or ())
            for c in sets[0].get("DhcpConfigurations") or ()
        }

    def _vpc_of(self, subnets: Sequence[str]) -> str:
        """Moto and old APIs leave the VPC out: derive it from a subnet."""
        if not subnets:
            return ""
        with contextlib.suppress(CannotRead):
            found = self._call("ec2", "DescribeSubnets", "subnets", SubnetIds=[subnets[0]]).get("Subnets") or [{}]
            return str(found[0].get("VpcId") or "")
        return ""

    # Route 53 and its Resolver

    def resolver_rules(self, vpc: str) -> tuple[ResolverRule, ...]:
        """The Resolver rules that are associated with the VPC."""

        def ask() -> tuple[ResolverRule, ...]:
            bound = self._pages("route53resolver", "ListResolverRuleAssociations", "ResolverRuleAssociations",
                                "Resolver rule associations", Filters=[{"Name": "VPCId", "Values": [vpc]}])  # fmt: skip
            here = {str(a.get("ResolverRuleId")) for a in bound if a.get("VPCId") == vpc}
            rules = (
                self._pages("route53resolver", "ListResolverRules", "ResolverRules", "Resolver rules") if here else ()
            )
            return tuple(_rule(raw) for raw in rules if str(raw.get("Id")) in here)

        return self._memo.once(("rules", vpc), ask)

    def resolver_endpoints(self) -> tuple[ResolverEndpoint, ...]:
        """The Resolver endpoints of the account and region."""

        def ask() -> tuple[ResolverEndpoint, ...]:
            return tuple(
                ResolverEndpoint(
                    id=str(raw.get("Id") or ""),
                    name=str(raw.get("Name") or ""),
                    status=str(raw.get("Status") or ""),
                    direction=str(raw.get("Direction") or ""),
                    groups=tuple(raw.get("SecurityGroupIds") or ()),
                )
                for raw in self._pages(
                    "route53resolver", "ListResolverEndpoints", "ResolverEndpoints", "Resolver endpoints"
                )
            )

        return self._memo.once("endpoints", ask)

    def firewall_rules(self, vpc: str) -> tuple[FirewallRule, ...]:
        """The DNS Firewall rules of the VPC with their domains."""
        return self._memo.once(("firewall", vpc), lambda: tuple(self._firewall(vpc)))

    def _firewall(self, vpc: str) -> Iterator[FirewallRule]:
        service = "route53resolver"
        groups = self._pages(service, "ListFirewallRuleGroupAssociations", "FirewallRuleGroupAssociations",
                             "DNS Firewall associations", VpcId=vpc)  # fmt: skip
        for group in groups:
            name = str(group.get("FirewallRuleGroupId") or "")
            for raw in self._pages(service, "ListFirewallRules", "FirewallRules", f"DNS Firewall group {name}",
                                   FirewallRuleGroupId=name):  # fmt: skip
                listed = str(raw.get("FirewallDomainListId") or "")
                domains = self._pages(service, "ListFirewallDomains", "Domains", f"DNS Firewall list {listed}",
                                      FirewallDomainListId=listed) if listed else ()  # fmt: skip
                yield FirewallRule(
                    group=name,
                    name=str(raw.get("Name") or ""),
                    action=str(raw.get("Action") or ""),
                    answer=str(raw.get("BlockResponse") or ""),
                    priority=int(raw.get("Priority") or 0),
                    domains=tuple(str(d).rstrip(".") for d in domains),
                )

    def private_zones(self, vpc: str) -> tuple[Zone, ...]:
        """The private hosted zones that are associated with the VPC."""

        def ask() -> tuple[Zone, ...]:
            found: list[Zone] = []
            token = ""
            for _ in range(50):
                more = {"NextToken": token} if token else {}
                page = self._call("route53", "ListHostedZonesByVPC", f"private zones of {vpc}", VPCId=vpc,
                                  VPCRegion=self._session.region, **more)  # fmt: skip
                found += [
                    Zone(id=str(z.get("HostedZoneId") or ""), name=str(z.get("Name") or "").rstrip("."), here=True)
                    for z in page.get("HostedZoneSummaries") or ()
                ]
                token = str(page.get("NextToken") or "")
                if not token:
                    break
            return tuple(found)

        return self._memo.once(("zones", vpc), ask)

    def zones_elsewhere(self, vpc: str) -> tuple[Zone, ...]:
        """The private hosted zones of the region's other VPCs that are not associated with this one."""

        def ask() -> tuple[Zone, ...]:
            here = {zone.id for zone in self.private_zones(vpc)}
            others = [str(v.get("VpcId") or "") for v in self._pages("ec2", "DescribeVpcs", "Vpcs", "VPCs")]
            found = {
                zone.id: replace(zone, here=False)
                for other in others[:20]
                if other != vpc
                for zone in self.private_zones(other)
                if zone.id not in here
            }
            return tuple(found.values())

        return self._memo.once(("zones-elsewhere", vpc), ask)

    def records(self, zone: str, name: str) -> tuple[Record, ...]:
        """The record sets of a zone at NAME (and its wildcard)."""

        def ask() -> tuple[Record, ...]:
            page = self._call("route53", "ListResourceRecordSets", f"records of zone {zone}", HostedZoneId=zone,
                              StartRecordName=name, MaxItems="20")  # fmt: skip
            return tuple(_record(raw) for raw in page.get("ResourceRecordSets") or ())

        return self._memo.once(("records", zone, name), ask)

    # CloudWatch

    def metric_sum(self, namespace: str, metric: str, dimensions: Mapping[str, str], minutes: int = 15) -> float | None:
        """The sum of a CloudWatch metric over the last minutes; None where it has no data."""
        end = datetime.now(UTC)
        query = {
            "Id": "m",
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        answer = self._call("cloudwatch", "GetMetricData", f"metric {metric}", MetricDataQueries=[query],
                            StartTime=end - timedelta(minutes=minutes), EndTime=end)  # fmt: skip
        values = [v for r in answer.get("MetricDataResults") or () for v in r.get("Values") or ()]
        return float(sum(values)) if values else None

    # The way of one call

    def _call(self, service: str, action: str, what: str, **asked: Any) -> Mapping[str, Any]:
        client = self._session.client(service)
        method = getattr(client, _snake(action))
        answer: Mapping[str, Any] = call(f"{service}:{action}", what, lambda: method(**asked))
        return answer

    def _pages(self, service: str, action: str, key: str, what: str, **asked: Any) -> tuple[Any, ...]:
        client = self._session.client(service)
        if not client.can_paginate(_snake(action)):
            return tuple(self._call(service, action, what, **asked).get(key) or ())

        def ask() -> tuple[Any, ...]:
            pages = client.get_paginator(_snake(action)).paginate(**asked, PaginationConfig={"MaxItems": 20_000})
            return tuple(item for page in pages for item in page.get(key) or ())

        return call(f"{service}:{action}", what, ask)

    def _absent(self, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except CannotRead as problem:
            if problem.reason == "it does not exist":
                return None
            raise


def _snake(action: str) -> str:
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in action).lstrip("_")
    return words.replace("_v_p_c", "_vpc")


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]


def _interface(raw: Mapping[str, Any]) -> Interface:
    addresses = [str(a.get("PrivateIpAddress") or "") for a in raw.get("PrivateIpAddresses") or ()]
    addresses += [str(a.get("Ipv6Address") or "") for a in raw.get("Ipv6Addresses") or ()]
    return Interface(
        id=str(raw.get("NetworkInterfaceId") or ""),
        subnet=str(raw.get("SubnetId") or ""),
        vpc=str(raw.get("VpcId") or ""),
        zone=str(raw.get("AvailabilityZone") or ""),
        kind=str(raw.get("InterfaceType") or ""),
        instance=str((raw.get("Attachment") or {}).get("InstanceId") or ""),
        description=str(raw.get("Description") or ""),
        groups=tuple(str(g.get("GroupId") or "") for g in raw.get("Groups") or ()),
        addresses=tuple(a for a in addresses if a)
        or ((str(raw["PrivateIpAddress"]),) if raw.get("PrivateIpAddress") else ()),
        prefixes=tuple(str(p.get("Ipv4Prefix") or "") for p in raw.get("Ipv4Prefixes") or ()),
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
    every = protocol == "-1" or raw.get("FromPort") in (None, -1)
    cidrs = [str(r.get("CidrIp") or "") for r in raw.get("IpRanges") or ()]
    cidrs += [str(r.get("CidrIpv6") or "") for r in raw.get("Ipv6Ranges") or ()]
    return Rule(
        protocol=protocol,
        first=0 if every else int(raw["FromPort"]),
        last=65535 if every else int(raw.get("ToPort") or raw["FromPort"]),
        cidrs=tuple(c for c in cidrs if c),
        groups=tuple(str(p.get("GroupId") or "") for p in raw.get("UserIdGroupPairs") or ()),
        prefix_lists=tuple(str(p.get("PrefixListId") or "") for p in raw.get("PrefixListIds") or ()),
    )


def _acl(raw: Mapping[str, Any]) -> NetworkAcl:
    entries = [
        AclEntry(
            number=int(e.get("RuleNumber") or 0),
            protocol=str(e.get("Protocol") or "-1"),
            allow=e.get("RuleAction") == "allow",
            egress=bool(e.get("Egress")),
            cidr=str(e.get("CidrBlock") or e.get("Ipv6CidrBlock") or ""),
            first=int((e.get("PortRange") or {}).get("From") or 0),
            last=int((e.get("PortRange") or {}).get("To") or 65535),
        )
        for e in raw.get("Entries") or ()
    ]
    return NetworkAcl(
        id=str(raw.get("NetworkAclId") or ""),
        default=bool(raw.get("IsDefault")),
        subnets=tuple(str(a.get("SubnetId") or "") for a in raw.get("Associations") or ()),
        entries=tuple(sorted(entries, key=lambda e: e.number)),
    )


def _rule(raw: Mapping[str, Any]) -> ResolverRule:
    return ResolverRule(
        id=str(raw.get("Id") or ""),
        name=str(raw.get("Name") or ""),
        kind=str(raw.get("RuleType") or ""),
        domain=str(raw.get("DomainName") or "").rstrip("."),
        targets=tuple(f"{t.get('Ip') or t.get('Ipv6')}:{t.get('Port') or 53}" for t in raw.get("TargetIps") or ()),
        endpoint=str(raw.get("ResolverEndpointId") or ""),
        status=str(raw.get("Status") or ""),
    )


def _record(raw: Mapping[str, Any]) -> Record:
    alias = str((raw.get("AliasTarget") or {}).get("DNSName") or "")
    values = [str(v.get("Value") or "") for v in raw.get("ResourceRecords") or ()]
    return Record(
        name=str(raw.get("Name") or "").rstrip(".").replace("\\052", "*"),
        kind=str(raw.get("Type") or ""),
        values=tuple(v for v in [*values, alias] if v),
    )
