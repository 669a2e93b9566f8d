"""What a world says of its AWS account: plain data in AWS' own words, with ids of the world's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsData:
    """The network of a cluster. Each thing has an `id` of the world's, which requests and answers then carry.

    vpc: id, cidr, dns_support, dns_hostnames. dhcp: id and options by key. subnets: id, cidr, zone. groups: id, name,
    ingress and egress (IpPermissions; a GroupId may be one of these ids). instances: id, interface, subnet, address,
    groups, pods (secondary addresses). acl: entries of the VPC's default network ACL in place of its rule 100. acls:
    others: id, name, subnets, entries (in EC2's words for making them: Egress, RuleNumber, …). zones: id, name, here
    (associated with the VPC), records (name, type, values). rules: Resolver rules: id, name, domain, targets.
    firewall: rules of DNS Firewall: name, action, domains, …. metrics: sums by `NAMESPACE/METRIC`.
    """

    vpc: Raw
    dhcp: Raw = field(default_factory=dict)
    subnets: Sequence[Raw] = ()
    groups: Sequence[Raw] = ()
    instances: Sequence[Raw] = ()
    acl: Sequence[Raw] = ()
    acls: Sequence[Raw] = ()
    zones: Sequence[Raw] = ()
    rules: Sequence[Raw] = ()
    firewall: Sequence[Raw] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a world says of EKS and IAM. cluster, addons, fargate: as EKS describes them, without endpoint and CA.

    roles: ARN -> the ExternalId that its trust policy asks for ("" for none). entries: the cluster's access entries: ARN of
    a role or user -> Kubernetes groups. worker: the ARN that the process' own credentials belong to.
    """

    name: str
    region: str = "us-east-1"
    cluster: Raw = field(default_factory=dict)
    addons: Mapping[str, Raw] = field(default_factory=dict)
    fargate: Mapping[str, Raw] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    worker: str = f"arn:aws:iam::{ACCOUNT}:role/dnsmedic-hub"
    network: AwsData | None = None
