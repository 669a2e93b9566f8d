"""What AWS answers, as small frozen values: only the fields in use, each with a default where AWS may leave it out."""

from __future__ import annotations

from dataclasses import dataclass

LINE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class EksCluster:
    """DescribeCluster. auto: EKS Auto Mode computes nodes. remote: hybrid node networks. issues: its health's."""

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
    """A network interface. addresses: all of its private ones. prefixes: delegated ranges. kind: `interface`, `branch`, ….

    primary: whether it is the first interface of its instance.
    """

    id: str
    subnet: str = ""
    vpc: str = ""
    zone: str = ""
    kind: str = ""
    instance: str = ""
    primary: bool = False
    description: str = ""
    groups: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission of a security group. protocol: `-1`, `tcp`, `udp`, a number. ports: inclusive, 0 to 65535 for all.

    cidrs: of both families. groups: ids of the security groups that are the other side.
    """

    protocol: str
    first: int
    last: int
    cidrs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    prefix_lists: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """`udp 53 sg-1, 10.0.0.0/8`."""
        others = ", ".join((*self.cidrs, *self.groups, *self.prefix_lists)) or "nobody"
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"all traffic {others}" if self.protocol == "-1" else f"{self.protocol} {ports} {others}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """A security group and what it lets in and out."""

    id: str
    name: str = ""
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()

    @property
    def lines(self) -> tuple[str, str]:
        """Both directions in a line each, for evidence."""
        let_in = "; ".join(rule.words for rule in self.ingress) or "nothing"
        let_out = "; ".join(rule.words for rule in self.egress) or "nothing"
        return f"{self.id} ({self.name}) lets in: {let_in}"[:LINE], f"{self.id} ({self.name}) lets out: {let_out}"[
            :LINE
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One entry of a network ACL. protocol: `-1`, `6`, `17`, …. ports: inclusive."""

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
    """The VPC's DNS: its two attributes (None where AWS names none), its ranges, and what its DHCP options say.

    dhcp_id: `default` where the VPC has no set of options of its own. domain_name, domain_name_servers: as they stand in it.
    """

    vpc: str
    support: bool | None = None
    hostnames: bool | None = None
    cidrs: tuple[str, ...] = ()
    dhcp_id: str = ""
    domain_name: str = ""
    domain_name_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverRule:
    """A Route 53 Resolver rule that is associated with the VPC. domain: without the last dot, "" for the root."""

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
    """A DNS Firewall rule of the VPC and the domains of its list, in the order in which rules are tried.

    answer: BLOCK's response: NODATA, NXDOMAIN or OVERRIDE. readable: whether AWS shows the domains (it does not for its own
    lists). kind: the query type that the rule is limited to, or "".
    """

    group: str
    name: str
    action: str
    answer: str = ""
    override: str = ""
    priority: int = 0
    kind: str = ""
    listed: str = ""
    readable: bool = True
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A private hosted zone. here: whether it is associated with the cluster's VPC. service: the AWS service that owns it.

    vpc: one that it is associated with. account: the one that owns it, or "".
    """

    id: str
    name: str
    here: bool
    private: bool = True
    vpc: str = ""
    account: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record set of a zone. kind: `A`, `CNAME`, … values: targets, an alias' among them."""

    name: str
    kind: str
    values: tuple[str, ...] = ()
