"""What the checks read of AWS: the EKS cluster, network interfaces and their rules, the VPC's DNS, Resolver, Route 53.

Each answer becomes a small frozen value with only the fields in use. Every method raises CannotRead with the IAM action
that is missing, and asks once a run. `deploy/iam/read-policy.json` holds exactly the actions that this package uses.
"""

from __future__ import annotations

from .cloudwatch import CloudWatch
from .ec2 import Ec2
from .eks import Eks
from .resolver import Resolver
from .route53 import Route53
from .values import (
    AclEntry,
    Addon,
    EksCluster,
    FargateProfile,
    FirewallRule,
    Interface,
    NetworkAcl,
    Record,
    ResolverEndpoint,
    ResolverRule,
    Rule,
    SecurityGroup,
    Subnet,
    VpcDns,
    Zone,
)

__all__ = [
    "AclEntry",
    "Addon",
    "Aws",
    "EksCluster",
    "FargateProfile",
    "FirewallRule",
    "Interface",
    "NetworkAcl",
    "Record",
    "ResolverEndpoint",
    "ResolverRule",
    "Rule",
    "SecurityGroup",
    "Subnet",
    "VpcDns",
    "Zone",
]


class Aws(Eks, Ec2, Resolver, Route53, CloudWatch):
    """The AWS side of one cluster, read as one identity."""
